"""Alipay's two ways, for the contract suite: the refund of a trade, and the transfer to an account."""

from __future__ import annotations

from typing import Final

from pydantic import SecretStr

from activities.ports import Payee
from activities.rows import LegRow
from activities.types import PaymentOutcome
from aftersales.contract.values import Movement, PayoutMethod
from integrations.alipay.adapter import Bounce
from integrations.alipay.block import AlipayBlock
from tests.integrations.contract.bench import CAPTURED, PATIENT_S, SandboxBench, strange_rsa_key
from tests.sandbox.servers import Box

PAYEE: Final = Payee(token="payee-1", method=PayoutMethod.ALIPAY, account="payee@example.com", holder="张三")


class _Alipay(SandboxBench):
    provider = "alipay"
    block_type = AlipayBlock

    @classmethod
    async def settings(cls, box: Box, url: str) -> AlipayBlock:
        keys = (await box.admin.get("/admin/alipay/keys")).json()
        return AlipayBlock(
            **keys,
            gateway=f"{url}/gateway.do",
            timeout_s=PATIENT_S,
            # Alipay leaves refused money with the buyer; only where it comes back is there anything to reverse.
            bounced_refund=Bounce.MERCHANT,
        )

    @classmethod
    def not_ours(cls) -> dict[str, SecretStr]:
        return {"private_key": strange_rsa_key()}

    async def call_back_to(self, url: str | None) -> None:
        # Alipay calls the address that the order names.
        await self.payments.close()
        self.use(self.block.model_copy(update={"notify_url": url or ""}))


class AlipayRefunds(_Alipay):
    """A refund of Alipay's has no state between asked for and done: until then it is as if never sent."""

    name = "alipay"
    pends = False
    records_returns = False

    async def seed(self, payment: int = 1) -> None:
        trade = {"reference": self.reference(payment), "amount": CAPTURED, "channel": "BANKCARD"}
        await self.told("payments", {**trade})

    def reference(self, payment: int) -> str:
        return f"20261101{payment:020}"

    async def finish(self, leg: LegRow, *, success: bool) -> None:
        ending = {"outcome": "succeed" if success else "fail"}
        await self.told(f"refunds/{leg.leg.provider_number}/finish", {**ending})

    async def take_back(self, leg: LegRow) -> None:
        await self.told(f"refunds/{leg.leg.provider_number}/deposit-back", {"status": "F", "to": "merchant"})


class AlipayTransfers(_Alipay):
    name = "alipay-transfer"
    movement = Movement.PAYOUT

    async def seed(self, payment: int = 1) -> None:
        """A transfer is paid out of the balance, whatever was paid before."""

    def reference(self, payment: int) -> str:  # noqa: ARG002 - a payout is of no payment
        return ""

    async def send(self, leg: LegRow) -> PaymentOutcome:
        return await self.payments.pay_out(leg, PAYEE)

    async def finish(self, leg: LegRow, *, success: bool) -> None:
        ending = {"outcome": "succeed" if success else "fail"}
        await self.told(f"transfers/{leg.leg.provider_number}/finish", {**ending})

    async def take_back(self, leg: LegRow) -> None:
        await self.told(f"transfers/{leg.leg.provider_number}/return", {})
