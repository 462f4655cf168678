"""What we read of the bank's JSON, and no more. An answer that is not of this shape decides nothing."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]{1,40}$")]
Id = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,64}$")]


class _Seen(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class SeenReturn(_Seen):
    """The money came back after it was booked."""

    reason: Code | None = None


class SeenCreditor(_Seen):
    iban: str | None = None
    account_number: str | None = None

    @property
    def account(self) -> str:
        """Where the money goes, in clear."""
        return self.iban or self.account_number or ""


class SeenPayout(_Seen):
    """A payout; `status` and `reason` are ISO 20022 codes, `amount` is a decimal. Webhooks leave the creditor out."""

    id: Id
    end_to_end_id: Id
    status: Code
    amount: str
    currency: str
    reason: Code | None = None
    uetr: Id | None = None
    creditor: SeenCreditor | None = Field(default=None, repr=False)
    sent_back: SeenReturn | None = Field(default=None, alias="return")


class PayoutList(_Seen):
    """What a look-up finds. The field is needed: an answer without it is not an empty list."""

    payouts: list[SeenPayout]


class _Error(_Seen):
    code: Code


class Refused(_Seen):
    """Why an order was not taken; the bank's own text is not read, for it may name the account."""

    error: _Error
