"""A repetition changes nothing: steps, request keys, messages."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from activities.rows import HeardMessage, StoredStep
from activities.types import Standing, StepResult
from aftersales.contract.values import CaseStatus, ErrorCode, MessageKind
from storage.store import SqlStore
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, start, yuan

STEP = StoredStep(input_digest="d" * 64, result=StepResult(standing=Standing(status=CaseStatus.PAYING, amount=yuan(1))))


def heard(nonce: str, number: str = NUMBER) -> HeardMessage:
    return HeardMessage(
        number=number,
        nonce=nonce,
        kind=MessageKind.DECISION,
        actor="agent-7",
        role="agent",
        body="{}",
        received_at=NOON,
        accepted=False,
        code=ErrorCode.NOT_NOW,
    )


async def test_a_stored_step_is_given_back_as_it_was(store: SqlStore) -> None:
    async with store.begin() as unit:
        assert await unit.stored_step(NUMBER, "intake", 0) is None
        await unit.store_step(NUMBER, "intake", 0, STEP)
    async with store.begin() as unit:
        assert await unit.stored_step(NUMBER, "intake", 0) == STEP
        assert await unit.stored_step(NUMBER, "intake", 1) is None
        assert await unit.stored_step(OTHER_NUMBER, "intake", 0) is None


async def test_a_step_is_stored_once(store: SqlStore) -> None:
    async with store.begin() as unit:
        await unit.store_step(NUMBER, "intake", 0, STEP)
    with pytest.raises(IntegrityError):
        async with store.begin() as unit:
            await unit.store_step(NUMBER, "intake", 0, STEP)


async def test_a_request_key_may_be_claimed_again_by_the_same_application(store: SqlStore) -> None:
    async with store.begin() as unit:
        assert await unit.claim_request(start())
        assert await unit.claim_request(start())


async def test_a_request_key_is_never_given_to_a_second_case(store: SqlStore) -> None:
    async with store.begin() as unit:
        assert await unit.claim_request(start())
    async with store.begin() as unit:
        assert not await unit.claim_request(start(OTHER_NUMBER))
        assert await unit.claim_request(start(OTHER_NUMBER, request_key="second"))


async def test_a_request_key_with_another_body_is_refused(store: SqlStore) -> None:
    async with store.begin() as unit:
        assert await unit.claim_request(start())
        assert not await unit.claim_request(start(order_id="order-2"))


async def test_a_message_is_heard_once_by_each_case(store: SqlStore) -> None:
    async with store.begin() as unit:
        assert await unit.hear(heard("n" * 16))
        assert not await unit.hear(heard("n" * 16))
        assert await unit.hear(heard("m" * 16))
        assert await unit.hear(heard("n" * 16, OTHER_NUMBER))
