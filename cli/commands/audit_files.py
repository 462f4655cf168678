"""The operations log as a file: JSON lines for programs, CSV for a spreadsheet (P6.3)."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from cli.commands.audit_screen import as_json, as_row
from cli.commands.errors import CommandError

if TYPE_CHECKING:
    from storage.audit import ChainedEntry

COLUMNS: Final = (
    "number",
    "seq",
    "at",
    "actor",
    "role",
    "channel",
    "action",
    "before",
    "after",
    "reason",
    "why",
    "facts",
    "prev_hash",
    "hash",
)
BOM: Final = "\ufeff"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet calculates a cell that begins so, whoever wrote it; full-width signs too, in some languages."""


class LogFormat(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


class LogWriter:
    """Writes entries as they come. `bom`: a byte order mark first, by which Excel knows CSV for UTF-8."""

    def __init__(self, file: IO[bytes], log_format: LogFormat, *, bom: bool) -> None:
        self._file = file
        self._lines: Callable[[Iterable[ChainedEntry]], str] = _json_lines
        if log_format is LogFormat.CSV:
            self._lines = _csv_lines
            self._put((BOM if bom else "") + _csv([list(COLUMNS)]))

    def write(self, links: Iterable[ChainedEntry]) -> None:
        self._put(self._lines(links))

    def _put(self, text: str) -> None:
        self._file.write(text.encode())


@contextmanager
def opened(out: Path | None) -> Iterator[IO[bytes]]:
    """The file, which must not be there yet, or standard output. Raises CommandError, and OSError once it is open."""
    if out is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        file = out.open("xb")
    except FileExistsError:
        raise CommandError(f"{out} is there already, and no log is written over; name another file.") from None
    except OSError as error:
        raise CommandError(f"{out} cannot be written: {error.strerror}. Name a file in a folder of yours.") from error
    with file:
        yield file


def _json_lines(links: Iterable[ChainedEntry]) -> str:
    return "".join(f"{json.dumps(as_json(link), ensure_ascii=False)}\n" for link in links)


def _csv_lines(links: Iterable[ChainedEntry]) -> str:
    rows = [as_row(link) for link in links]
    return _csv([[_harmless(row[name]) for name in COLUMNS] for row in rows])


def _csv(rows: Iterable[list[Any]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _harmless(cell: object) -> object:
    """The cell as text that no spreadsheet calculates, by an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
