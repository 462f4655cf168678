"""Bank payouts, for the contract suite."""

from __future__ import annotations

from typing import Final

from pydantic import SecretStr

from activities.ports import Payee
from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.values import Movement, PayoutMethod
from integrations.bank import BankBlock
from tests.integrations.contract.bench import PATIENT_S, SandboxBench
from tests.sandbox.servers import Box

PAYEE: Final = Payee(
    token="payee-1",
    method=PayoutMethod.BANK_TRANSFER,
    account="DE89370400440532013000",
    holder="Erika Mustermann",
    bank="COBADEFFXXX",
)


class BankPayouts(SandboxBench):
    name = "bank"
    provider = "bank"
    block_type = BankBlock
    currency = "EUR"
    movement = Movement.PAYOUT
    accepted = OutcomeKind.PENDING

    @classmethod
    async def settings(cls, box: Box, url: str) -> BankBlock:
        known = (await box.admin.get("/admin/bank/credentials")).json()
        return BankBlock(
            api_base=url + known["path"],
            token=SecretStr(known["token"]),
            debtor_account=known["account"],
            webhook_secrets=(SecretStr(known["webhook_secret"]),),
            currencies=frozenset({cls.currency}),
            timeout_s=PATIENT_S,
        )

    @classmethod
    def not_ours(cls) -> dict[str, SecretStr]:
        return {"token": SecretStr("bank_of_yesterday")}

    async def seed(self, payment: int = 1) -> None:
        """A bank pays out of the balance, whatever was paid before."""

    def reference(self, payment: int) -> str:  # noqa: ARG002 - a payout is of no payment
        return ""

    async def send(self, leg: LegRow) -> PaymentOutcome:
        return await self.payments.pay_out(leg, PAYEE)

    async def finish(self, leg: LegRow, *, success: bool) -> None:
        await self.told(f"payouts/{leg.leg.provider_number}/{'advance' if success else 'reject'}", {})

    async def take_back(self, leg: LegRow) -> None:
        await self.told(f"payouts/{leg.leg.provider_number}/return", {})

    async def call_back_to(self, url: str | None) -> None:
        answer = await self.box.admin.put("/admin/bank/terms", json={"webhook_url": url})
        assert answer.status_code == 200, answer.text
