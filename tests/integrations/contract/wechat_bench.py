"""WeChat Pay, for the contract suite."""

from __future__ import annotations

from pydantic import SecretStr

from activities.rows import LegRow
from activities.types import OutcomeKind
from integrations.wechat import WeChatBlock
from tests.integrations.contract.bench import CAPTURED, PATIENT_S, SandboxBench, strange_rsa_key
from tests.sandbox.servers import Box


class WeChatRefunds(SandboxBench):
    name = "wechat"
    provider = "wechat"
    block_type = WeChatBlock
    accepted = OutcomeKind.PENDING

    @classmethod
    async def settings(cls, box: Box, url: str) -> WeChatBlock:
        keys = (await box.admin.get("/admin/wechat/keys")).json()
        return WeChatBlock(**keys, api_base=url, timeout_s=PATIENT_S)

    @classmethod
    def not_ours(cls) -> dict[str, SecretStr]:
        return {"private_key": strange_rsa_key()}

    async def seed(self, payment: int = 1) -> None:
        await self.told("payments", {"reference": self.reference(payment), "amount": CAPTURED})

    def reference(self, payment: int) -> str:
        return f"4200{payment:08}"

    async def finish(self, leg: LegRow, *, success: bool) -> None:
        ending = {"outcome": "success" if success else "closed"}
        await self.told(f"refunds/{leg.leg.provider_number}/finish", {**ending})

    async def take_back(self, leg: LegRow) -> None:
        await self.told(f"refunds/{leg.leg.provider_number}/reverse", {})
