"""Results of database steps, claimed request keys, messages heard: what makes a repetition harmless."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import bindparam, func, insert, select

from activities.rows import HeardMessage, StoredStep
from aftersales.contract.messages import CaseStart
from storage.rows.base import Rows, insert_if_new
from storage.tables import CLAIMED_REQUESTS, HEARD_MESSAGES, STEPS

_STORED = select(STEPS.c.input_digest, STEPS.c.result).where(
    STEPS.c.number == bindparam("number"), STEPS.c.step == bindparam("step"), STEPS.c.round == bindparam("round")
)
_STORE = insert(STEPS)
_ROUNDS = (
    select(STEPS.c.step, func.max(STEPS.c.round).label("last"))
    .where(STEPS.c.number == bindparam("number"))
    .group_by(STEPS.c.step)
)


class StepRows(Rows):
    """See `activities.ports.Unit`."""

    async def stored_step(self, number: str, step: str, round_: int) -> StoredStep | None:
        key = {"number": number, "step": step, "round": round_}
        row = (await self._connection.execute(_STORED, key)).one_or_none()
        return None if row is None else StoredStep(input_digest=row.input_digest, result=row.result)

    async def store_step(self, number: str, step: str, round_: int, stored: StoredStep) -> None:
        values = {"number": number, "step": step, "round": round_}
        values |= {"input_digest": stored.input_digest, "result": stored.result}
        await self._connection.execute(_STORE, values)

    async def rounds(self, number: str) -> Mapping[str, int]:
        return {row.step: row.last for row in await self._connection.execute(_ROUNDS, {"number": number})}

    async def claim_request(self, start: CaseStart) -> bool:
        """A key that is this number's for another body counts as held by another case: it asks for something else."""
        claim = {"number": start.number, "body_digest": start.application.body_digest()}
        key = {"caller": start.caller, "request_key": start.request_key}
        if await insert_if_new(self._connection, CLAIMED_REQUESTS, key | claim):
            return True
        query = select(CLAIMED_REQUESTS.c.number, CLAIMED_REQUESTS.c.body_digest).where(
            CLAIMED_REQUESTS.c.caller == start.caller, CLAIMED_REQUESTS.c.request_key == start.request_key
        )
        held = (await self._connection.execute(query)).one()
        return dict(held._mapping) == claim

    async def hear(self, message: HeardMessage) -> bool:
        return await insert_if_new(self._connection, HEARD_MESSAGES, dict(message))
