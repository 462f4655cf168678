"""One case with the real activities on a real database, and the people, the shop and the provider around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.case_steps import CaseSteps
from activities.evidence_checks import CHECK_EVIDENCE, CheckEvidence
from activities.notify import Notifications
from activities.payments import PaymentCalls
from activities.ports import Payee, Payments
from activities.rows import CaseRow
from activities.types import OutcomeKind, PaymentOutcome, Stage
from aftersales.client import AfterSales
from aftersales.contract import names
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import Answer, CaseResult, Decision, HandPayment, PaymentChanged, PayoutChoice
from aftersales.contract.numbers import number_for, workflow_id
from aftersales.contract.values import CaseStatus, DecisionKind, HandPaymentAct, PayoutMethod, Role, WaitsFor
from domain.rails import BY_HAND, OWN_RAILS, STORE_CREDIT, ways_of
from storage.engine import create_store_engine
from storage.hand_payments import HandPayments
from storage.orders import OrderRecord, save_orders
from storage.payees import PayeeStore, Taking
from storage.schema import upgrade
from storage.store import SqlStore
from storage.stored_value import StoredValuePayments
from tests.activities.shop import CUSTOMER, KEY, KEYRING, application, items, order_record
from tests.fakes import NO_LIMITS, FakeLetters, FakeMailer, FakePayments, FakePolicy
from tests.support.keys import vault
from tests.support.temporal import until_at_rest
from workflows.refund_case import RefundCase

CALLER = "shop"
PATIENCE_S = 60
"""Of real time; the server's own time stands still meanwhile."""


class ServerClock:
    """The clock port by the server that skips time: when the running attempt was scheduled."""

    def now(self) -> datetime:
        return activity.info().current_attempt_scheduled_time


@activity.defn(name=CHECK_EVIDENCE)
async def check_evidence(order: CheckEvidence) -> None:
    """Nothing is found; what a check finds changes nothing of a case's way."""
    assert order.number


@dataclass(frozen=True)
class World:
    """What the activities act on; the same for all cases of a recording."""

    env: WorkflowEnvironment
    shop: AfterSales
    engine: AsyncEngine
    policy: FakePolicy = field(default_factory=FakePolicy)
    provider: FakePayments = field(default_factory=FakePayments)
    mailer: FakeMailer = field(default_factory=FakeMailer)

    def workers(self, client: Client) -> list[Worker]:
        """One for each queue, as in production; the workflow in its sandbox."""
        store, clock = SqlStore(self.engine), ServerClock()
        steps = CaseSteps(store, self.policy, KEYRING, ways_of({**OWN_RAILS, "stripe": NO_LIMITS}))
        tills: dict[str, Payments] = {
            "stripe": self.provider,
            STORE_CREDIT: StoredValuePayments(self.engine, STORE_CREDIT, clock),
            BY_HAND: HandPayments(self.engine, clock),
        }
        payees = PayeeStore(self.engine, vault())
        letters = Notifications(store, FakeLetters("agents@shop.example"), self.mailer, clock, "shop.example")
        served: dict[str, list[Callable[..., Any]]] = {
            names.QUEUE_CASES: [steps.intake, steps.record_message, steps.record_payment, steps.elapse],
            names.QUEUE_NOTIFICATIONS: [letters.notify],
            names.QUEUE_EVIDENCE: [check_evidence],
        }
        for provider, payments in tills.items():
            calls = PaymentCalls(payments, store, clock, payees, NO_LIMITS)
            served[names.payments_queue(provider)] = [calls.submit_leg, calls.query_leg]
        return [
            Worker(
                client,
                task_queue=queue,
                activities=activities,
                workflows=[RefundCase] if queue == names.QUEUE_CASES else [],
                workflow_failure_exception_types=[Exception],
            )
            for queue, activities in served.items()
        ]


@asynccontextmanager
async def open_world(env: WorkflowEnvironment, database_url: str) -> AsyncIterator[World]:
    """The world of one server and one new SQLite file, its workers at work until the end of the block.

    All cases share the workers: one left without them would stop the server's clock for good.
    """
    await upgrade(database_url)
    # The name that histories carry: not that of the machine they were recorded on.
    client = await Client.connect(
        env.client.service_client.config.target_host,
        identity="recorder",
        data_converter=pydantic_data_converter,
    )
    shop = AfterSales(client, caller=CALLER, key=KEY, answer_limit_s=PATIENCE_S, call_limit_s=PATIENCE_S)
    world = World(env, shop, create_store_engine(database_url))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(world.engine.dispose)
        for worker in world.workers(client):
            await stack.enter_async_context(worker)
        yield world


