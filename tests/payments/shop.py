"""One order paid by card, Alipay and WeChat Pay, and everything real that pays it back: adapters, activities, database.

The providers are the sandbox's; its clock and the product's go together.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.case_steps import CaseSteps
from activities.payments import PaymentCalls
from activities.ports import Payee, Payments
from activities.rows import LegRow
from activities.rulings import Action
from activities.types import Leg, PaymentOutcome
from aftersales.contract.values import Movement, PayoutMethod
from domain.rails import OWN_RAILS, STORE_CREDIT, ways_of
from integrations.provider import ProviderBlock
from storage.engine import create_store_engine
from storage.payees import PayeeStore, Taking
from storage.portal import PortalStore
from storage.store import SqlStore
from storage.stored_value import StoredValuePayments
from tests.activities.imported import line, stated_order, take_in
from tests.activities.shop import CUSTOMER, KEYRING, NOW
from tests.fakes import FakeClock, FakePolicy
from tests.integrations.contract.alipay_bench import AlipayTransfers
from tests.integrations.contract.bank_bench import BankPayouts
from tests.integrations.contract.stripe_bench import StripeRefunds
from tests.integrations.contract.wechat_bench import WeChatRefunds
from tests.payments.postbox import Postbox
from tests.sandbox.servers import Box
from tests.support.keys import vault

ORDER_ID: Final = "order-2"
UNITS: Final = 12
UNIT_MINOR: Final = 1_500
OF_EACH_MINOR: Final = 6_000
REFERENCES: Final = {"stripe": "ch_1", "alipay": "2026030122001", "wechat": "4200000001"}
METHODS: Final = (PayoutMethod.BANK_TRANSFER, PayoutMethod.ALIPAY, PayoutMethod.STORE_CREDIT)
ACCOUNTS: Final = {
    PayoutMethod.BANK_TRANSFER: ("DE89370400440532013000", "Wang Fang", "COBADEFFXXX"),
    PayoutMethod.ALIPAY: ("payee@example.com", "张三", ""),
}


_USUAL: Final = ("succeed", "fail")
_ENDINGS: Final = {"wechat": ("success", "abnormal")}


class Crash(StrEnum):
    """When a worker dies during a provider's call."""

    BEFORE_SENDING = "before sending"
    AFTER_SENDING = "after sending"
    AFTER_LEARNING = "after learning"


class WorkerDiedError(Exception):
    """The worker is gone; nobody hears what it knew."""


class Mortal:
    """A provider's adapter in a worker that dies once, when told to."""

    def __init__(self, payments: Payments) -> None:
        self.provider = payments.provider
        self.key_life_s = payments.key_life_s
        self.dies: Crash | None = None
        self._payments = payments

    async def refund(self, leg: LegRow) -> PaymentOutcome:
        return await self._once(lambda: self._payments.refund(leg))

    async def pay_out(self, leg: LegRow, payee: Payee) -> PaymentOutcome:
        return await self._once(lambda: self._payments.pay_out(leg, payee))

    async def query(self, leg: LegRow) -> PaymentOutcome:
        return await self._once(lambda: self._payments.query(leg))

    async def _once(self, call: Callable[[], Awaitable[PaymentOutcome]]) -> PaymentOutcome:
        dies, self.dies = self.dies, None
        if dies is Crash.BEFORE_SENDING:
            raise WorkerDiedError
        outcome = await call()
        if dies is not None:
            raise WorkerDiedError
        return outcome


