"""Speaking to a case on a real Temporal server: signals, updates, queries."""

import asyncio

import pytest
from temporalio.worker import Worker

from aftersales import (
    AfterSales,
    AftersalesError,
    Answer,
    Appeal,
    Application,
    CaseStatus,
    Decision,
    DecisionKind,
    ErrorCode,
    EvidenceSupplied,
    HandPayment,
    HandPaymentAct,
    PaymentChanged,
    PayoutChoice,
    PayoutMethod,
    Role,
    SurveyAnswer,
)
from aftersales.contract.numbers import new_number
from aftersales.proof import MessageT
from cli.servers.dev_server import DevServer
from tests.client.conftest import HASTY_S, PATIENT_S, application_for, close
from tests.client.small_case import KEY, NO_ANSWER_NOTE, SLOW_PAYMENT

APPROVAL = Decision(kind=DecisionKind.APPROVE)
REJECTION = Decision(kind=DecisionKind.REJECT, explanation="worn")


@pytest.fixture
async def number(after_sales: AfterSales, application: Application, request_key: str) -> str:
    return await after_sales.apply(application, request_key=request_key)


@pytest.mark.usefixtures("running_worker")
class TestWithAWorker:
    async def test_a_decision_is_answered(self, after_sales: AfterSales, number: str) -> None:
        answer = await after_sales.decide(number, REJECTION, actor="agent-3")
        assert answer == Answer(accepted=True, status=CaseStatus.REJECTED)
        assert (await after_sales.view(number)).explanation == "worn"

    async def test_the_same_message_twice_is_answered_once(self, after_sales: AfterSales, number: str) -> None:
        first = await after_sales.decide(number, REJECTION, actor="agent-3", message_id="m-1")
        again = await after_sales.decide(number, APPROVAL, actor="agent-3", message_id="m-1")
        assert again == first
        assert (await after_sales.view(number)).waiting == "heard 1"

    async def test_two_messages_without_an_id_of_the_callers_are_two(
        self, after_sales: AfterSales, number: str
    ) -> None:
        for _ in range(2):
            await after_sales.supply_evidence(number, EvidenceSupplied(note="here"), actor="C-7")
        assert (await after_sales.view(number)).waiting == "heard 2"

    async def test_a_number_may_be_given_as_it_was_typed(self, after_sales: AfterSales, number: str) -> None:
        typed = f" {number.replace('-', ' ').lower()} "
        assert (await after_sales.view(typed)).number == number
        assert (await after_sales.decide(typed, REJECTION, actor="agent-3")).accepted

    async def test_a_rejected_customer_appeals(self, after_sales: AfterSales, number: str) -> None:
        await after_sales.decide(number, REJECTION, actor="agent-3")
        answer = await after_sales.appeal(number, Appeal(explanation="It was new."), actor="C-7")
        assert answer.status is CaseStatus.UNDER_REVIEW

    async def test_a_customer_says_where_the_money_is_to_go(self, after_sales: AfterSales, number: str) -> None:
        choice = PayoutChoice(method=PayoutMethod.BANK_TRANSFER, payee="4f2a", masked="DE•• •••• 3000")
        answer = await after_sales.choose_payout(number, choice, actor="C-7")
        assert answer == Answer(accepted=True, status=CaseStatus.PAYING)

    async def test_finance_records_a_payment_by_hand(self, after_sales: AfterSales, number: str) -> None:
        paid = HandPayment(provider_number=f"{number}-1-2", act=HandPaymentAct.PAID, reference="2026112300001")
        answer = await after_sales.record_hand_payment(number, paid, actor="finance-2")
        assert answer == Answer(accepted=True, status=CaseStatus.REFUNDED)

    async def test_a_message_that_the_case_turns_away_keeps_the_cases_code_and_sentence(
        self, after_sales: AfterSales, number: str
    ) -> None:
        with pytest.raises(AftersalesError, match=r"^Only a rejection can be appealed\.$") as refused:
            await after_sales.appeal(number, Appeal(explanation="Too early."), actor="C-7")
        assert refused.value.code is ErrorCode.NOT_NOW

    async def test_a_word_of_a_newer_worker_becomes_one_that_the_caller_knows(
        self, after_sales: AfterSales, number: str
    ) -> None:
        with pytest.raises(AftersalesError, match=r"could not take the message: No survey yet\.") as refused:
            await after_sales.answer_survey(number, SurveyAnswer(score=1), actor="C-7")
        assert refused.value.code is ErrorCode.NOT_NOW

    async def test_news_of_a_payment_reach_the_case(self, after_sales: AfterSales, request_key: str) -> None:
        slow = await after_sales.apply(application_for(f"{SLOW_PAYMENT}{request_key}"), request_key=request_key)
        await after_sales.review(slow, APPROVAL, actor="agent-3")
        await after_sales.payment_changed(slow, PaymentChanged(provider="stripe"))
        assert (await after_sales.result(slow, timeout=30)).status is CaseStatus.REFUNDED

    async def test_a_closed_case_says_so_but_can_still_be_viewed(self, after_sales: AfterSales, number: str) -> None:
        await close(after_sales, number)
        for late in (
            after_sales.decide(number, APPROVAL, actor="agent-3"),
            after_sales.review(number, APPROVAL, actor="agent-3"),
            after_sales.withdraw(number, actor="C-7"),
        ):
            with pytest.raises(AftersalesError, match="is closed and takes no more messages") as refused:
                await late
            assert refused.value.code is ErrorCode.CASE_CLOSED
        assert (await after_sales.view(number)).closed

    async def test_a_message_that_was_taken_but_not_answered_in_time_ends_the_wait(
        self, hasty: AfterSales, number: str
    ) -> None:
        with pytest.raises(AftersalesError) as refused:
            await hasty.supply_evidence(number, EvidenceSupplied(note=NO_ANSWER_NOTE), actor="C-7")
        assert refused.value.code is ErrorCode.NOBODY_ANSWERS

    async def test_whoever_cancels_a_waiting_caller_is_obeyed(self, after_sales: AfterSales, number: str) -> None:
        unanswered = EvidenceSupplied(note=NO_ANSWER_NOTE)
        waiting = asyncio.create_task(after_sales.supply_evidence(number, unanswered, actor="C-7"))
        await asyncio.sleep(0.3)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_a_decision_by_signal_is_kept_until_a_worker_runs(
    after_sales: AfterSales, number: str, case_worker: Worker
) -> None:
    await after_sales.review(number, APPROVAL, actor="agent-3")
    async with case_worker:
        assert (await after_sales.result(number, timeout=30)).status is CaseStatus.REFUNDED


