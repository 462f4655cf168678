"""Ways for one person to be two, or to say today what counts tomorrow; none of them moves money (P6.2, ASVS 7.4.2,
7.5.3, 15.4.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.approving import FRESH_S
from activities.case_steps import CaseSteps
from activities.rulings import Action
from activities.types import OutcomeKind
from aftersales.contract.messages import Answer, Appeal, Decision, PayoutChoice
from aftersales.contract.values import STAFF_ROLES, CaseStatus, DecisionKind, ErrorCode, PayoutMethod, Role
from aftersales.proof import Keyring, ProofKey, sign
from domain.rails import OWN_RAILS, Rail, ways_of
from storage.orders import save_orders
from storage.payees import PayeeStore, Taking
from storage.store import SqlStore
from tests.activities.desk import Desk, answer_of
from tests.activities.shop import KEY, NOW, application, cny, items, order_record
from tests.fakes import BANK_ACCOUNT, FakePolicy
from tests.fakes.policy import NO_LIMITS
from tests.storage.people_of_the_shop import ADMIN, staffed
from tests.support.keys import vault

STAFF = ProofKey("staff", "what the signing service knows", STAFF_ROLES, staff=True)
APPROVE = Decision(kind=DecisionKind.APPROVE)
TO_THE_BANK = PayoutChoice(method=PayoutMethod.BANK_TRANSFER, payee=BANK_ACCOUNT.token, masked="•• 3000")
BANK = Rail(provider="bank", refunds=False, pays_out=frozenset({PayoutMethod.BANK_TRANSFER}))
WAYS = ways_of({**OWN_RAILS, "bank": BANK})
STORE_CREDIT = PayoutChoice(method=PayoutMethod.STORE_CREDIT)


@pytest.fixture(name="large")
async def above_the_threshold(desk: Desk, policy: FakePolicy) -> Desk:
    policy.says(Action.REVIEW)
    policy.limits = NO_LIMITS.model_copy(update={"four_eyes": 5000})
    await desk.apply(application(items=items(lamp=1)))
    return desk


async def approve(desk: Desk, actor: str, role: Role = Role.SUPERVISOR) -> Answer:
    return await desk.say(APPROVE, actor=actor, role=role)


async def test_the_same_name_in_other_letters_is_the_same_person(large: Desk) -> None:
    await approve(large, "wang", Role.AGENT)
    assert (await approve(large, "Wang")).code is ErrorCode.SAME_PERSON
    assert await large.money_taken() == 0


async def test_nor_does_who_entered_the_case_become_another_one_by_other_letters(
    desk: Desk, policy: FakePolicy
) -> None:
    policy.says(Action.REVIEW)
    policy.limits = NO_LIMITS.model_copy(update={"four_eyes": 5000})
    await desk.apply(application(items=items(lamp=1)), actor="Wang", role=Role.AGENT)
    assert (await approve(desk, "wang")).code is ErrorCode.SAME_PERSON


@pytest.mark.parametrize("lost", ["role", "account"])
async def test_the_approval_of_who_may_no_longer_approve_is_no_longer_one_of_the_two(
    large: Desk, policy: FakePolicy, lost: str
) -> None:
    book = await staffed(large.engine, wang=Role.SUPERVISOR, li=Role.SUPERVISOR)
    large.steps = CaseSteps(large.store, policy, Keyring([STAFF, KEY]))
    assert (await by_account(large, "wang")).accepted
    if lost == "role":
        await book.revoke("wang", Role.SUPERVISOR, ADMIN, large.now)
    else:
        await book.set_active("wang", False, ADMIN, large.now)
    assert (await by_account(large, "li")).status is CaseStatus.UNDER_REVIEW, "theirs is the first again"
    assert await large.money_taken() == 0


async def by_account(desk: Desk, actor: str) -> Answer:
    """By an account of ours that has just logged in."""
    logged_in_at = int(datetime.now(UTC).timestamp())
    said = sign(
        APPROVE, number=desk.number, actor=actor, role=Role.SUPERVISOR, key=STAFF, authenticated_at=logged_in_at
    )
    return answer_of(await desk.record(said))


async def test_an_approval_signed_in_advance_is_not_fresh_when_it_is_sent(large: Desk) -> None:
    """A signature that was put by would agree to whatever the case has come to by then."""
    logged_in_at = int(datetime.now(UTC).timestamp())
    said = sign(
        APPROVE, number=large.number, actor="boss-1", role=Role.SUPERVISOR, key=KEY, authenticated_at=logged_in_at
    )
    large.now = datetime.now(UTC) + timedelta(seconds=FRESH_S + 60)
    assert answer_of(await large.record(said)).code is ErrorCode.FRESH_LOGIN_NEEDED


async def test_what_took_two_by_a_ceiling_takes_two_for_another_destination_as_well(
    desk: Desk, policy: FakePolicy
) -> None:
    policy.says(Action.REVIEW)
    await desk.apply(application(items=items(lamp=1)))
    policy.limits = NO_LIMITS.model_copy(update={"order": 4999})
    await approve(desk, "finance-1", Role.FINANCE)
    await approve(desk, "finance-2", Role.FINANCE)
    await desk.pay(OutcomeKind.SUCCEEDED, leg=1)
    await desk.pay(OutcomeKind.REJECTED, leg=2, code="card_closed", elsewhere=True)
    assert (await desk.say(STORE_CREDIT)).status is CaseStatus.PAYMENT_FAILED
    assert (await approve(desk, "finance-1", Role.FINANCE)).status is CaseStatus.PAYMENT_FAILED
    assert (await approve(desk, "finance-2", Role.FINANCE)).status is CaseStatus.PAYING


class TestDestinationsNamedByTheStaff:
    """Whose account it is only the customer knows: another person agrees, however small the amount (P3.2, P6.2)."""

    @pytest.fixture(name="stranded")
    async def small_refund_whose_card_is_closed(self, engine: AsyncEngine, store: SqlStore, policy: FakePolicy) -> Desk:
        await save_orders(engine, [order_record()])
        desk = Desk(CaseSteps(store, policy, Keyring([KEY]), WAYS), store, engine)
        await desk.apply(application(amount=cny(500)))
        await desk.pay(OutcomeKind.REJECTED, code="card_closed", elsewhere=True)
        taking = Taking(number=desk.number, customer_id="customer-1", masked="•• 3000", by="c", at=NOW)
        await PayeeStore(engine, vault()).keep(BANK_ACCOUNT, taking)
        return desk

    @pytest.mark.parametrize(("actor", "code"), [("boss-1", ErrorCode.SAME_PERSON), ("boss-2", None)])
    async def test_it_waits_for_somebody_else(self, stranded: Desk, actor: str, code: ErrorCode | None) -> None:
        named = await stranded.say(TO_THE_BANK, actor="boss-1", role=Role.SUPERVISOR)
        assert (named.accepted, named.status) == (True, CaseStatus.PAYMENT_FAILED)
        assert len(await stranded.legs()) == 1
        answer = await approve(stranded, actor)
        assert (answer.code, answer.accepted) == (code, code is None)
        assert len(await stranded.legs()) == (1 if code else 2)

    async def test_the_customers_own_word_needs_nobodys(self, stranded: Desk) -> None:
        await stranded.say(TO_THE_BANK, actor="boss-1", role=Role.SUPERVISOR)
        assert (await stranded.say(STORE_CREDIT)).status is CaseStatus.PAYING
        assert (await stranded.case()).payout is None, "what was named before is forgotten"

    async def test_the_customers_own_store_credit_is_nobody_elses(self, stranded: Desk) -> None:
        assert (await stranded.say(STORE_CREDIT, actor="agent-1", role=Role.AGENT)).status is CaseStatus.PAYING


async def test_an_appeal_is_not_decided_by_an_agent(desk: Desk, policy: FakePolicy) -> None:
    """It could be the one who said no (P2.8)."""
    policy.says(Action.REVIEW)
    await desk.apply()
    await desk.decide(DecisionKind.REJECT, explanation="Worn.")
    await desk.say(Appeal(explanation="It is not."))
    assert (await approve(desk, "agent-1", Role.AGENT)).code is ErrorCode.ROLE_NOT_ALLOWED
    assert (await approve(desk, "boss-1")).status is CaseStatus.PAYING


async def test_an_override_with_blanks_for_a_reason_has_none(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REJECT, "final_sale")
    await desk.apply(actor="agent-1", role=Role.AGENT)
    blank = await desk.decide(DecisionKind.APPROVE, reason_code=" ", explanation=" \n")
    assert blank.code is ErrorCode.REASON_NEEDED
