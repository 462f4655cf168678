"""Whatever goes wrong, in whatever order: each leg is executed once, and ledger and providers agree (I1–I4, R1, R4–R8).

Four providers and stored value pay one order back, by the real adapters, activities and workflow decisions, while the
sandbox breaks calls, workers and workflows die, clocks jump, money comes back and webhooks come early, late, twice or
not at all.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from activities.casefile import OPEN
from activities.types import Leg, Message
from aftersales.contract.messages import Decision, PayoutChoice, Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, LegState, MessageKind, PayoutMethod, Role, WaitsFor
from integrations.hearing import WebhookRefusedError
from sandbox.app import create_app
from sandbox.settings import SandboxSettings
from sandbox.wechat import WeChatSandboxSettings
from storage import schema
from storage.portal import ProviderEvent
from tests.activities.shop import CUSTOMER
from tests.payments.conftest import wanted
from tests.payments.oracle import Oracle
from tests.payments.postbox import Postbox
from tests.payments.shop import METHODS, Crash, Shop, real_now
from tests.payments.till import Till
from tests.sandbox.servers import PATIENCE_S, Box, sdk_for, serving, until

FAULTS = (
    "drop_request",
    "execute_then_drop",
    "execute_then_500",
    "error_500",
    "429",
    "truncate",
    "unreadable",
    "pending",
    "requires_action",
    "call_back_twice",
    "never_call_back",
    "bad_signature",
    "out_of_order",
)
SECONDS = (5, 61, 3_600, 21 * 3_600, 25 * 3_600, 4 * 86_400)
MOST_CASES = 4
ROUNDS_TO_REST = 40
# Drawn without regard to what there is, so that a step means the same whenever it is played again.
ANY = st.integers(0, 59)


class House:
    """A sandbox, a postbox and a migrated database that live as long as the test."""

    def __init__(self, runner: asyncio.Runner, box: Box, postbox: Postbox, migrated: Path) -> None:
        self.runner = runner
        self.box = box
        self.postbox = postbox
        self.migrated = migrated
        self.names = count()

    @classmethod
    async def build(cls, runner: asyncio.Runner, folder: Path, closing: AsyncExitStack) -> House:
        postbox = Postbox()
        postbox.url = await closing.enter_async_context(serving(postbox, lifespan="off"))
        sandbox = create_app(SandboxSettings(), WeChatSandboxSettings(settle_after_s=None))
        url = await closing.enter_async_context(serving(sandbox))
        admin = await closing.enter_async_context(httpx.AsyncClient(base_url=url, timeout=PATIENCE_S))
        await schema.upgrade(f"sqlite:///{folder / 'migrated.db'}")
        return cls(runner, Box(url, admin, sdk_for(url)), postbox, folder / "migrated.db")

    def copy(self) -> Path:
        return Path(shutil.copy(self.migrated, self.migrated.with_name(f"{next(self.names)}.db")))


class PayingBack(RuleBasedStateMachine):
    """One order and up to four cases that pay it back, in parts."""

    house: ClassVar[House]

    def __init__(self) -> None:
        super().__init__()
        self.closing = AsyncExitStack()
        self.tills: list[Till] = []

    def do(self, act: Coroutine[Any, Any, None]) -> None:
        self.house.runner.run(act)

    @initialize(units=st.tuples(st.integers(4, 5), st.integers(4, 5)))
    def open(self, units: tuple[int, int]) -> None:
        """So many units that every payment of the order gives something back."""
        self.do(self._open(units))

    async def _open(self, units: tuple[int, int]) -> None:
        self.shop = await Shop.open(self.house.box, self.house.postbox, self.house.copy(), self.closing)
        self.oracle = Oracle(self.shop)
        for each in units:
            await self._apply(each)

    @rule(units=st.integers(1, 3))
    def apply(self, units: int) -> None:
        if len(self.tills) < MOST_CASES:
            self.do(self._apply(units))

    async def _apply(self, units: int) -> None:
        self.tills.append(await Till.apply(self.shop, f"key-{len(self.tills)}", units))

    # --- the case goes on, or its worker dies ----------------------------------------------------------------

    @rule(which=ANY)
    def go_on(self, which: int) -> None:
        till = self._till(which)
        self.do(till.go_on())

    @rule(which=ANY, crash=st.sampled_from(Crash), lost_too=st.booleans())
    def go_on_with_a_worker_that_dies(self, which: int, crash: Crash, lost_too: bool) -> None:
        till = self._till(which)
        till.crash, till.lost_too = crash, lost_too
        self.do(till.go_on())
        till.crash, till.lost_too = None, False

    @rule(which=ANY)
    def lose_the_result_of_a_step(self, which: int) -> None:
        till = self._till(which)
        till.lost_result = True

    @rule(which=ANY)
    def lose_the_workflow(self, which: int) -> None:
        till = self._till(which)
        self.do(till.lose_the_workflow())

    # --- what the providers do -------------------------------------------------------------------------------

    @rule(which=ANY, kind=st.sampled_from(FAULTS), looks_too=st.booleans(), times=st.integers(1, 4))
    def go_on_while_calls_fail(self, which: int, kind: str, looks_too: bool, times: int) -> None:
        self.do(self.house.box.script(kind, method="*" if looks_too else "POST", times=times))
        self.go_on(which)

    @rule(seconds=st.sampled_from(SECONDS))
    def time_passes(self, seconds: int) -> None:
        """Whatever a case waited for in hours or days it looks after now."""
        self.do(self.shop.turn(seconds))
        for till in self.tills:
            self.do(till.go_on())

    @rule(which=ANY, success=st.booleans(), told=st.booleans())
    def what_pends_ends(self, which: int, success: bool, told: bool) -> None:
        for till, leg in self._leg(which, LegState.PENDING):
            self.do(self.shop.end(leg, success=success))
            self.do(till.hear(leg.provider_number) if told else till.go_on())

    @rule(which=ANY, told=st.booleans())
    def money_comes_back(self, which: int, told: bool) -> None:
        for till, leg in self._leg(which, LegState.SUCCEEDED):
            self.do(self.shop.take_back(leg))
            self.do(till.hear(leg.provider_number) if told else till.go_on())

    @rule(provider=st.sampled_from(["stripe", "alipay", "wechat", "bank"]), minor=st.sampled_from([0, None]))
    def the_merchants_balance_changes(self, provider: str, minor: int | None) -> None:
        self.do(self.shop.fund(provider, minor))

    @rule(closed=st.booleans())
    def the_customers_accounts_close_and_open(self, closed: bool) -> None:
        self.do(self.shop.close_accounts(closed=closed))

    @rule(skipped=st.integers(0, 20), times=st.integers(1, 3))
    def webhooks_come(self, skipped: int, times: int) -> None:
        """Some that were just sent, or much earlier, the newest first."""
        for place in range(skipped, skipped + 3):
            self.do(self._bring(place, times))

    # --- what people do --------------------------------------------------------------------------------------

    @rule(which=ANY)
    def the_customer_withdraws(self, which: int) -> None:
        till = self._till(which)
        self.do(self._say(till, Withdrawal(), MessageKind.WITHDRAWAL))

    @rule(which=ANY, kind=st.sampled_from([DecisionKind.APPROVE, DecisionKind.REJECT]))
    def finance_decides(self, which: int, kind: DecisionKind) -> None:
        till = self._till(which, CaseStatus.PAYMENT_FAILED)
        decision = Decision(kind=kind, explanation="It cannot be paid.")
        self.do(self._say(till, decision, MessageKind.DECISION, "finance-1", Role.FINANCE))

    @rule(which=ANY, method=st.sampled_from(METHODS))
    def customers_name_a_destination(self, which: int, method: PayoutMethod) -> None:
        """Whoever is asked for one; else somebody who is not."""
        asked = [till for till in self.tills if till.case.standing.waits_for is WaitsFor.CUSTOMER]
        for till in asked or [self.tills[which % len(self.tills)]]:
            self.do(self._choose(till, method))

    # --- what holds ------------------------------------------------------------------------------------------

    @invariant()
    def no_money_moves_twice_or_beside_the_books(self) -> None:
        self.do(self.oracle.check([till.number for till in self.tills]))

    def teardown(self) -> None:
        self.do(self._come_to_rest())

    async def _come_to_rest(self) -> None:
        """The bad days are over: every case reaches its end or waits for somebody, and the books agree."""
        async with self.closing:
            await self.house.box.admin.delete("/admin/faults")
            await self.shop.close_accounts(closed=False)
            for provider in ("stripe", "alipay", "wechat", "bank"):
                await self.shop.fund(provider, None)
            for _ in range(ROUNDS_TO_REST):
                if not await self._unfinished():
                    break
            for till in self.tills:
                await till.hear("")  # what the reconciliation asks for
                assert till.status is not CaseStatus.PAYING, f"{till.number} is never paid: {till.case.standing}"
                await till.lose_the_workflow()
            await self.oracle.check([till.number for till in self.tills])
            await self.oracle.agree()

    async def _unfinished(self) -> list[Till]:
        """One more round of those that are still paying, a minute later."""
        paying = [till for till in self.tills if till.status is CaseStatus.PAYING]
        await self.shop.turn(61)
        for till in paying:
            for leg in [leg for leg in till.legs() if leg.state in OPEN]:
                await self.shop.end(leg, success=True)
            await till.hear("")
        return paying

    # --- helpers of the rules --------------------------------------------------------------------------------

    def _till(self, which: int, status: CaseStatus | None = None) -> Till:
        """One in that status, if there is one; else any."""
        tills = [till for till in self.tills if till.status is status] or self.tills
        return tills[which % len(tills)]

    def _leg(self, which: int, state: LegState) -> list[tuple[Till, Leg]]:
        """One in that state, or none."""
        found = [(till, leg) for till in self.tills for leg in till.legs() if leg.state is state]
        return [found[which % len(found)]] if found else []

    async def _say(
        self, till: Till, message: Message, kind: MessageKind, actor: str = CUSTOMER, role: Role = Role.CUSTOMER
    ) -> None:
        await till.say(message, kind, actor, role)
        await till.go_on()

    async def _choose(self, till: Till, method: PayoutMethod) -> None:
        token = await self.shop.keep(till.number, method)
        await self._say(till, PayoutChoice(method=method, payee=token, masked="••"), MessageKind.PAYOUT_CHOICE)

    async def _bring(self, place: int, times: int) -> None:
        """One of the deliveries so far, counted from the last; the portal believes it, stores it and hints at it."""

        async def delivered() -> bool:
            waiting: int = (await self.house.box.admin.get("/admin/health")).json()["deliveries_waiting"]
            return waiting == 0

        await until(delivered)
        if place >= len(self.house.postbox.deliveries):
            return
        delivery = self.house.postbox.deliveries[-1 - place]
        try:
            event = self.shop.readers[delivery.provider].read(delivery.body, delivery.headers, real_now())
        except WebhookRefusedError:
            return  # forged
        said = ProviderEvent(
            provider=event.provider,
            event_id=event.event_id,
            received_at=self.shop.clock.now(),
            provider_number=event.provider_number,
            reference=event.object_id,
            says=event.says,
            payload="",
            kind=event.kind,
            amount=event.amount,
        )
        for received in await self.shop.inbox.receive_all([said] * times):
            if received is not None and received.bearing.needs_telling:
                await next(till for till in self.tills if till.number == received.news.number).hear(
                    said.provider_number
                )


@pytest.mark.timeout(900)  # the profile that one asks for takes as long as it takes
def test_no_sequence_of_bad_days_pays_a_leg_twice_or_leaves_the_books_wrong(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        closing = AsyncExitStack()
        PayingBack.house = runner.run(House.build(runner, tmp_path, closing))
        try:
            run_state_machine_as_test(PayingBack, settings=wanted())
        finally:
            runner.run(closing.aclose())
