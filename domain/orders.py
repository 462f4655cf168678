"""An order as it is taken in, whoever states it: its shares are frozen before anybody stores it.

What was bought never changes. Whether it is paid and when it was delivered are facts that come later, so they are
no part of what makes two records the same order.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from aftersales.contract.values import Currency, Frozen, Language, OpaqueId
from domain.allocation import FrozenLine, FrozenShipping, ThresholdPromotion

LATER_FACTS = frozenset({"paid", "delivered_at"})
"""The fields of an order that a later import may change."""


class Account(Frozen):
    """The buyer. `state` is `active` or what the shop says otherwise (closed, blocked).

    `contact_verified`: the shop knows that mail address or telephone number is theirs. `guest`: bought without an
    account, so that only the order's contact tells who it is. `since`: when the account was opened.
    """

    customer_id: str
    state: str = "active"
    name: str = ""
    email: str = ""
    phone: str = ""
    language: Language = Language.ZH_CN
    contact_verified: bool = False
    guest: bool = False
    since: datetime | None = None


class RecordLine(Frozen):
    """A line as bought; its shares are frozen already, its quantity is that of the shares."""

    sku: str
    title: str
    category: str
    final_sale: bool
    frozen: FrozenLine


class RecordTender(Frozen):
    """A payment of the order, as the provider knows it; tenders come in the order they were charged."""

    tender_id: OpaqueId
    provider: str
    reference: str
    captured_minor: int


class OrderRecord(Frozen):
    """An order as it is stored. Amounts in minor units of `currency`, times in UTC."""

    order_id: OpaqueId
    account: Account
    currency: Currency
    paid: bool
    bought_at: datetime
    delivered_at: datetime | None = None
    lines: tuple[RecordLine, ...]
    shipping: FrozenShipping | None = None
    promotion: ThresholdPromotion | None = None
    tenders: tuple[RecordTender, ...]
    payment_fingerprint: str = ""
    address_hash: str = ""

    def content_digest(self) -> str:
        """SHA-256 of the order as bought.

        Left out: the account's name, state and contact, which are the customer's, and the `LATER_FACTS`.
        """
        content = self.model_dump_json(exclude={"account"} | LATER_FACTS) + self.account.customer_id
        return hashlib.sha256(content.encode()).hexdigest()
