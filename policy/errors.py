"""What is wrong with a policy, said so that whoever edited the table finds the cell."""

from __future__ import annotations


class PolicyError(Exception):
    """A policy version is refused, or cannot decide. `str(error)` is one readable sentence.

    `table`, `row` and `column` name the place as far as there is one, else they are empty; `why` is the rest of it.
    """

    def __init__(self, why: str, *, table: str = "", row: str = "", column: str = "") -> None:
        places = [f"{kind} {name!r}" for kind, name in (("table", table), ("row", row), ("column", column)) if name]
        where = ", ".join(places)
        super().__init__(f"In {where}: {why}" if where else why)
        self.why = why
        self.table = table
        self.row = row
        self.column = column
