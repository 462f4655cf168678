"""The lines of an order file, each on its own: a bad one is named and costs no other."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Final

from integrations.shop.outcomes import LeftOut, RowProblem, SourceRow

LONGEST_LINE_BYTES: Final = 1_000_000
"""An order of 1,000 lines takes a fifth of it; what is longer is not one row but a file without line ends."""

KEPT_OF_TOO_LONG: Final = 1_000
"""So many bytes of a line that is too long are shown."""


def read_lines(file: BinaryIO) -> Iterator[SourceRow | RowProblem]:
    """The lines that are not blank, decoded from UTF-8; a byte order mark before the first is dropped."""
    number = 0
    while raw := file.readline(LONGEST_LINE_BYTES + 1):
        number += 1
        if len(raw) > LONGEST_LINE_BYTES:
            _skip_rest(file, raw)
            shown = SourceRow(number, raw[:KEPT_OF_TOO_LONG].decode(errors="backslashreplace"))
            yield shown.left_out(LeftOut.TOO_LONG, f"The line is longer than {LONGEST_LINE_BYTES} bytes.")
        elif line := _without_frame(raw, number):
            yield _decoded(number, line)


def _without_frame(raw: bytes, number: int) -> bytes:
    line = raw.strip(b"\r\n \t")
    return line.removeprefix(codecs.BOM_UTF8) if number == 1 else line


def _decoded(number: int, line: bytes) -> SourceRow | RowProblem:
    try:
        return SourceRow(number, line.decode())
    except UnicodeDecodeError as error:
        shown = SourceRow(number, line.decode(errors="backslashreplace"))
        sentence = f"Byte {error.start + 1} of the line is not UTF-8; save the file as UTF-8."
        return shown.left_out(LeftOut.NOT_UTF8, sentence)


def _skip_rest(file: BinaryIO, raw: bytes) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = file.readline(LONGEST_LINE_BYTES)
