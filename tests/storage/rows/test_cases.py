"""Case rows, held units and legs are stored whole and changed only where they exist."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from aftersales.contract.messages import Item
from aftersales.contract.values import (
    AmountKind,
    AmountLine,
    BreakDown,
    CaseStatus,
    EvidenceRef,
    LegState,
    WaitsFor,
)
from aftersales.contract.views import VerdictView
from domain.orders import OrderRecord
from storage.errors import RowMissingError
from storage.store import SqlStore
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, case_row, leg_row, yuan

GOODS = AmountLine(kind=AmountKind.GOODS, line_id="mugs", quantity=1, amount_minor=1000)


async def test_a_case_comes_back_as_it_was_written(store: SqlStore) -> None:
    full = case_row(
        break_down=BreakDown(lines=(GOODS,), total=yuan(1000)),
        verdict=VerdictView(action="approve", policy_hash="p" * 64, row="small"),
        evidence=(EvidenceRef(sha256="a" * 64, media_type="image/png", size_bytes=9),),
        due_at=NOON + timedelta(hours=24),
        explanation="裂了 💔",
        survey_score=5,
    )
    async with store.begin() as unit:
        assert await unit.case(NUMBER) is None
        await unit.insert_case(full)
    async with store.begin() as unit:
        assert await unit.case(NUMBER) == full


async def test_a_case_without_an_amount_comes_back_without_one(store: SqlStore) -> None:
    async with store.begin() as unit:
        await unit.insert_case(case_row(amount=None))
        assert await unit.case(NUMBER) == case_row(amount=None)


async def test_a_changed_case_is_the_one_that_is_read(store: SqlStore) -> None:
    changed = case_row(status=CaseStatus.REFUNDED, waits_for=WaitsFor.NOBODY, amount=yuan(7))
    async with store.begin() as unit:
        await unit.insert_case(case_row())
        await unit.insert_case(case_row(OTHER_NUMBER))
        await unit.update_case(changed)
    async with store.begin() as unit:
        assert await unit.case(NUMBER) == changed
        assert await unit.case(OTHER_NUMBER) == case_row(OTHER_NUMBER)


async def test_what_was_never_stored_cannot_be_changed(store: SqlStore) -> None:
    async with store.begin() as unit:
        with pytest.raises(RowMissingError, match=NUMBER):
            await unit.update_case(case_row())
        with pytest.raises(RowMissingError, match="attempt 1"):
            await unit.update_leg(leg_row())


async def test_holding_replaces_what_the_case_held_before(store: SqlStore, stored_order: OrderRecord) -> None:
    async with store.begin() as unit:
        await unit.hold_units(NUMBER, stored_order.order_id, (Item(line_id="mugs", quantity=5),), shipping=True)
        await unit.hold_units(NUMBER, stored_order.order_id, (Item(line_id="mugs", quantity=2),), shipping=False)
        order = await unit.order(stored_order.order_id)
    assert order is not None
    assert (order.lines[0].taken_units, order.shipping_taken) == (2, False)


async def test_released_units_are_free_again(store: SqlStore, stored_order: OrderRecord) -> None:
    async with store.begin() as unit:
        await unit.hold_units(NUMBER, stored_order.order_id, (Item(line_id="mugs", quantity=5),), shipping=True)
        await unit.release_units(NUMBER)
        order = await unit.order(stored_order.order_id)
    assert order is not None
    assert (order.lines[0].taken_units, order.shipping_taken) == (0, False)


async def test_legs_come_back_in_sequence_with_what_is_needed_to_send_them(store: SqlStore) -> None:
    first, second = leg_row(leg=1), leg_row(leg=2)
    async with store.begin() as unit:
        await unit.insert_leg(second)
        await unit.insert_leg(first)
        assert await unit.legs(NUMBER) == (first, second)
        assert await unit.legs(OTHER_NUMBER) == ()


async def test_a_leg_keeps_what_the_provider_said(store: SqlStore) -> None:
    row = leg_row()
    said = {"state": LegState.PENDING, "provider_reference": "re_1", "trace": "ARN 1", "failure_code": "late"}
    changed = row.model_copy(
        update={"leg": row.leg.model_copy(update=said), "key_try": 2, "sent_at": NOON, "released": True}
    )
    async with store.begin() as unit:
        await unit.insert_leg(row)
        await unit.update_leg(changed)
    async with store.begin() as unit:
        assert await unit.legs(NUMBER) == (changed,)


async def test_a_provider_number_belongs_to_one_leg(store: SqlStore) -> None:
    row = leg_row()
    twin = row.model_copy(update={"leg": row.leg.model_copy(update={"attempt": 2})})
    async with store.begin() as unit:
        await unit.insert_leg(row)
    with pytest.raises(IntegrityError):
        async with store.begin() as unit:
            await unit.insert_leg(twin)


async def test_a_leg_of_nothing_is_refused(store: SqlStore) -> None:
    with pytest.raises(IntegrityError):
        async with store.begin() as unit:
            await unit.insert_leg(leg_row(minor=0))
