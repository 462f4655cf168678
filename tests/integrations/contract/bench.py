"""What the contract suite needs to know of a provider, and the case's rule for an answer that tells nothing."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar, Final, Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from activities.ports import Payments
from activities.rows import LegRow
from activities.types import Leg, OutcomeKind, PaymentOutcome
from aftersales.contract.values import LegState, Money, Movement
from domain.rails import Rail
from integrations.provider import OpenPayments, ProviderBlock
from tests.sandbox.servers import Box, until

NUMBER: Final = "0123A-BCDEF-GHJK"
MINOR: Final = 1_000
CAPTURED: Final = 10_000
# How long an adapter waits for an answer: long enough for a busy machine, and in a hurry.
PATIENT_S: Final = 8.0
HASTY_S: Final = 0.6
MOST_TRIES: Final = 60
PAUSE_S: Final = 0.02
DONE: Final = (OutcomeKind.SUCCEEDED, OutcomeKind.PENDING)


class Bench(ABC):
    """One way of one provider: its adapter, and how its oracle counts.

    `accepted`: what an order that is executed is answered with.
    """

    name: ClassVar[str]
    provider: ClassVar[str]
    currency: ClassVar[str] = "CNY"
    movement: ClassVar[Movement] = Movement.REFUND
    accepted: ClassVar[OutcomeKind] = OutcomeKind.SUCCEEDED
    box: Box
    payments: Payments

    @classmethod
    @abstractmethod
    async def open(cls, box: Box, url: str) -> Self:
        """`box`: a sandbox as on its first day; `url`: where the adapter is to reach it."""

    @abstractmethod
    async def close(self) -> None:
        """Close the adapter's connections."""

    @classmethod
    @abstractmethod
    def rail(cls) -> Rail:
        """What the provider says it can do."""

    @abstractmethod
    async def seed(self, payment: int = 1) -> None:
        """Have the provider know the payment of that number, of CAPTURED minor units."""

    @abstractmethod
    def reference(self, payment: int) -> str:
        """The provider's name of that payment; empty where there is none."""

    @abstractmethod
    async def executions(self, leg: LegRow) -> int:
        """The oracle's count."""

    @abstractmethod
    async def finish(self, leg: LegRow, *, success: bool) -> None:
        """End what pends."""

    async def send(self, leg: LegRow) -> PaymentOutcome:
        """Refund or pay out, whichever this bench is about."""
        return await self.payments.refund(leg)

    def leg(
        self,
        minor: int = MINOR,
        payment: int = 1,
        state: LegState = LegState.SUBMITTING,
        currency: str = "",
    ) -> LegRow:
        """A leg of that payment, committed and about to be sent; its number names the payment."""
        leg = Leg(
            leg=payment,
            attempt=1,
            provider=self.provider,
            provider_number=f"{NUMBER}-{payment}-1",
            amount=Money(minor=minor, currency=currency or self.currency),
            state=state,
            movement=self.movement,
        )
        return LegRow(
            number=NUMBER,
            order_id="O-1",
            tender_id=f"T-{payment}",
            reference=self.reference(payment),
            leg=leg,
            captured_minor=CAPTURED,
        )

    async def succeed(self, leg: LegRow) -> None:
        """Order it, and have it end well."""
        await self.send(leg)
        if (await self.looked(leg)).kind is OutcomeKind.PENDING:
            await self.finish(leg, success=True)

    async def settled(self, leg: LegRow) -> PaymentOutcome:
        """What the case does until it knows: send, and after an answer that tells nothing look; only "not found" lets
        it send again, under a new key if the old one is spent."""
        for _ in range(MOST_TRIES):
            outcome = await self.send(leg)
            if outcome.kind is OutcomeKind.RETRY_SAME:
                continue
            if outcome.kind is not OutcomeKind.UNKNOWN:
                return outcome
            leg = leg.model_copy(update={"key_try": leg.key_try + outcome.key_spent})
            found = await self.looked(leg)
            if found.kind is not OutcomeKind.NOT_FOUND:
                return found
            await asyncio.sleep(PAUSE_S)
        raise AssertionError(f"{self.name} tells nothing after {MOST_TRIES} tries")

    async def looked(self, leg: LegRow) -> PaymentOutcome:
        """Look until the provider says something."""
        for _ in range(MOST_TRIES):
            found = await self.payments.query(leg)
            if found.kind is not OutcomeKind.UNKNOWN:
                return found
            await asyncio.sleep(PAUSE_S)
        raise AssertionError(f"{self.name} cannot be looked at after {MOST_TRIES} tries")


