"""The steps with the policy and the letters the product ships: they understand each other (P2.1, P4.1)."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.case_steps import CaseSteps
from aftersales.contract.messages import Application
from aftersales.contract.values import CaseKind, CaseStatus, Reason, Role
from policy.backtest import BackTest
from policy.shelf import packaged_shelf
from storage.assessments import AssessmentListing
from storage.orders import save_orders
from storage.store import SqlStore
from tests.activities.desk import Desk
from tests.activities.shop import KEYRING, NOW, SHIPPING_MINOR, application, order_record
from tests.support.assessed import packaged

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


@pytest.mark.parametrize("by", [Role.CUSTOMER, Role.AGENT])
async def test_tried_on_what_it_decided_by_itself_a_version_changes_nothing(shipped: Desk, by: Role) -> None:
    """Whatever held an approval back, or made a no advice: the back-test sees what was really done."""
    asked = [application(reason=reason, **BACK) for reason in (Reason.CHANGED_MIND, Reason.WRONG_SIZE)]
    asked += [application(reason=Reason.CHANGED_MIND, kind=kind) for kind in (CaseKind.EXCHANGE, CaseKind.REFUND_ONLY)]
    for n, each in enumerate(asked):
        await save_orders(shipped.engine, [order_record(f"order-{n}")])
        await shipped.apply(each.model_copy(update={"order_id": f"order-{n}"}), f"case-{n}", actor=f"{by}-1", role=by)
        shipped.later(days=4)
    test = BackTest(packaged())
    async for cases in AssessmentListing(shipped.engine).past_cases(NOW, shipped.now):
        test.add(cases)
    assert (test.cases, test.otherwise, test.undecided) == (len(asked), [], [])
    assert len(test.before) > 1
