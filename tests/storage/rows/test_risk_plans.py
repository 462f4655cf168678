"""What is asked at every assessment is answered from indexes, however many cases there are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

from storage.rows.risk import BLOCKING_OF_ORDER, LISTED_OF_ORDER, history_statement
from tests.storage.builders import NOON

TABLES = ("cases", "orders", "tenders", "chargebacks", "list_entries", "case_marks")
ASKED = {"order_id": "order-1", "customer_id": "customer-1", "besides": "", "since": NOON, "at": NOON}


def plan_of(statement: Select[Any], database: Path) -> list[str]:
    """How SQLite goes about it, a line for each table."""
    asked = statement.params(ASKED).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with closing(sqlite3.connect(database)) as connection:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked}")]


@pytest.mark.parametrize("statement", [history_statement("sqlite"), LISTED_OF_ORDER, BLOCKING_OF_ORDER])
def test_no_table_is_read_from_end_to_end(statement: Select[Any], migrated_file: Path) -> None:
    plan = plan_of(statement, migrated_file)
    assert [line for line in plan if line.startswith(tuple(f"SCAN {name}" for name in TABLES))] == []
    assert any(line.startswith("SEARCH") for line in plan)
