"""Ceilings by role, four eyes, and what an approval is bound to (P6.2; ASVS 2.3.2, 2.3.5, 7.5.3, 15.4.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import insert

from activities.approving import FRESH_S
from activities.case_steps import CaseSteps
from activities.rulings import Action
from activities.types import OutcomeKind, StepResult
from aftersales.contract.messages import Answer, Decision, EvidenceSupplied, Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode, Role, WaitsFor
from aftersales.proof import Keyring, ProofKey, sign
from domain.chargebacks import ChargebackState
from storage.orders import save_orders
from storage.tables import CHARGEBACKS, STAFF_ACCOUNTS, STAFF_ROLES
from tests.activities.desk import Desk, answer_of
from tests.activities.shop import KEY, NOW, application, cny, items, order_record
from tests.fakes import FakePolicy
from tests.fakes.policy import NO_LIMITS

APPROVE = Decision(kind=DecisionKind.APPROVE)
LAMP = items(lamp=1)  # 50.00


def limit(policy: FakePolicy, **minor: int) -> None:
    policy.limits = NO_LIMITS.model_copy(update=minor)


@pytest.fixture(name="review")
async def lamp_under_review(desk: Desk, policy: FakePolicy) -> Desk:
    """A lamp of 50.00, waiting for an agent."""
    policy.says(Action.REVIEW)
    await desk.apply(application(items=LAMP))
    return desk


@pytest.fixture(name="large")
def above_the_threshold(review: Desk, policy: FakePolicy) -> Desk:
    limit(policy, four_eyes=5000)
    return review


async def approve(desk: Desk, actor: str, role: Role = Role.SUPERVISOR, **fields: object) -> Answer:
    kind = DecisionKind.APPROVE_PART if fields else DecisionKind.APPROVE
    return await desk.say(Decision.model_validate({"kind": kind, **fields}), actor=actor, role=role)


async def approvers(desk: Desk) -> list[str]:
    async with desk.store.begin() as unit:
        return [each.actor for each in await unit.approvals(desk.number)]


class TestCeilings:
    @pytest.mark.parametrize(
        ("role", "who"),
        [
            (Role.AGENT, "a supervisor"),
            (Role.SUPERVISOR, "finance"),
            (Role.FINANCE, "somebody who may change the policy"),
        ],
    )
    async def test_above_a_roles_ceiling_it_is_told_the_limit_and_who_may(
        self, review: Desk, policy: FakePolicy, role: Role, who: str
    ) -> None:
        roles = (Role.AGENT, Role.SUPERVISOR, Role.FINANCE)
        limit(policy, **{f"{each}_case": 4999 if roles.index(each) <= roles.index(role) else 5000 for each in roles})
        answer = await review.decide(DecisionKind.APPROVE, role=role)
        assert (answer.accepted, answer.code) == (False, ErrorCode.CEILING_EXCEEDED)
        assert "CN¥49.99" in answer.sentence
        assert who in answer.sentence
        assert await review.money_taken() == 0

    @pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.FINANCE, Role.ADMIN])
    async def test_up_to_its_ceiling_each_role_approves(self, review: Desk, policy: FakePolicy, role: Role) -> None:
        limit(policy, agent_case=5000, supervisor_case=5000, finance_case=5000)
        assert (await review.decide(DecisionKind.APPROVE, role=role)).status is CaseStatus.PAYING

    async def test_a_part_within_the_ceiling_is_approved(self, review: Desk, policy: FakePolicy) -> None:
        limit(policy, agent_case=2000)
        answer = await approve(review, "agent-1", Role.AGENT, amount=cny(2000))
        assert answer.status is CaseStatus.PAYING

    @pytest.mark.parametrize("ceiling", ["customer_period", "order"])
    async def test_above_what_a_customer_or_an_order_may_be_granted_finance_decides_by_two(
        self, review: Desk, policy: FakePolicy, ceiling: str
    ) -> None:
        await approve(review, "agent-1", Role.AGENT)
        await review.apply(application(items=items(cups=1)), "second")
        limit(policy, **{ceiling: 8332})  # 50.00 were granted, 33.33 are asked for
        refused = await approve(review, "boss-1")
        assert (refused.code, "finance" in refused.sentence) == (ErrorCode.CEILING_EXCEEDED, True)
        assert (await approve(review, "finance-1", Role.FINANCE)).status is CaseStatus.UNDER_REVIEW
        assert (await review.case()).waits_for is WaitsFor.FINANCE
        assert (await approve(review, "finance-2", Role.FINANCE)).status is CaseStatus.PAYING

    async def test_what_another_customer_was_granted_counts_for_them(self, desk: Desk, policy: FakePolicy) -> None:
        await save_orders(desk.engine, [order_record("order-2", customer_id="customer-2")])
        await desk.apply(application(order_id="order-2", customer_id="customer-2"), "theirs", actor="customer-2")
        policy.says(Action.REVIEW)
        limit(policy, customer_period=5000)
        await desk.apply(application(items=LAMP))
        assert (await approve(desk, "agent-1", Role.AGENT)).status is CaseStatus.PAYING


class TestChargebacks:
    async def test_beside_an_open_chargeback_nobody_approves(self, review: Desk) -> None:
        await dispute(review)
        answer = await approve(review, "finance-1", Role.FINANCE)
        assert (answer.accepted, answer.code) == (False, ErrorCode.CHARGEBACK_OPEN)
        assert await review.money_taken() == 0

    async def test_nor_is_a_payment_that_failed_tried_again(self, review: Desk) -> None:
        await approve(review, "agent-1", Role.AGENT)
        await review.pay(OutcomeKind.SUCCEEDED, leg=1)
        await review.pay(OutcomeKind.REJECTED, leg=2, code="declined")
        await dispute(review)
        assert (await approve(review, "finance-1", Role.FINANCE)).code is ErrorCode.CHARGEBACK_OPEN

    async def test_it_is_still_turned_down(self, review: Desk) -> None:
        await dispute(review)
        assert (await review.decide(DecisionKind.REJECT, explanation="The bank decides.")).accepted


async def dispute(desk: Desk) -> None:
    """The bank takes the card's payment back, or may."""
    opened = {"provider": "stripe", "dispute_id": "dp_1", "payment_reference": "ch_order-1", "other_reference": ""}
    facts = {"order_id": "", "state": ChargebackState.OPEN, "opened_at": NOW, "as_of": NOW}
    async with desk.engine.begin() as connection:
        await connection.execute(insert(CHARGEBACKS), opened | facts)


