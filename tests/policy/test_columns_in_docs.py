"""docs/policy.md names the columns that the tables have, and the commands that the program has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from cli.commands.policy import app
from policy.loader import load_policy
from policy.sheets import ROW, SHEETS

PAGE: Final = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")


def test_each_table_is_described_with_its_columns() -> None:
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    described = {_words(row[0])[0]: (_words(row[1]), _words(row[2])) for row in rows}
    assert described == {
        sheet.name: (list(sheet.inputs), [name for name in sheet.outputs if name != ROW]) for sheet in SHEETS
    }


def test_each_command_of_the_page_is_one_of_the_program() -> None:
    typed = set(re.findall(r"aftersales policy ([a-z-]+)", PAGE))
    assert typed <= {each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands}


def test_every_row_of_the_packaged_version_says_why_it_is_there() -> None:
    tables = load_policy("v1").tables.each()
    assert [name for table in tables for name, row in table.rows.items() if not row.description] == []


def _words(cell: str) -> list[str]:
    return re.findall(r"`([a-z_]+)`", cell)
