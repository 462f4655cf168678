"""What every automatic decision was made from (P5.1)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, insert, select
from sqlalchemy.engine import RowMapping

from activities.precautions import AssessmentRow
from storage.rows.base import Rows
from storage.rows.cases import money_of
from storage.tables.assessments import ASSESSMENTS

_COPIED: Final = ("amount_minor", "currency", "ruled", "row")
"""Columns that repeat what the models hold, for lists."""

_INSERT: Final = insert(ASSESSMENTS)
_OF_CASE: Final = (
    select(ASSESSMENTS).where(ASSESSMENTS.c.number == bindparam("number")).order_by(ASSESSMENTS.c.sequence)
)


def assessment_of(row: RowMapping) -> AssessmentRow:
    fields: dict[str, Any] = {name: value for name, value in row.items() if name not in _COPIED}
    return AssessmentRow(**fields, amount=money_of(row))


class AssessmentRows(Rows):
    """See `activities.precautions.Precautions`."""

    async def store_assessment(self, assessment: AssessmentRow) -> None:
        values: dict[str, Any] = dict(assessment)
        money = values.pop("amount")
        values |= {"amount_minor": money.minor, "currency": money.currency}
        values |= {"ruled": assessment.ruling.action, "row": assessment.ruling.row}
        await self._connection.execute(_INSERT, values)

    async def assessments(self, number: str) -> tuple[AssessmentRow, ...]:
        rows = await self._connection.execute(_OF_CASE, {"number": number})
        return tuple(assessment_of(row) for row in rows.mappings())
