"""A case is decided by the version of the policy that it was applied under, or by a person (P2.1)."""

from __future__ import annotations

import pytest

from activities.case_steps import CaseSteps
from activities.policy_versions import Acting
from activities.ports import Store
from activities.rows import CaseRow
from activities.rulings import Action
from aftersales.contract.messages import Appeal, EvidenceSupplied
from aftersales.contract.values import CaseStatus, DecisionKind, Reason, Role, WaitsFor
from policy.document import canonical
from policy.loader import read_folder
from policy.publishing import check, publish
from policy.shelf import Shelf
from storage.orders import save_orders
from storage.policies import PolicyStore
from tests.activities.desk import Desk
from tests.activities.shop import KEYRING, application, order_record
from tests.fakes import FakePolicy
from tests.policy.cases import V1, read_document, row_of

NEWER = "7" * 64


def deploy(desk: Desk, store: Store, policy: FakePolicy) -> None:
    """The worker comes back with this version as its present one."""
    desk.steps = CaseSteps(store, policy, KEYRING)


@pytest.fixture(name="newer")
def stricter_version() -> FakePolicy:
    newer = FakePolicy(content_hash=NEWER)
    newer.says(Action.REJECT, "window_closed")
    return newer


@pytest.fixture(name="asked")
async def case_asked_for_evidence(desk: Desk, policy: FakePolicy) -> Desk:
    policy.says(Action.ASK_EVIDENCE, "photo_needed")
    await desk.apply()
    policy.says(Action.APPROVE)
    return desk


async def test_evidence_is_assessed_by_the_version_of_the_application(
    asked: Desk, store: Store, policy: FakePolicy, newer: FakePolicy
) -> None:
    newer.others.append(policy)
    deploy(asked, store, newer)
    answer = await asked.say(EvidenceSupplied(note="It is the left one."))
    case = await asked.case()
    assert (answer.accepted, case.status) == (True, CaseStatus.PAYING)
    assert case.verdict is not None
    assert (case.policy_hash, case.verdict.policy_hash) == (policy.content_hash, policy.content_hash)
    assert newer.facts == []


async def test_a_version_that_is_not_there_makes_it_a_persons_case_with_that_reason(
    asked: Desk, store: Store, policy: FakePolicy, newer: FakePolicy
) -> None:
    deploy(asked, store, newer)
    answer = await asked.say(EvidenceSupplied(note="It is the left one."))
    case = await asked.case()
    assert (answer.accepted, case.status, case.waits_for) == (True, CaseStatus.UNDER_REVIEW, WaitsFor.AGENT)
    assert (case.reason_code, case.policy_hash) == ("policy_version_missing", policy.content_hash)
    assert newer.facts == []
    entry = next(entry for entry in await asked.audit() if entry["action"] == "not_assessed")
    assert policy.content_hash in entry["facts"]
    assert await asked.units_taken("cups") == 1


async def test_a_person_can_decide_what_no_version_could(asked: Desk, store: Store, newer: FakePolicy) -> None:
    deploy(asked, store, newer)
    await asked.say(EvidenceSupplied(note="It is the left one."))
    assert (await asked.decide(DecisionKind.APPROVE)).status is CaseStatus.PAYING
    assert await asked.money_taken() == 3333


@pytest.mark.parametrize("kept", [True, False])
async def test_a_case_whose_order_came_late_is_judged_as_of_its_application(
    desk: Desk, store: Store, policy: FakePolicy, newer: FakePolicy, kept: bool
) -> None:
    asked_for = application(order_id="order-2")
    assert (await desk.apply(asked_for)).look_again
    await save_orders(desk.engine, [order_record("order-2")])
    newer.others += [policy] if kept else []
    deploy(desk, store, newer)
    standing = (await desk.apply(asked_for)).standing
    assert standing.status is (CaseStatus.PAYING if kept else CaseStatus.UNDER_REVIEW)
    assert standing.reason_code == ("merchant_fault" if kept else "policy_version_missing")
    assert newer.facts == []


# --- versions that people published, kept in the database --------------------------------------------------------


WANG = Acting(actor="wang", role=Role.POLICY_AUTHOR, channel="cli")
LI = Acting(actor="li", role=Role.SUPERVISOR, channel="cli")


async def put_in_force(desk: Desk, window_days: str) -> str:
    """A version with another window, published from now on; its hash. The worker comes back with nothing compiled."""
    eligibility = read_document("eligibility")
    row_of(eligibility, "ordinary")["window_days"] = window_days
    policies, content = PolicyStore(desk.engine), canonical({**read_folder(V1), "eligibility": eligibility})
    version = await policies.draft(content, f"window-{window_days}", "Another window.", WANG, desk.now)
    await check(policies, version.content_hash, WANG, desk.now)
    await publish(policies, version.content_hash, None, LI, desk.now)
    desk.steps = CaseSteps(desk.store, Shelf(policies), KEYRING)
    return version.content_hash


async def applied_for(desk: Desk, request_key: str, **asked: object) -> CaseRow:
    """About an order of its own, of a buyer who changed their mind and sent everything back."""
    back = {"goods_back": True, "unused": True, "packaging_intact": True}
    await save_orders(desk.engine, [order_record(request_key)])
    await desk.apply(application(order_id=request_key, **{"reason": Reason.CHANGED_MIND, **back, **asked}), request_key)
    return await desk.case()


async def test_whatever_is_published_since_a_case_is_decided_by_the_version_of_its_application(desk: Desk) -> None:
    first = await put_in_force(desk, "5")  # the goods came five days ago
    assert (await applied_for(desk, "in-time")).status is CaseStatus.PAYING
    asked = await applied_for(desk, "photo", reason=Reason.QUALITY_PROBLEM, goods_back=False)
    assert (asked.status, asked.policy_hash) == (CaseStatus.NEEDS_EVIDENCE, first)
    desk.later(minutes=1)
    second = await put_in_force(desk, "4")
    assert (await desk.say(EvidenceSupplied(note="No camera."))).accepted
    assert (await desk.case()).policy_hash == first

    late = await applied_for(desk, "late")
    assert (late.status, late.reason_code, late.policy_hash) == (CaseStatus.REJECTED, "window_closed", second)
    desk.later(minutes=1)
    await put_in_force(desk, "6")
    assert (await desk.say(Appeal(explanation="It came late."))).accepted
    appealed = await desk.case()
    assert (appealed.status, appealed.policy_hash) == (CaseStatus.UNDER_REVIEW, second)
    assert appealed.verdict is not None
    assert appealed.verdict.policy_hash == second
    assert (await applied_for(desk, "in-time-again")).status is CaseStatus.PAYING
