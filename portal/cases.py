"""The line to the cases: the client package, connected when it is first needed.

The portal takes webhooks while Temporal is down, so it must start without it.
"""

from __future__ import annotations

from aftersales.client import AfterSales
from aftersales.contract.messages import Answer, PaymentChanged, PayoutChoice, SurveyAnswer
from aftersales.contract.values import Role
from aftersales.encryption import EncryptionSettings
from aftersales.proof import ProofKey

CALLER = "portal"


class ClientCases:
    """Cases by way of `aftersales.AfterSales`; `key` vouches for customers and for nobody else."""

    def __init__(
        self, key: ProofKey, address: str | None, namespace: str | None, encryption: EncryptionSettings | None = None
    ) -> None:
        self._key = ProofKey(key.key_id, key.secret, frozenset({Role.CUSTOMER}))
        self._address, self._namespace, self._encryption = address, namespace, encryption
        self._client: AfterSales | None = None

    async def payment_changed(self, number: str, hint: PaymentChanged) -> None:
        """Tell a case that a provider has news. Raises AftersalesError."""
        client = await self._connected()
        await client.payment_changed(number, hint)

    async def answer_survey(self, number: str, message: SurveyAnswer, *, actor: str, message_id: str) -> Answer:
        """Hand an answer in as the customer `actor`. Raises AftersalesError, nobody_answers among them."""
        client = await self._connected()
        return await client.answer_survey(number, message, actor=actor, message_id=message_id)

    async def choose_payout(self, number: str, message: PayoutChoice, *, actor: str, message_id: str) -> Answer:
        """Say where the money of the customer `actor` is to go. Raises AftersalesError, nobody_answers among them."""
        client = await self._connected()
        return await client.choose_payout(number, message, actor=actor, message_id=message_id)

    async def _connected(self) -> AfterSales:
        """No lock: while Temporal is down, nobody waits behind another's attempt to reach it."""
        if self._client is None:
            self._client = await AfterSales.connect(
                caller=CALLER,
                key=self._key,
                address=self._address,
                namespace=self._namespace,
                encryption=self._encryption,
            )
        return self._client
