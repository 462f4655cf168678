"""A safeguard, how it is taken away, and which tests must fail without it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class TextGoneError(Exception):
    """The text that a safeguard consists of is not in its file, or more than once: the catalogue is out of date."""


@dataclass(frozen=True)
class Edit:
    """`old` stands in `file` exactly once; `new` is what takes the safeguard away."""

    file: str
    old: str
    new: str

    def applied(self, text: str) -> str:
        """The file's text without the safeguard. Raises TextGoneError."""
        found = text.count(self.old)
        if found != 1:
            raise TextGoneError(
                f"{self.file} has this text {found} times instead of once; write in bench/safeguards/catalogue how the "
                f"safeguard reads now:\n{self.old}"
            )
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Safeguard:
    """`taken_away`: what the product does without it. `tests`: pytest's names of functions or of single cases; of each
    one at least one case must fail. `on_postgres`: there, not on SQLite, which shows the same sooner."""

    name: str
    taken_away: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
    on_postgres: bool = False

    def without(self, root: Path) -> dict[Path, str]:
        """The files as they read without it, by their paths; nothing is written. Raises TextGoneError."""
        texts: dict[Path, str] = {}
        for edit in self.edits:
            path = root / edit.file
            texts[path] = edit.applied(texts.get(path) or path.read_text(encoding="utf-8"))
        return texts