async def test_without_a_worker_an_update_ends_in_time_and_says_what_to_do(hasty: AfterSales, number: str) -> None:
    asked_at = asyncio.get_running_loop().time()
    with pytest.raises(AftersalesError, match="No worker answers") as refused:
        await hasty.decide(number, APPROVAL, actor="agent-3", message_id="m-7")
    assert refused.value.code is ErrorCode.NOBODY_ANSWERS
    assert "again with message_id='m-7'" in str(refused.value)
    assert "`review`" in str(refused.value)
    assert HASTY_S <= asyncio.get_running_loop().time() - asked_at < HASTY_S + 2


async def test_an_unanswered_update_sent_again_counts_once(
    after_sales: AfterSales, hasty: AfterSales, number: str, case_worker: Worker
) -> None:
    with pytest.raises(AftersalesError):
        await hasty.decide(number, REJECTION, actor="agent-3", message_id="m-7")
    async with case_worker:
        assert (await after_sales.decide(number, REJECTION, actor="agent-3", message_id="m-7")).accepted
        assert (await after_sales.view(number)).waiting == "heard 1"


async def test_without_a_worker_a_view_ends_in_time(hasty: AfterSales, number: str) -> None:
    with pytest.raises(AftersalesError, match="read again as soon as a worker runs") as refused:
        await hasty.view(number)
    assert refused.value.code is ErrorCode.NOBODY_ANSWERS


async def test_a_case_that_does_not_exist_is_unknown_to_every_call(after_sales: AfterSales) -> None:
    nowhere = new_number()
    for call in (
        after_sales.view(nowhere),
        after_sales.decide(nowhere, APPROVAL, actor="agent-3"),
        after_sales.review(nowhere, APPROVAL, actor="agent-3"),
        after_sales.result(nowhere),
        anext(after_sales.follow(nowhere)),
    ):
        with pytest.raises(AftersalesError, match=f"There is no case {nowhere}") as refused:
            await call
        assert refused.value.code is ErrorCode.CASE_UNKNOWN


async def test_a_mistyped_number_is_found_before_anything_is_sent(after_sales: AfterSales) -> None:
    for call in (
        after_sales.view("ABCDE-FGHJK-MNPQ"),
        after_sales.withdraw("ABCDE-FGHJK-MNPQ", actor="C-7"),
        after_sales.result("ABCDE-FGHJK-MNPQ"),
        after_sales.payment_changed("ABCDE-FGHJK-MNPQ", PaymentChanged(provider="stripe")),
    ):
        with pytest.raises(AftersalesError) as refused:
            await call
        assert refused.value.code is ErrorCode.NUMBER_INVALID


async def test_an_incomplete_decision_is_found_before_anything_is_sent(after_sales: AfterSales, number: str) -> None:
    bare = Decision(kind=DecisionKind.REJECT)
    for call in (
        after_sales.review(number, bare, actor="agent-3"),
        after_sales.decide(number, bare, actor="agent-3", role=Role.SUPERVISOR),
    ):
        with pytest.raises(AftersalesError, match="reject needs explanation; nothing was sent") as refused:
            await call
        assert refused.value.code is ErrorCode.DECISION_INCOMPLETE


class Desk:
    """A signer of somebody's own: it asks a service, which has the key."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Role]] = []

    async def signed(self, message: MessageT, *, number: str, actor: str, role: Role) -> MessageT:
        self.asked.append((number, actor, role))
        return await KEY.signed(message, number=number, actor=actor, role=role)


@pytest.mark.usefixtures("running_worker")
async def test_whoever_signs_may_be_another_service(
    dev_server: DevServer, application: Application, request_key: str
) -> None:
    desk = Desk()
    client = await AfterSales.connect(caller="desk", key=desk, address=dev_server.address, answer_limit_s=PATIENT_S)
    number = await client.apply(application, request_key=request_key)
    assert (await client.decide(number, REJECTION, actor="agent-3")).accepted
    assert desk.asked == [(number, "C-7", Role.CUSTOMER), (number, "agent-3", Role.AGENT)]
    await close(client, number)