class TestFourEyes:
    async def test_the_first_of_two_approvals_moves_no_money_and_waits_for_another_person(self, large: Desk) -> None:
        answer = await approve(large, "agent-1", Role.AGENT)
        case = await large.case()
        assert (answer.accepted, answer.status) == (True, CaseStatus.UNDER_REVIEW)
        assert (case.waits_for, case.assignee) == (WaitsFor.SUPERVISOR, "supervisors")
        assert await large.money_taken() == 0
        assert (await large.audit())[-1]["action"] == "approved_first"

    async def test_the_second_pays_and_the_view_shows_both(self, large: Desk) -> None:
        await approve(large, "agent-1", Role.AGENT)
        result = await large.record(large.signed(APPROVE, "boss-1", Role.SUPERVISOR))
        assert [each.actor for each in result.standing.approvals] == ["agent-1", "boss-1"]
        assert result.standing.status is CaseStatus.PAYING
        assert await large.money_taken() == 5000

    async def test_below_the_threshold_one_person_is_enough(self, review: Desk, policy: FakePolicy) -> None:
        limit(policy, four_eyes=5001)
        assert (await approve(review, "agent-1", Role.AGENT)).status is CaseStatus.PAYING

    async def test_nobody_approves_twice(self, large: Desk) -> None:
        await approve(large, "boss-1")
        answer = await approve(large, "boss-1", Role.FINANCE)
        assert (answer.code, answer.status) == (ErrorCode.SAME_PERSON, CaseStatus.UNDER_REVIEW)
        assert await large.money_taken() == 0

    @pytest.mark.parametrize(("four_eyes", "code"), [(5000, ErrorCode.SAME_PERSON), (5001, None)])
    async def test_who_entered_the_case_is_neither_of_the_two(
        self, desk: Desk, policy: FakePolicy, four_eyes: int, code: ErrorCode | None
    ) -> None:
        """Below the threshold they may: an agent on the telephone decides the small things at once."""
        policy.says(Action.REVIEW)
        limit(policy, four_eyes=four_eyes)
        await desk.apply(application(items=LAMP), actor="agent-1", role=Role.AGENT)
        assert (await approve(desk, "agent-1", Role.AGENT)).code is code

    async def test_nobody_approves_their_own_refund_however_small(self, review: Desk) -> None:
        answer = await approve(review, "customer-1", Role.AGENT)
        assert answer.code is ErrorCode.SAME_PERSON
        assert "your own" in answer.sentence

    async def test_each_of_the_two_keeps_to_their_own_ceiling(self, review: Desk, policy: FakePolicy) -> None:
        limit(policy, four_eyes=5000, agent_case=4999, supervisor_case=4999)
        await approve(review, "finance-1", Role.FINANCE)
        assert (await review.case()).waits_for is WaitsFor.FINANCE, "the supervisors may not"
        assert (await approve(review, "boss-1")).code is ErrorCode.CEILING_EXCEEDED

    async def test_an_approval_while_the_customer_is_asked_brings_the_case_back_to_the_second(
        self, large: Desk
    ) -> None:
        await large.decide(DecisionKind.ASK, explanation="Which lamp?")
        assert (await approve(large, "agent-1", Role.AGENT)).status is CaseStatus.UNDER_REVIEW
        assert (await approve(large, "boss-1")).status is CaseStatus.PAYING


