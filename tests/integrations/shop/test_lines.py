"""Lines of a file stand alone: what is wrong with one of them is said of that one."""

from __future__ import annotations

from io import BytesIO

from integrations.shop.lines import KEPT_OF_TOO_LONG, LONGEST_LINE_BYTES, read_lines
from integrations.shop.outcomes import LeftOut, RowProblem, SourceRow


def read(content: bytes) -> list[SourceRow | RowProblem]:
    return list(read_lines(BytesIO(content)))


def test_lines_are_counted_as_an_editor_counts_them_and_blank_ones_left_out() -> None:
    assert read(b"one\r\n\n  \nfour") == [SourceRow(1, "one"), SourceRow(4, "four")]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert read(b"\xef\xbb\xbfone\n") == [SourceRow(1, "one")]


def test_other_characters_that_end_lines_in_other_places_end_none_here() -> None:
    assert read("a\u2028b\x85c\n".encode()) == [SourceRow(1, "a\u2028b\x85c")]


def test_a_line_that_is_not_utf8_is_shown_with_its_bytes() -> None:
    (problem,) = read(b"caf\xe9\n")
    assert isinstance(problem, RowProblem)
    assert (problem.row, problem.reason, problem.text) == (1, LeftOut.NOT_UTF8, "caf\\xe9")
    assert "Byte 4" in problem.sentence


def test_a_line_of_any_length_costs_no_more_than_the_longest_that_is_read() -> None:
    long, good = b"x" * (3 * LONGEST_LINE_BYTES), b"good"
    problem, row = read(long + b"\n" + good)
    assert isinstance(problem, RowProblem)
    assert (problem.reason, len(problem.text)) == (LeftOut.TOO_LONG, KEPT_OF_TOO_LONG)
    assert row == SourceRow(2, "good")


def test_the_longest_line_is_read_whole() -> None:
    assert read(b"x" * (LONGEST_LINE_BYTES - 1) + b"\n") == [SourceRow(1, "x" * (LONGEST_LINE_BYTES - 1))]