class SandboxBench(Bench):
    """One way of a provider outside, which the sandbox stands in for.

    `pends`: the provider can say that the result comes later. `records_returns`: what came back on the same day is
    told apart in its record of the day.
    """

    block_type: ClassVar[type[ProviderBlock]]
    pends: ClassVar[bool] = True
    records_returns: ClassVar[bool] = True

    def __init__(self, box: Box, block: ProviderBlock) -> None:
        self.box = box
        self.use(block)

    def use(self, block: ProviderBlock) -> None:
        """Take the adapter that this block makes."""
        made = block.payments()
        assert made is not None
        self.block = block
        self.payments: OpenPayments = made

    @classmethod
    async def open(cls, box: Box, url: str) -> Self:
        return cls(box, await cls.settings(box, url))

    async def close(self) -> None:
        await self.payments.close()

    async def hurry(self) -> None:
        """Wait for answers no longer than `HASTY_S` from now on."""
        await self.close()
        self.use(self.block.model_copy(update={"timeout_s": HASTY_S}))

    @classmethod
    def rail(cls) -> Rail:
        return cls.block_type().rail()

    @classmethod
    @abstractmethod
    async def settings(cls, box: Box, url: str) -> ProviderBlock:
        """The provider's block for this sandbox, pointed at `url`; its adapter waits for `PATIENT_S`."""

    @classmethod
    @abstractmethod
    def not_ours(cls) -> dict[str, SecretStr]:
        """Fields of the block with a key that the provider does not take."""

    @abstractmethod
    async def take_back(self, leg: LegRow) -> None:
        """Undo a success days later."""

    async def call_back_to(self, url: str | None) -> None:
        """Where the provider sends its events; None for nowhere."""
        assert (await self.box.admin.put("/admin/webhooks", json={"url": url})).status_code == 200

    async def told(self, path: str, body: dict[str, object]) -> None:
        """Tell the sandbox something on its provider's side of the test."""
        answer = await self.box.admin.post(f"/admin/{self.provider}/{path}", json=body)
        assert answer.status_code == 200, answer.text

    async def fund(self, minor: int | None) -> None:
        """Set the merchant's balance; None is endless."""
        balance = {"provider": self.provider, "currency": self.currency.lower(), "amount": minor}
        assert (await self.box.admin.put("/admin/balance", json=balance)).status_code == 200

    async def executions(self, leg: LegRow) -> int:
        return await self.box.executions(leg.leg.provider_number)

    async def executed(self, leg: LegRow, times: int) -> None:
        """Wait until the oracle counts so many: the adapter may have stopped waiting before the provider was done."""

        async def counted() -> bool:
            return await self.executions(leg) == times

        await until(counted)

    async def standing(self, leg: LegRow) -> int:
        """The oracle's count without what was taken back."""
        return (await self.box.tally(leg.leg.provider_number))["not_reversed"]


def strange_rsa_key() -> SecretStr:
    """A private key, PEM, that no provider knows."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SecretStr(key.private_bytes(*form).decode())


def state_of(leg: LegRow, state: LegState) -> LegRow:
    """The leg's row once that much is known of it."""
    return leg.model_copy(update={"leg": leg.leg.model_copy(update={"state": state})})
