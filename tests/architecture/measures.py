"""The sizes of our own source: physical lines, docstrings included, migrations left out."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_OURS = {"build", "dist", "migrations"}

IGNORE = re.compile(r"#\s*type:\s*ignore")
BARE_IGNORE = re.compile(r"#\s*type:\s*ignore(?!\[)")
# Cut in two, so that this file is not its own first offender.
UNWANTED = tuple(
    word.replace("|", "")
    for word in ("TO|DO", "FIX|ME", "NotImplemented|Error", "Unsandboxed|WorkflowRunner", "sandboxed|=False")
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Size:
    """How many lines something has, and where it is."""

    lines: int
    place: str


@dataclass(frozen=True)
class WorkflowSize:
    """A workflow class and its longest run method, in lines."""

    whole: int
    run: int
    place: str


@dataclass(frozen=True)
class Source:
    """One Python file: `name` is its path from the root, with slashes."""

    name: str
    text: str

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    @property
    def in_tests(self) -> bool:
        return self.name.startswith("tests/") or "/tests/" in self.name

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def unwanted(self) -> list[str]:
        """The words that must not stand in a finished file."""
        return [f"{word} in {self.name}" for word in UNWANTED if word in self.text]


def read_sources(root: Path = ROOT) -> list[Source]:
    """All Python files below `root`, committed or not.

    Found by walking, not by asking git, so that an exported tree on a machine without git is measured too. What
    git ignores is either hidden or named in `NOT_OURS`.
    """
    return [Source(name, (root / name).read_text()) for name in sorted(_names(root, root))]


def _names(folder: Path, root: Path) -> Iterator[str]:
    for path in folder.iterdir():
        if path.name.startswith((".", "__pycache__")) or path.name in NOT_OURS:
            continue
        if path.is_dir():
            yield from _names(path, root)
        elif path.suffix == ".py":
            yield path.relative_to(root).as_posix()


def quantile(values: Sequence[int], share: float) -> int:
    """The value below or at which `share` (0 to 1) of the values lie; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))] if ordered else 0


def function_sizes(sources: Sequence[Source]) -> list[Size]:
    return [
        Size(_span(node), f"{source.name}:{node.lineno} {node.name}")
        for source in sources
        for node in source.functions()
    ]


def unannotated(sources: Sequence[Source]) -> list[str]:
    """Functions with a parameter or a result that has no type."""
    return [
        f"{source.name}:{node.lineno} {node.name}"
        for source in sources
        for node in source.functions()
        if not _annotated(node)
    ]


def workflow_sizes(sources: Sequence[Source]) -> list[WorkflowSize]:
    return [
        WorkflowSize(_span(node), _longest_run(node), f"{source.name}:{node.lineno} {node.name}")
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and _is_workflow(node)
    ]


def _span(node: Function | ast.ClassDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _annotated(node: Function) -> bool:
    given = node.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    typed = (p.annotation is not None for p in parameters if p is not None and p.arg not in {"self", "cls"})
    return node.returns is not None and all(typed)


def _is_workflow(node: ast.ClassDef) -> bool:
    return any("workflow.defn" in ast.unparse(decorator) for decorator in node.decorator_list)


def _longest_run(node: ast.ClassDef) -> int:
    runs = (_span(f) for f in node.body if isinstance(f, ast.AsyncFunctionDef) and "run" in f.name)
    return max(runs, default=0)
