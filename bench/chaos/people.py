"""Customers, reviewers and finance: each looks at what waits for them and acts, as the portal and the command line do.

Whatever is said is said until it is taken, word for word; what was taken is written down, to be asked for at the end.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Payee
from activities.rows import CaseRow, HandPaymentRow, HandPaymentState
from aftersales.client import AfterSales
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Answer, Decision, EvidenceSupplied, HandPayment, PayoutChoice
from aftersales.contract.values import (
    CaseStatus,
    DecisionKind,
    HandPaymentAct,
    Language,
    MessageKind,
    Money,
    PayoutMethod,
    Role,
    WaitsFor,
)
from bench.chaos.patience import DATABASE_AWAY, insist
from bench.chaos.plan import Review, Wish
from bench.chaos.storm import Storm
from integrations.destinations import FIELDS, Entered, destination_of
from storage.hand_payments import unfinished
from storage.payees import PayeeStore, Taking, new_token
from storage.reading import Reading

LOOK_EVERY_S: Final = 0.7
MOST: Final = 10_000
PART_MINOR: Final = 500
_DOUBTS: Final = 0.3
"""How often the second person of finance does not believe the first one's record."""

_ENTERED: Final = {
    PayoutMethod.BANK_TRANSFER: Entered(
        method=PayoutMethod.BANK_TRANSFER, account="DE89370400440532013000", holder="Wang Fang"
    ),
    PayoutMethod.ALIPAY: Entered(method=PayoutMethod.ALIPAY, account="wang.fang@mail.example", holder="Wang Fang"),
    PayoutMethod.WECHAT_PAY: Entered(method=PayoutMethod.WECHAT_PAY, account="wangfang_2026", holder="Wang Fang"),
    PayoutMethod.STORE_CREDIT: Entered(method=PayoutMethod.STORE_CREDIT),
}
_CHOICES: Final = (*_ENTERED, PayoutMethod.BANK_TRANSFER, PayoutMethod.ALIPAY)

Said = tuple[str, MessageKind, str]
"""Of which case, what, by whom."""