@dataclass
class Scene:
    """One case by its story's name; names give the application number, so that each recording has the same."""

    world: World
    name: str

    def __post_init__(self) -> None:
        self.number = number_for(CALLER, self.name)
        self.order_id = f"order-{self.number}"

    @property
    def _handle(self) -> WorkflowHandle[RefundCaseHandle, CaseResult]:
        return self.world.env.client.get_workflow_handle_for(RefundCaseHandle.run, workflow_id(self.number))

    # --- the customer and the shop --------------------------------------------------------------------

    async def apply(self, *, order_known: bool = True) -> None:
        """One broken cup out of three, of an order paid by card."""
        if order_known:
            await self.learn_of_the_order()
        asked = application(
            order_id=self.order_id, items=items(cups=1), description="The handle came off when I unpacked it."
        )
        await self.world.shop.apply(asked, request_key=self.name)

    async def learn_of_the_order(self) -> None:
        await save_orders(self.world.engine, [_paid_by_card(self.order_id)])

    async def choose(self, method: PayoutMethod, account: str = "") -> None:
        """Where the money is to go instead."""
        token = f"payee-{self.name}" if account else ""
        if account:
            at = datetime.now(UTC)
            taking = Taking(number=self.number, customer_id=CUSTOMER, masked="wx•••", by=CUSTOMER, at=at)
            await PayeeStore(self.world.engine, vault()).keep(
                Payee(token=token, method=method, account=account), taking
            )
        choice = PayoutChoice(method=method, payee=token)
        told = self.world.shop.choose_payout
        accepted(await told(self.number, choice, actor=CUSTOMER, message_id="destination"))

    # --- staff ----------------------------------------------------------------------------------------

    async def review(self, kind: DecisionKind, explanation: str = "") -> None:
        """A decision by signal."""
        decision = Decision(kind=kind, explanation=explanation)
        await self.world.shop.review(self.number, decision, actor="agent-1")

    async def decide(
        self, kind: DecisionKind, role: Role = Role.AGENT, explanation: str = "", reason_code: str = ""
    ) -> None:
        """A decision by update, accepted."""
        decision = Decision(kind=kind, explanation=explanation, reason_code=reason_code)
        accepted(
            await self.world.shop.decide(
                self.number, decision, actor=f"{role.value}-1", role=role, message_id=f"{kind.value} by {role.value}"
            )
        )

    async def paid_by_hand(self, act: HandPaymentAct, actor: str, reference: str = "") -> None:
        """What a finance person did about the payment that has no interface."""
        async with SqlStore(self.world.engine).begin() as unit:
            number = (await unit.legs(self.number))[-1].leg.provider_number
        said = HandPayment(provider_number=number, act=act, reference=reference)
        told = self.world.shop.record_hand_payment
        accepted(await told(self.number, said, actor=actor, role=Role.FINANCE, message_id=f"{act.value} by {actor}"))

    # --- the provider ---------------------------------------------------------------------------------

    def provider_answers(self, *outcomes: PaymentOutcome) -> None:
        self.world.provider.refunds.extend(outcomes)

    def provider_knows(self, *outcomes: PaymentOutcome) -> None:
        """What it says when it is asked."""
        self.world.provider.queries.extend(outcomes)

    async def provider_has_news(self) -> None:
        await self.world.shop.payment_changed(self.number, PaymentChanged(provider="stripe"))

    # --- time -----------------------------------------------------------------------------------------

    async def pass_time(self, **units: float) -> None:
        await until_at_rest(self.world.env.client, workflow_id(self.number))
        await self.world.env.sleep(timedelta(**units))
        await until_at_rest(self.world.env.client, workflow_id(self.number))

    async def wait_for(self, waits_for: WaitsFor) -> None:
        """Wait, in real time, until the case's row says so.

        Nobody is asked for a view here: a query may cost the case a workflow task, which its callers do not ask for.
        """
        async with asyncio.timeout(PATIENCE_S):
            while (row := await self._row()) is None or row.waits_for is not waits_for:
                await asyncio.sleep(0.02)

    async def _row(self) -> CaseRow | None:
        async with SqlStore(self.world.engine).begin() as unit:
            return await unit.case(self.number)

    async def hear(self, stage: Stage, times: int = 1) -> None:
        """Wait, in real time, until this letter went out to the agents."""
        async with asyncio.timeout(PATIENCE_S):
            while self._letters().count(stage) < times:
                await asyncio.sleep(0.02)

    def _letters(self) -> list[Stage]:
        sent = self.world.mailer.sent
        return [mail.stage for mail in sent if mail.number == self.number and mail.recipient.startswith("agents")]

    async def end(self) -> tuple[CaseStatus, WorkflowHistory]:
        """Let everything else run out."""
        while (row := await self._row()) is None or row.closed_at is None:
            await self.pass_time(days=10)
        result = await self._handle.result()
        return result.status, await self._handle.fetch_history()

    async def stop(self) -> None:
        """End a case whose story failed, so that it does not meddle with the next one."""
        await self._handle.terminate(f"the story {self.name} failed")


def accepted(answer: Answer) -> None:
    assert answer.accepted, answer.sentence


def outcome(kind: OutcomeKind, code: str = "", *, elsewhere: bool = False) -> PaymentOutcome:
    return PaymentOutcome(kind=kind, code=code, elsewhere=elsewhere)


def _paid_by_card(order_id: str) -> OrderRecord:
    order = order_record(order_id)
    card = order.tenders[0].model_copy(update={"captured_minor": sum(t.captured_minor for t in order.tenders)})
    return order.model_copy(update={"tenders": (card,)})