class TestWhatVoids:
    async def test_another_amount_voids_the_first_approval_and_counts_as_the_first(
        self, large: Desk, policy: FakePolicy
    ) -> None:
        limit(policy, four_eyes=1000)
        await approve(large, "boss-1")
        assert (await approve(large, "boss-2", amount=cny(4000))).status is CaseStatus.UNDER_REVIEW
        assert await approvers(large) == ["boss-2"]
        assert "approvals_voided" in await large.actions()
        assert (await approve(large, "boss-1")).status is CaseStatus.UNDER_REVIEW, (
            "the whole was approved by nobody else"
        )
        assert (await approve(large, "boss-3")).status is CaseStatus.PAYING
        assert (await large.case()).amount == cny(5000)

    async def test_asking_the_customer_voids_what_was_approved_before_the_answer(self, large: Desk) -> None:
        await approve(large, "boss-1")
        await large.decide(DecisionKind.ASK, explanation="Which lamp?")
        await large.say(EvidenceSupplied(note="The small one."))
        assert await approvers(large) == []
        assert (await approve(large, "boss-2")).status is CaseStatus.UNDER_REVIEW

    @pytest.mark.parametrize("end", ["rejected", "withdrawn"])
    async def test_with_the_end_of_a_case_its_approvals_end(self, large: Desk, end: str) -> None:
        await approve(large, "boss-1")
        if end == "rejected":
            await large.decide(DecisionKind.REJECT, explanation="Worn.")
        else:
            await large.say(Withdrawal())
        assert await approvers(large) == []

    async def test_more_time_another_group_and_a_higher_role_leave_it_as_it_is(self, large: Desk) -> None:
        await approve(large, "boss-1")
        await large.decide(DecisionKind.EXTEND, handling_hours=5)
        await large.decide(DecisionKind.HAND_OVER, hand_to="finance")
        await large.decide(DecisionKind.ESCALATE)
        assert await approvers(large) == ["boss-1"]

    async def test_what_two_agreed_to_is_tried_again_on_one_word(self, large: Desk) -> None:
        await approve(large, "boss-1")
        await approve(large, "boss-2")
        await large.pay(OutcomeKind.SUCCEEDED, leg=1)
        await large.pay(OutcomeKind.REJECTED, leg=2, code="declined")
        assert (await approve(large, "finance-1", Role.FINANCE)).status is CaseStatus.PAYING

    async def test_a_large_refund_that_nobody_agreed_to_is_not_tried_again_on_one_word(
        self, review: Desk, policy: FakePolicy
    ) -> None:
        await approve(review, "agent-1", Role.AGENT)
        await review.pay(OutcomeKind.SUCCEEDED, leg=1)
        await review.pay(OutcomeKind.REJECTED, leg=2, code="declined")
        limit(policy, four_eyes=5000)
        assert (await approve(review, "finance-1", Role.FINANCE)).status is CaseStatus.PAYMENT_FAILED
        assert (await approve(review, "finance-2", Role.FINANCE)).status is CaseStatus.PAYING


class TestFreshLogin:
    async def test_a_login_of_long_ago_approves_nothing_that_takes_two(self, large: Desk) -> None:
        assert (await signed_in(large, ago_s=FRESH_S + 5)).code is ErrorCode.FRESH_LOGIN_NEEDED
        assert (await signed_in(large, ago_s=FRESH_S - 60)).accepted

    async def test_small_amounts_need_no_fresh_login(self, review: Desk) -> None:
        assert (await signed_in(review, ago_s=FRESH_S + 5)).status is CaseStatus.PAYING

    async def test_a_service_that_does_not_know_of_logins_is_taken_at_its_word(self, large: Desk) -> None:
        assert (await approve(large, "boss-1")).accepted

    async def test_an_account_of_ours_without_a_moment_of_its_login_counts_as_long_ago(
        self, large: Desk, policy: FakePolicy
    ) -> None:
        await employ(large, "boss-1", Role.SUPERVISOR)
        ours = ProofKey(KEY.key_id, KEY.secret, staff=True)
        large.steps = CaseSteps(large.store, policy, Keyring([ours]))
        assert (await approve(large, "boss-1")).code is ErrorCode.FRESH_LOGIN_NEEDED
        assert (await signed_in(large, ago_s=1)).accepted


