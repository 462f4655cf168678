"""Block and allow lists: whom the staff trusts, or no longer does, with why and until when (P6.1)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from aftersales.contract.values import Frozen, Text


class ListName(StrEnum):
    BLOCK = "block"
    ALLOW = "allow"


class ListedKind(StrEnum):
    """What stands on a list. No account, card number or address in clear: ids, fingerprints and hashes only."""

    CUSTOMER = "customer"  # the shop's id of the account
    PAYMENT = "payment"  # the provider's fingerprint of the means of payment
    ADDRESS = "address"  # the hash of the address


class Mark(StrEnum):
    """What a person noted of a case, to be remembered beyond it."""

    EMPTY_BOX = "empty_box"  # what came back was not the goods


class ListEntry(Frozen):
    """One line of a list. It counts until `expires_at`, or `removed_at`, and is kept beyond both."""

    entry_id: str
    listing: ListName
    kind: ListedKind
    value: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
    reason: Annotated[Text, Field(min_length=1, max_length=500)]
    listed_by: str
    listed_at: datetime
    expires_at: datetime | None = None
    removed_by: str = ""
    removed_at: datetime | None = None

    def counts_at(self, at: datetime) -> bool:
        return self.removed_at is None and (self.expires_at is None or self.expires_at > at)