class Shop:
    """Everything of one example; `open` makes the sandbox as on its first day and takes the order in."""

    def __init__(self, box: Box, postbox: Postbox, engine: AsyncEngine, blocks: dict[str, ProviderBlock]) -> None:
        rails = {**OWN_RAILS, **{name: block.rail() for name, block in blocks.items()}}
        self.box = box
        self.postbox = postbox
        self.engine = engine
        self.store = SqlStore(engine)
        self.inbox = PortalStore(engine)
        self.clock = FakeClock(NOW)
        self.policy = FakePolicy(Action.APPROVE)
        self.payees = PayeeStore(engine, vault())
        self.steps = CaseSteps(self.store, self.policy, KEYRING, ways_of(rails))
        self.readers = {name: reader for name, block in blocks.items() if (reader := block.webhooks()) is not None}
        self.adapters = {name: Mortal(made) for name, block in blocks.items() if (made := block.payments()) is not None}
        self.adapters[STORE_CREDIT] = Mortal(StoredValuePayments(engine, STORE_CREDIT, self.clock))
        self.calls = {
            name: PaymentCalls(adapter, self.store, self.clock, self.payees, rails[name])
            for name, adapter in self.adapters.items()
        }

    @classmethod
    async def open(cls, box: Box, postbox: Postbox, database: Path, closing: AsyncExitStack) -> Self:
        await box.reset()
        postbox.deliveries.clear()
        await box.admin.put("/admin/clock", json={"now": NOW.isoformat()})
        await box.admin.put("/admin/webhooks", json={"url": f"{postbox.url}/stripe"})
        await box.admin.put("/admin/bank/terms", json={"webhook_url": f"{postbox.url}/bank"})
        for provider, reference in REFERENCES.items():
            name = "charge" if provider == "stripe" else "reference"
            seed = {name: reference, "amount": OF_EACH_MINOR} | ({"currency": "cny"} if provider == "stripe" else {})
            (await box.admin.post(f"/admin/{provider}/payments", json=seed)).raise_for_status()
        engine = create_store_engine(f"sqlite:///{database}")
        closing.push_async_callback(engine.dispose)
        shop = cls(box, postbox, engine, await _blocks(box, postbox.url))
        await shop._take_the_order_in()
        return shop

    async def _take_the_order_in(self) -> None:
        tenders: list[dict[str, object]] = [
            {"tender_id": provider, "provider": provider, "reference": reference, "captured_minor": OF_EACH_MINOR}
            for provider, reference in REFERENCES.items()
        ]
        cups = [line("cups", UNITS, UNIT_MINOR)]
        await take_in(self.engine, stated_order(cups, tenders, order_id=ORDER_ID, currency="CNY"))

    async def turn(self, seconds: int) -> None:
        """Both clocks forward."""
        self.clock.turn(seconds=seconds)
        await self.box.advance(seconds)

    async def keep(self, number: str, method: PayoutMethod) -> str:
        """The portal's part of naming a destination; gives its token."""
        if method not in ACCOUNTS:
            return ""
        token = f"payee-{number}-{method.value}"
        account, holder, bank = ACCOUNTS[method]
        payee = Payee(token=token, method=method, account=account, holder=holder, bank=bank)
        await self.payees.keep(payee, Taking(number=number, customer_id=CUSTOMER, masked="••", by="c", at=NOW))
        return token

    async def end(self, leg: Leg, *, success: bool) -> None:
        """The provider ends what pends; nothing happens to what does not."""
        path = await self._path_of(leg)
        if leg.provider == "bank":
            await self._tell(f"{path}/{'advance' if success else 'reject'}", {})
        else:
            await self._tell(f"{path}/finish", {"outcome": _ENDINGS.get(leg.provider, _USUAL)[not success]})

    async def take_back(self, leg: Leg) -> None:
        """The provider undoes what had succeeded; nothing happens to what had not."""
        path = await self._path_of(leg)
        if leg.provider in ("stripe", "wechat"):
            await self._tell(f"{path}/reverse", {})
        elif leg.movement is Movement.PAYOUT:
            await self._tell(f"{path}/return", {})
        elif (await self.box.tally(leg.provider_number)).get("not_reversed"):
            await self._tell(f"{path}/deposit-back", {"status": "F", "to": "merchant"})

    async def fund(self, provider: str, minor: int | None) -> None:
        """The merchant's balance there; None is endless."""
        balance = {"provider": provider, "currency": "cny", "amount": minor}
        await self.box.admin.put("/admin/balance", json=balance)

    async def close_accounts(self, *, closed: bool) -> None:
        """Everybody's accounts, at Alipay, WeChat Pay and the bank."""
        for login in (ACCOUNTS[PayoutMethod.ALIPAY][0], "13800005620"):
            state = "frozen" if closed else "open"
            (
                await self.box.admin.put("/admin/alipay/payees", json={"account": login, "state": state})
            ).raise_for_status()
        payer = f"/admin/wechat/payments/{REFERENCES['wechat']}/payer"
        (await self.box.admin.put(payer, json={"abnormal": closed})).raise_for_status()
        account = f"/admin/bank/accounts/{ACCOUNTS[PayoutMethod.BANK_TRANSFER][0]}"
        await self.box.admin.put(account, json={"state": "closed" if closed else "open"})

    async def _path_of(self, leg: Leg) -> str:
        noun = "payouts" if leg.provider == "bank" else "transfers" if leg.movement is Movement.PAYOUT else "refunds"
        name = leg.provider_number
        if leg.provider == "stripe":
            refunds = (await self.box.admin.get("/admin/stripe/refunds")).json()["refunds"]
            name = next((each["id"] for each in refunds if each["metadata"].get("leg") == name), name)
        return f"/admin/{leg.provider}/{noun}/{name}"

    async def _tell(self, path: str, body: dict[str, str]) -> httpx.Response:
        return await self.box.admin.post(path, json=body)


async def _blocks(box: Box, postbox: str) -> dict[str, ProviderBlock]:
    alipay = (await AlipayTransfers.settings(box, box.url)).model_copy(update={"notify_url": f"{postbox}/alipay"})
    wechat = (await WeChatRefunds.settings(box, box.url)).model_copy(update={"notify_url": f"{postbox}/wechat"})
    bank = (await BankPayouts.settings(box, box.url)).model_copy(update={"currencies": frozenset({"CNY"})})
    stripe = await StripeRefunds.settings(box, box.url)
    return {block.provider: block for block in (stripe, alipay, wechat, bank)}


def real_now() -> datetime:
    """What signatures of webhooks are measured by."""
    return datetime.now(UTC)
