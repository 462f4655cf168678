"""The repository's documents as a test reads them."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from pydantic import AliasChoices, BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.main import program
from integrations.providers import BLOCKS
from portal.codec.settings import CodecSettings
from portal.settings import PortalSettings
from sandbox.alipay.settings import AlipaySettings
from sandbox.bank.settings import BankSettings
from sandbox.settings import SandboxSettings
from sandbox.wechat.settings import WeChatSandboxSettings
from tests.deploy.compose import ROOT
from worker.settings import WorkerSettings

Settings: TypeAlias = type[BaseModel]

READMES = ("README.md", "README.zh-CN.md")
REQUIRED = "required"
SANDBOXES: Mapping[str, Settings] = {
    "alipay": AlipaySettings,
    "wechat": WeChatSandboxSettings,
    "bank": BankSettings,
}
"""What the sandbox is told of a provider; Stripe's part stands among its own settings."""

_REQUIRED_WORDS = {"required", "必填"}
_PROCESSES: Mapping[str, Settings] = {
    "Worker": WorkerSettings,
    "Portal": PortalSettings,
    "Codec server": CodecSettings,
    "Sandbox": SandboxSettings,
}
_PAGES: Mapping[str, Mapping[str, Settings]] = {
    f"docs/providers/{block.provider}.md": {
        "Settings": block,
        **({"Sandbox": SANDBOXES[block.provider]} if block.provider in SANDBOXES else {}),
    }
    for block in BLOCKS
}
TABLES: Mapping[str, Mapping[str, Settings]] = {**dict.fromkeys(READMES, _PROCESSES), **_PAGES}
"""Document -> the tables of settings in it, by the marks around them."""

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
    """Table -> variable -> default, as a document says."""
    return {mark: _table(text_of(name), mark) for mark in TABLES[name]}


def expected_settings(name: str) -> dict[str, dict[str, str]]:
    """The same, as the settings themselves say."""
    return {mark: dict(_settings(kind)) for mark, kind in TABLES[name].items()}


def variables_of(kind: Settings) -> set[str]:
    """What a process listens to."""
    return {variable for variable, _ in _settings(kind)}


def variables_without_default(kind: Settings) -> set[str]:
    """What has to be known from elsewhere."""
    return {variable for variable, default in _settings(kind) if default in ("", REQUIRED)}


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


def commands_typed(document: Path) -> list[str]:
    """What a document has somebody type of our program, in a block or between back-quotes."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL)
    shown = "".join(block for language, block in blocks if language in ("", "sh"))
    lines = [line.partition("  #")[0] for line in shown.splitlines()]
    quoted = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [found[1] for each in (*lines, *quoted) if (found := re.search(r"(?:^|[ /])(aftersales [a-z].*)", each))]


def unknown_parts(typed: str) -> list[str]:
    """The words and options of a command line that the program does not have."""
    words = typed.split()[1:]
    here: object = get_command(program(words[0]))
    while isinstance(here, TyperGroup) and words and not words[0].startswith("-"):
        here, words = here.commands.get(words[0]), words[1:]
    if not isinstance(here, TyperGroup | TyperCommand):
        return typed.split()[1:]
    known = {option for parameter in here.params for option in parameter.opts} | {"--help"}
    return [word for word in words if word.startswith("--") and word not in known]


def _shape(line: str) -> str:
    if not line.startswith("| "):
        return line.split(" ", 1)[0].partition("[")[0]
    codes: list[str] = re.findall(r"`([A-Z_]{4,}|--[a-z-]+|aftersales [a-z-]+)[^`]*`", line)
    return " ".join(["|", *codes])


def _table(text: str, mark: str) -> dict[str, str]:
    _, _, rest = text.partition(f"<!-- {mark} -->")
    part, _, _ = rest.partition(f"<!-- /{mark} -->")
    return {row["name"]: _default(row["default"].strip()) for row in _ROW.finditer(part)}


def _default(cell: str) -> str:
    if cell in _REQUIRED_WORDS:
        return REQUIRED
    return cell.strip("`").replace("–", "")


def _settings(kind: Settings) -> Iterator[tuple[str, str]]:
    for name, field in kind.model_fields.items():
        yield _variable(kind, name, field), REQUIRED if field.is_required() else _default_of(field)


def _default_of(field: FieldInfo) -> str:
    # What is made anew at each start is no default that anybody could write down.
    return "" if field.default_factory else _shown(field.default)


def _variable(kind: Settings, name: str, field: FieldInfo) -> str:
    # A shared setting goes by the name that the processes share.
    if isinstance(field.validation_alias, AliasChoices):
        return str(field.validation_alias.choices[-1])
    assert issubclass(kind, BaseSettings)
    return f"{kind.model_config['env_prefix']}{name}".upper()


def _shown(value: object) -> str:
    match value:
        case None | () | "" | frozenset():
            return ""
        case tuple():
            return "[" + ", ".join(f'"{part}"' for part in value) + "]"
        case SecretStr():
            return value.get_secret_value()
        case Enum():
            return str(value.value)
        case float():
            return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)
