"""Rules that every table keeps, the next one too."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Enum, Float, Numeric

from storage.tables import metadata
from storage.types import UtcDateTime

COLUMNS: list[Column[object]] = [column for table in metadata.tables.values() for column in table.c]


def test_tables_are_named_after_their_classes() -> None:
    assert {"accounts", "order_lines", "case_units", "webhook_inbox", "spent_tokens"} <= set(metadata.tables)


def test_every_amount_is_a_whole_number_wide_enough_for_any_currency() -> None:
    amounts = [column for column in COLUMNS if column.name.endswith("_minor")]
    assert amounts
    assert all(isinstance(column.type, BigInteger) for column in amounts)
    measures = {"evidence_contents.sharpness", "evidence_contents.brightness"}
    fractions = {str(column) for column in COLUMNS if isinstance(column.type, Float | Numeric)}
    assert fractions == measures, "what a picture looks like is measured; nothing else is a fraction"


def test_every_time_is_kept_in_utc() -> None:
    assert not any(isinstance(column.type, DateTime) for column in COLUMNS)
    times = [column for column in COLUMNS if column.name == "at" or column.name.endswith("_at")]
    assert all(isinstance(column.type, UtcDateTime) for column in times)


def test_closed_lists_are_plain_words_so_that_they_may_grow_without_a_migration() -> None:
    assert not any(isinstance(column.type, Enum) for column in COLUMNS)


def test_every_table_has_a_key_and_every_constraint_a_name() -> None:
    for table in metadata.tables.values():
        assert len(table.primary_key) > 0, table.name
        assert all(constraint.name for constraint in table.constraints), table.name
        assert all(index.name for index in table.indexes), table.name
