"""The steps with the policy and the letters the product ships: they understand each other (P2.1, P4.1)."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.case_steps import CaseSteps
from aftersales.contract.messages import Application
from aftersales.contract.values import CaseStatus, Reason
from policy.shelf import packaged_shelf
from storage.orders import save_orders
from storage.store import SqlStore
from tests.activities.desk import Desk
from tests.activities.shop import KEYRING, SHIPPING_MINOR, application, order_record

BACK = {"goods_back": True, "unused": True, "packaging_intact": True}


@pytest.fixture(name="shipped")
async def desk_with_the_shipped_policy(engine: AsyncEngine, store: SqlStore) -> Desk:
    await save_orders(engine, [order_record()])
    return Desk(CaseSteps(store, packaged_shelf(), KEYRING), store, engine)


@pytest.mark.parametrize(
    ("asked", "status", "row"),
    [
        (application(reason=Reason.CHANGED_MIND, **BACK), CaseStatus.PAYING, "changed_mind_back"),
        (application(reason=Reason.QUALITY_PROBLEM), CaseStatus.NEEDS_EVIDENCE, "fault_no_evidence"),
        (application(reason=Reason.WRONG_SIZE), CaseStatus.UNDER_REVIEW, "wrong_size"),
        (application(reason=Reason.NOT_RECEIVED), CaseStatus.UNDER_REVIEW, "not_received"),
    ],
)
async def test_an_application_goes_the_way_its_row_says(
    shipped: Desk, asked: Application, status: CaseStatus, row: str
) -> None:
    standing = (await shipped.apply(asked)).standing
    assert standing.status is status
    assert standing.verdict is not None
    assert (standing.verdict.row, len(standing.verdict.policy_hash)) == (row, 64)


async def test_the_merchants_fault_pays_shipping_back(shipped: Desk) -> None:
    standing = (await shipped.apply(application(**BACK))).standing
    assert standing.amount is not None
    assert standing.amount.minor == 3333 + SHIPPING_MINOR


async def test_a_change_of_mind_after_the_window_is_explained(shipped: Desk) -> None:
    shipped.later(days=30)
    standing = (await shipped.apply(application(reason=Reason.CHANGED_MIND, **BACK))).standing
    assert (standing.status, standing.reason_code) == (CaseStatus.REJECTED, "window_closed")
    assert "time for asking" in standing.explanation