async def employ(desk: Desk, staff_id: str, role: Role) -> None:
    account = {"staff_id": staff_id, "display_name": "", "mail": "", "password_hash": "", "active": True}
    async with desk.engine.begin() as connection:
        await connection.execute(insert(STAFF_ACCOUNTS), account | {"created_at": NOW, "changed_at": NOW})
        await connection.execute(insert(STAFF_ROLES), {"staff_id": staff_id, "role": role})


async def signed_in(desk: Desk, ago_s: int) -> Answer:
    unsigned = sign(APPROVE, number=desk.number, actor="boss-1", role=Role.SUPERVISOR, key=KEY)
    assert unsigned.proof is not None
    at = unsigned.proof.at - ago_s
    said = sign(APPROVE, number=desk.number, actor="boss-1", role=Role.SUPERVISOR, key=KEY, authenticated_at=at)
    return answer_of(await desk.record(said))


class TestAtOnce:
    """R9, R11: on both databases, of everything that comes at once exactly what may happen does."""

    async def test_of_many_approvals_at_once_two_people_pay_once(self, large: Desk) -> None:
        said = await at_once(large, [f"boss-{n % 5}" for n in range(10)])
        statuses = [each.standing.status for each in said]
        assert statuses.count(CaseStatus.UNDER_REVIEW) >= 1
        assert await large.money_taken() == 5000
        accepted = [each for each in said if answer_of(each).accepted]
        assert len(accepted) == 2
        refused = {answer_of(each).code for each in said if not answer_of(each).accepted}
        assert refused <= {ErrorCode.SAME_PERSON, ErrorCode.TOO_LATE}

    async def test_one_person_many_times_at_once_is_one_approval(self, large: Desk) -> None:
        await at_once(large, ["boss-1"] * 8)
        assert await approvers(large) == ["boss-1"]
        assert await large.money_taken() == 0

    async def test_cases_approved_at_once_never_pass_the_customers_ceiling(
        self, desk: Desk, policy: FakePolicy
    ) -> None:
        """Twelve orders of one customer, each refund 50.00, of which 170.00 may be granted."""
        policy.says(Action.REVIEW)
        await save_orders(desk.engine, [order_record(f"order-{n}") for n in range(12)])
        numbers = []
        for n in range(12):
            await desk.apply(application(items=LAMP, order_id=f"order-{n}"), f"key-{n}")
            numbers.append(desk.number)
        limit(policy, customer_period=17_000)
        said = await asyncio.gather(
            *(say_to(desk, number, "agent-1", Role.AGENT, n) for n, number in enumerate(numbers))
        )
        paying = [each for each in said if each.standing.status is CaseStatus.PAYING]
        assert len(paying) == 3
        refused = {answer_of(each).code for each in said if each not in paying}
        assert refused == {ErrorCode.CEILING_EXCEEDED}

    async def test_of_a_rejection_and_the_second_approval_at_once_one_wins(self, large: Desk) -> None:
        await approve(large, "boss-1")
        no = Decision(kind=DecisionKind.REJECT, explanation="No.")
        said = await asyncio.gather(
            say_to(large, large.number, "boss-2", Role.SUPERVISOR, 1),
            say_to(large, large.number, "boss-3", Role.SUPERVISOR, 2, no),
        )
        answers = [answer_of(each) for each in said]
        assert sorted(each.accepted for each in answers) == [False, True]
        paid = answers[0].accepted
        assert await large.money_taken() == (5000 if paid else 0)
        assert {each.status for each in answers} == {CaseStatus.PAYING if paid else CaseStatus.REJECTED}


async def at_once(desk: Desk, actors: Sequence[str]) -> list[StepResult]:
    said = (say_to(desk, desk.number, actor, Role.SUPERVISOR, n) for n, actor in enumerate(actors))
    return list(await asyncio.gather(*said))


async def say_to(
    desk: Desk, number: str, actor: str, role: Role, round_: int, decision: Decision = APPROVE
) -> StepResult:
    said = sign(decision, number=number, actor=actor, role=role, key=KEY)
    return await desk.tell(number, 100 + round_, said)
