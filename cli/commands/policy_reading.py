"""Looking at versions of the policy: which there are, what they say, how they differ (P5.1)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError
from cli.commands.screen import console, moment, plain, say, table, words

if TYPE_CHECKING:
    from rich.table import Table

    from activities.policy_versions import PolicyVersion
    from policy.differences import Difference
    from policy.document import Document
    from policy.loader import Files

# ruff: noqa: PLC0415 - database and engine are not needed for `--help`

HASH_SHOWN: Final = 12
DEFAULT: Final = "AFTERSALES_POLICY"


def is_folder(named: str) -> bool:
    return Path(named).is_dir()


def default_version() -> str:
    """What the workers decide by until a version is published."""
    return os.environ.get(DEFAULT, "v1")


async def list_versions(deployment: Deployment) -> None:
    """Those that are kept, and the default where none of them is in force."""
    from storage.policies import PolicyStore

    async with deployment.database() as engine:
        store = PolicyStore(engine)
        versions, in_force = await store.versions(), await store.in_force(datetime.now(UTC))
    if versions:
        console().print(_listing(versions, in_force))
    if in_force is None:
        say(f"No version was published for now, so the workers decide by their default ({default_version()} here).")


async def show_version(deployment: Deployment, named: str, sheet: str) -> None:
    """Raises CommandError (no such table), PolicyError, StorageError."""
    from policy.loader import hash_of
    from policy.sheets import NAMES

    if sheet and sheet not in NAMES:
        raise CommandError(f"There is no table {sheet}; there are {', '.join(NAMES)}.")
    files = await files_named(deployment, named)
    say(f"Version {hash_of(files)}")
    for name in [sheet] if sheet else NAMES:
        _show_file(name, files)


async def compare(deployment: Deployment, before: str, after: str) -> None:
    """Raises PolicyError, StorageError."""
    from policy.differences import differences

    found = differences(await files_named(deployment, before), await files_named(deployment, after))
    if found:
        console().print(_differences(found))
    else:
        say("They say the same.")


async def export_version(deployment: Deployment, named: str, folder: Path) -> None:
    """Never over what is there. Raises CommandError, PolicyError, StorageError."""
    _write(await files_named(deployment, named), folder)
    say(f"The version is in {folder}. Change it, then: aftersales policy check {quote(str(folder))}")


def _write(files: Files, folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandError(f"{folder} is there already and not empty; name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


async def files_named(deployment: Deployment, named: str) -> Files:
    """A folder, a packaged version, or one that is kept; "" is the one in force. Raises PolicyError, StorageError."""
    from policy.loader import files_of, folder_of, packaged_names, read_folder
    from storage.policies import PolicyStore

    if named and (is_folder(named) or named in packaged_names()):
        return read_folder(folder_of(named))
    async with deployment.database() as engine:
        store = PolicyStore(engine)
        content_hash = (await store.find(named)).content_hash if named else await store.in_force(datetime.now(UTC))
        content = None if content_hash is None else await store.content(content_hash)
    return read_folder(folder_of(default_version())) if content is None else files_of(content)


def _listing(versions: Sequence[PolicyVersion], in_force: str | None) -> Table:
    """Few columns, so that a line of 80 characters cuts no word in pieces."""
    shown = table("Hash", "Name", "State", "By", "Note")
    for each in versions:
        state = "in force" if each.content_hash == in_force else each.state.value
        state += ", in the shadow" if each.shadow else ""
        state += f", from {moment(each.effective_from)}" if each.effective_from else ""
        acts = ("written", each.author), ("checked", each.checked_by), ("published", each.published_by)
        by = ", ".join(f"{act} by {who}" for act, who in acts if who)
        shown.add_row(*(plain(cell) for cell in (each.content_hash[:HASH_SHOWN], each.name, state, by, each.note)))
    return shown


def _show_file(name: str, files: Files) -> None:
    from policy.loader import document_of
    from policy.sheets import SHEETS

    if name in [sheet.name for sheet in SHEETS]:
        console().print(_rows(name, document_of(name, files)))
    else:
        say(f"{name}: {json.dumps(files[name], ensure_ascii=False, sort_keys=True)}")


def _rows(name: str, document: Document) -> Table:
    """A line a row: what it asks for, what it answers, and why."""
    from policy.document import ROW_DESCRIPTION, ROW_ID
    from policy.sheets import ROW

    inputs, outputs = document.table.inputs, document.table.outputs
    shown = table("Row", "If", "Then", "Why", title=name)
    for rule in document.table.rules:
        asked = "; ".join(f"{words(each.field)} {rule[each.id]}" for each in inputs if rule[each.id])
        answer = "; ".join(f"{words(each.field)} {rule[each.id]}" for each in outputs if each.field != ROW)
        cells = (rule[ROW_ID], asked or "anything else", answer, rule.get(ROW_DESCRIPTION, ""))
        shown.add_row(*(plain(cell) for cell in cells))
    return shown


def _differences(found: Sequence[Difference]) -> Table:
    shown = table("Table", "Row", "", "Column", "Before", "After")
    for each in found:
        cells = (each.sheet, each.row, each.how.value, each.column, each.before, each.after)
        shown.add_row(*(plain(cell) for cell in cells))
    return shown
