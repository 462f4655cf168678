"""The repository's documents as a test reads them."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from portal.settings import PortalSettings
from sandbox.settings import SandboxSettings
from tests.deploy.compose import ROOT
from worker.settings import WorkerSettings

READMES = ("README.md", "README.zh-CN.md")
REQUIRED = "required"
_REQUIRED_WORDS = {"required", "必填"}
_PROCESSES: Mapping[str, type[BaseSettings]] = {
    "Worker": WorkerSettings,
    "Portal": PortalSettings,
    "Sandbox": SandboxSettings,
}
_ROW = re.compile(r"^\| `(?P<name>[^`]+)` \| (?P<default>[^|]*) \|", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


def documents() -> list[Path]:
    """Every document of the repository itself."""
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "client" / "README.md"]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code_blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text_of(name), re.DOTALL)


def commands_shown(name: str) -> list[str]:
    """Every line that is to be typed, without its comment."""
    lines = "".join(code_blocks(name, "sh")).splitlines()
    return [re.sub(r"\s+# .*", "", line) for line in lines]


def arrows(name: str) -> list[str]:
    """The arrows of the picture of the process, without what is written at them."""
    (picture,) = code_blocks(name, "mermaid")
    return [line.partition(":")[0].strip() for line in picture.splitlines() if "-->" in line]


def outline(name: str) -> list[str]:
    """What two translations have in common: the depth of each heading, each list and each row's code."""
    lines = re.sub(r"```.*?```", "```", text_of(name), flags=re.DOTALL).splitlines()
    return [_shape(line) for line in lines if line.startswith(("#", "- ", "| ", "![", "```"))]


def linked_files(document: Path) -> Iterator[Path]:
    """What a document links to or shows, inside the repository."""
    for target in _LINK.findall(document.read_text(encoding="utf-8")):
        yield document.parent / target


def documented_settings(name: str) -> dict[str, dict[str, str]]:
    """Process -> variable -> default, as the tables of a README say."""
    return {process: _table(text_of(name), process) for process in _PROCESSES}


def expected_settings() -> dict[str, dict[str, str]]:
    """The same, as the settings themselves say."""
    return {process: dict(_settings(kind)) for process, kind in _PROCESSES.items()}


def documented_for_the_command_line(name: str) -> dict[str, str]:
    """Variable -> default, as a README says of the commands themselves."""
    return _table(text_of(name), "Command line")


def read_by_the_command_line() -> set[str]:
    """Every variable of ours that a source file of the command line names."""
    sources = [*(ROOT / "cli" / "commands").glob("*.py"), ROOT / "cli" / "servers" / "discovery.py"]
    return {
        name for file in sources for name in re.findall(r'"(AFTERSALES_[A-Z_]+)"', file.read_text(encoding="utf-8"))
    }


def documented_commands(name: str) -> set[str]:
    """The commands that stand in a table's first column as `aftersales NAME …`."""
    return set(re.findall(r"^\| `aftersales ([\w-]+)", text_of(name), re.MULTILINE))


def _shape(line: str) -> str:
    if not line.startswith("| "):
        return line.split(" ", 1)[0].partition("[")[0]
    codes: list[str] = re.findall(r"`([A-Z_]{4,}|--[a-z-]+|aftersales [a-z-]+)[^`]*`", line)
    return " ".join(["|", *codes])


def _table(text: str, process: str) -> dict[str, str]:
    _, _, rest = text.partition(f"<!-- {process} -->")
    part, _, _ = rest.partition(f"<!-- /{process} -->")
    return {row["name"]: _default(row["default"].strip()) for row in _ROW.finditer(part)}


def _default(cell: str) -> str:
    if cell in _REQUIRED_WORDS:
        return REQUIRED
    return cell.strip("`").replace("–", "")


def _settings(kind: type[BaseSettings]) -> Iterator[tuple[str, str]]:
    for name, field in kind.model_fields.items():
        yield _variable(kind, name, field), REQUIRED if field.is_required() else _shown(field.default)


def _variable(kind: type[BaseSettings], name: str, field: FieldInfo) -> str:
    # A shared setting goes by the name that the processes share.
    if isinstance(field.validation_alias, AliasChoices):
        return str(field.validation_alias.choices[-1])
    return f"{kind.model_config['env_prefix']}{name}".upper()


def _shown(value: object) -> str:
    match value:
        case None | () | "":
            return ""
        case tuple():
            return "[" + ", ".join(f'"{part}"' for part in value) + "]"
        case SecretStr():
            return value.get_secret_value()
        case Enum():
            return str(value.value)
        case float():
            return f"{value:g}"
    return str(value)