class People:
    """Everybody who speaks to the cases. `taken`: messages that were answered with a yes; `kept`: decisions sent
    without waiting for an answer; `applied`: applications that were accepted; `unanswered`: what failed for good."""

    def __init__(
        self, storm: Storm, wishes: Sequence[Wish], client: AfterSales, engine: AsyncEngine, payees: PayeeStore
    ) -> None:
        self.taken: Counter[Said] = Counter()
        self.kept: Counter[Said] = Counter()
        self.applied: set[str] = set()
        self.unanswered: list[str] = []
        self._storm = storm
        self._wishes = {wish.number: wish for wish in wishes}
        self._client = client
        self._engine = engine
        self._reading = Reading(engine)
        self._payees = payees
        self._turns: Counter[str] = Counter()
        self._busy: set[str] = set()
        self._given_up: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def apply(self) -> None:
        """Every application at its time."""
        async with asyncio.TaskGroup() as coming:
            for wish in self._wishes.values():
                coming.create_task(self._apply(wish))

    async def _apply(self, wish: Wish) -> None:
        await asyncio.sleep(wish.at * self._storm.applications_s)
        number = await insist(lambda: self._client.apply(wish.application, request_key=wish.key))
        self.applied.add(number)

    async def work(self) -> None:
        """Look and act until cancelled. What anybody met that must not be ends it."""
        try:
            while True:
                with suppress(*DATABASE_AWAY):
                    await self._look()
                for task in [task for task in self._tasks if task.done()]:
                    self._tasks.discard(task)
                    task.result()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks.clear()

    async def _look(self) -> None:
        for status, act in (
            (CaseStatus.UNDER_REVIEW, self._review),
            (CaseStatus.AWAITING_CUSTOMER, self._answer),
            (CaseStatus.PAYMENT_FAILED, self._find_a_way),
        ):
            for case in await self._reading.cases(status=status, limit=MOST):
                self._begin(case.number, act(case))
        for payment in await unfinished(self._engine, limit=MOST):
            self._begin(payment.provider_number, self._pay_by_hand(payment))

    def _begin(self, about: str, act: Coroutine[None, None, None]) -> None:
        """Unless somebody is at it already, or gave it up."""
        if about in self._busy | self._given_up:
            act.close()
            return
        self._busy.add(about)
        task = asyncio.create_task(self._act(about, act))
        task.add_done_callback(lambda _: self._busy.discard(about))
        self._tasks.add(task)

    async def _act(self, about: str, act: Coroutine[None, None, None]) -> None:
        """What a case does not even answer is given up and counted."""
        try:
            await act
        except AftersalesError as why:
            self._given_up.add(about)
            self.unanswered.append(f"{about}: {why}")

    # --- review -------------------------------------------------------------------------------------------

    async def _review(self, case: CaseRow) -> None:
        wish = self._wishes[case.number]
        match wish.review:
            case Review.ASK_FIRST if not self._turns[case.number]:
                await self._decide(case, Decision(kind=DecisionKind.ASK, explanation="Which one is it?"))
            case Review.APPROVE_PART:
                part = Money(minor=wish.unit_minor - PART_MINOR, currency=wish.order.currency)
                await self._decide(case, Decision(kind=DecisionKind.APPROVE_PART, amount=part))
            case Review.REJECT:
                await self._decide(case, Decision(kind=DecisionKind.REJECT, explanation="The cup was used."))
            case _:
                await self._approve_without_waiting(case)

    async def _decide(self, case: CaseRow, decision: Decision) -> None:
        def say(message_id: str) -> Awaitable[Answer]:
            return self._client.decide(case.number, decision, actor="li", message_id=message_id)

        await self._say((case.number, MessageKind.DECISION, "li"), case.number, say)

    async def _approve_without_waiting(self, case: CaseRow) -> None:
        decision = Decision(kind=DecisionKind.APPROVE)
        await insist(lambda: self._client.review(case.number, decision, actor="wu"))
        self.kept[case.number, MessageKind.DECISION, "wu"] = 1
        await asyncio.sleep(5 * LOOK_EVERY_S)  # it is kept; no need to say it again meanwhile

    async def _answer(self, case: CaseRow) -> None:
        customer, said = case.start.application.customer_id, EvidenceSupplied(note="The blue one.")

        def say(message_id: str) -> Awaitable[Answer]:
            return self._client.supply_evidence(case.number, said, actor=customer, message_id=message_id)

        await self._say((case.number, MessageKind.EVIDENCE, customer), case.number, say)

    # --- money that did not arrive ------------------------------------------------------------------------

    async def _find_a_way(self, case: CaseRow) -> None:
        """The customer names another destination, or finance tries again."""
        if case.waits_for is WaitsFor.CUSTOMER:
            await self._name_a_destination(case)
            return

        def say(message_id: str) -> Awaitable[Answer]:
            again = Decision(kind=DecisionKind.APPROVE)
            return self._client.decide(case.number, again, actor="chen", role=Role.FINANCE, message_id=message_id)

        await self._say((case.number, MessageKind.DECISION, "chen"), case.number, say)

    async def _name_a_destination(self, case: CaseRow) -> None:
        choice = await self._destination(case, self._turns[case.number])
        customer = case.start.application.customer_id

        def say(message_id: str) -> Awaitable[Answer]:
            return self._client.choose_payout(case.number, choice, actor=customer, message_id=message_id)

        await self._say((case.number, MessageKind.PAYOUT_CHOICE, customer), case.number, say)

    async def _destination(self, case: CaseRow, turn: int) -> PayoutChoice:
        """Details go into the vault, their token into the message, as the portal has it."""
        method = self._storm.chance(f"destination {case.number} {turn}").choice(_CHOICES)
        if not FIELDS[method]:
            return PayoutChoice(method=method)
        named = destination_of(_ENTERED[method], Language.EN)
        token = new_token()
        payee = Payee(token=token, method=method, account=named.account, holder=named.holder, bank=named.bank)
        customer = case.start.application.customer_id
        taking = Taking(
            number=case.number, customer_id=customer, masked=named.masked, by=customer, at=datetime.now(UTC)
        )
        await insist(lambda: self._payees.keep(payee, taking))
        return PayoutChoice(method=method, payee=token, masked=named.masked)

    async def _pay_by_hand(self, payment: HandPaymentRow) -> None:
        """One of finance pays, another one confirms, or does not believe it once."""
        about, turn = payment.provider_number, self._turns[payment.provider_number]
        if payment.state is HandPaymentState.TO_PAY:
            actor, act, reference = "chen", HandPaymentAct.PAID, f"B{turn}-{about}"
        else:
            doubts = turn == 1 and self._storm.chance(f"doubt {about}").random() < _DOUBTS
            actor, act, reference = "zhao", HandPaymentAct.REFUSED if doubts else HandPaymentAct.CONFIRMED, ""
        said = HandPayment(provider_number=about, act=act, reference=reference)

        def say(message_id: str) -> Awaitable[Answer]:
            return self._client.record_hand_payment(payment.number, said, actor=actor, message_id=message_id)

        await self._say((payment.number, MessageKind.HAND_PAYMENT, actor), about, say)

    async def _say(self, said: Said, about: str, say: Callable[[str], Awaitable[Answer]]) -> None:
        """Until there is an answer, as one message; a case that has gone on meanwhile may refuse it."""
        message_id = secrets.token_hex(8)
        answer = await insist(lambda: say(message_id))
        self._turns[about] += 1
        self.taken[said] += answer.accepted
