"""Stripe, for the contract suite."""

from __future__ import annotations

from pydantic import SecretStr

from activities.rows import LegRow
from integrations.stripe import StripeBlock
from tests.integrations.contract.bench import CAPTURED, PATIENT_S, SandboxBench
from tests.sandbox.servers import API_KEY, WEBHOOK_SECRET, Box


class StripeRefunds(SandboxBench):
    name = "stripe"
    provider = "stripe"
    block_type = StripeBlock
    currency = "USD"

    @classmethod
    async def settings(cls, box: Box, url: str) -> StripeBlock:  # noqa: ARG003 - its keys are known
        return StripeBlock(
            api_key=SecretStr(API_KEY),
            api_base=url,
            timeout_s=PATIENT_S,
            webhook_secrets=(SecretStr(WEBHOOK_SECRET),),
        )

    @classmethod
    def not_ours(cls) -> dict[str, SecretStr]:
        return {"api_key": SecretStr("sk_test_of_yesterday")}

    async def seed(self, payment: int = 1) -> None:
        await self.box.seed(self.reference(payment), CAPTURED, "usd")

    def reference(self, payment: int) -> str:
        return f"ch_{payment}"

    async def finish(self, leg: LegRow, *, success: bool) -> None:
        await self.told(f"refunds/{await self._id(leg)}/finish", {"outcome": "succeed" if success else "fail"})

    async def take_back(self, leg: LegRow) -> None:
        await self.told(f"refunds/{await self._id(leg)}/reverse", {})

    async def _id(self, leg: LegRow) -> str:
        return (await self.payments.query(leg)).provider_reference
