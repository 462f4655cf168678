"""The operations log as a file that neither a program nor a spreadsheet misunderstands."""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO
from pathlib import Path

import pytest

from activities.rows import AuditEntry
from cli.commands.audit_files import COLUMNS, LogFormat, LogWriter, opened
from cli.commands.audit_screen import as_row
from cli.commands.errors import CommandError
from storage.audit import START, chained
from tests.storage.builders import entry, said


def written(log_format: LogFormat, *entries: AuditEntry, bom: bool = False) -> bytes:
    file = BytesIO()
    writer = LogWriter(file, log_format, bom=bom)
    for link in chained(entries, START):  # page by page
        writer.write([link])
    return file.getvalue()


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_cell_that_a_spreadsheet_would_calculate_is_text(start: str) -> None:
    [row] = rows(written(LogFormat.CSV, said("agent-1", "agent", f"{start}1+1")))
    assert row["why"].startswith("'")


def test_a_cell_that_is_only_text_stays_as_it_is() -> None:
    text = '缝线 "open", a=b; 3-2\nsecond line'
    [row] = rows(written(LogFormat.CSV, said("agent-1", "agent", text)))
    assert row["why"] == text
    assert row["seq"] == "1"


def test_the_heading_stands_once_and_names_every_column() -> None:
    content = written(LogFormat.CSV, entry("received"), entry("assessed"))
    assert content.count(b"prev_hash") == 1
    [first, _] = rows(content)
    assert tuple(first) == COLUMNS == tuple(as_row(chained([entry("received")], START)[0]))


def test_only_csv_for_excel_begins_with_a_byte_order_mark() -> None:
    mark = b"\xef\xbb\xbf"
    assert written(LogFormat.CSV, bom=True).startswith(mark)
    assert not written(LogFormat.CSV).startswith(mark)
    assert not written(LogFormat.JSONL, entry("received")).startswith(mark)


def test_json_lines_are_an_object_a_line_whatever_people_write() -> None:
    content = written(LogFormat.JSONL, said("agent-1", "agent", "two\nlines"), entry("paid"))
    first, second = (json.loads(line) for line in content.decode().splitlines())
    assert (first["why"], second["action"]) == ("two\nlines", "paid")


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    there = tmp_path / "log.csv"
    there.write_text("kept")
    with pytest.raises(CommandError, match="is there already"), opened(there):
        pass
    assert there.read_text() == "kept"
    with (
        pytest.raises(CommandError, match="cannot be written: No such file or directory"),
        opened(tmp_path / "a" / "b"),
    ):
        pass
