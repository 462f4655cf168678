"""A payout as the bank keeps it and shows it."""

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from sandbox.faults import FaultKind

Json = dict[str, object]

_WITHOUT_CENTS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)
_WITH_MILLS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


class Status(StrEnum):
    """ISO 20022, external code set ``ExternalPaymentTransactionStatus1Code``, in the sequence they are gone through."""

    RCVD = "RCVD"  # received
    ACTC = "ACTC"  # technically valid
    PATC = "PATC"  # waits for another signature
    PDNG = "PDNG"  # waits for its day
    ACSP = "ACSP"  # being settled
    ACSC = "ACSC"  # settled
    RJCT = "RJCT"  # rejected; the money stayed


FINAL = frozenset({Status.ACSC, Status.RJCT})


def exponent(currency: str) -> int:
    """How many digits a currency has after the point (ISO 4217)."""
    if currency in _WITHOUT_CENTS:
        return 0
    return 3 if currency in _WITH_MILLS else 2


def amount_text(minor: int, currency: str) -> str:
    """Minor units as a decimal: 1050 EUR is ``10.50``, 1050 JPY is ``1050``."""
    digits = exponent(currency)
    if digits == 0:
        return str(minor)
    whole, rest = divmod(minor, 10**digits)
    return f"{whole}.{rest:0{digits}d}"


def moment_text(at: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Order:
    """What the merchant asks for; ``bank_code`` is a BIC beside an IBAN, else a national code."""

    number: str
    amount_minor: int
    currency: str
    debtor: str
    name: str
    account: str
    bank_code: str
    remittance: str

    def means(self, other: "Order") -> bool:
        """Whether both move the same money to the same place."""
        return self.essence == other.essence

    @property
    def essence(self) -> tuple[int, str, str, str, str]:
        """What must not change under one number."""
        return (self.amount_minor, self.currency, self.name, self.account, self.bank_code)


@dataclass(frozen=True, slots=True)
class Payout:
    """One order and what became of it; times in seconds of the sandbox clock.

    ``due_at``: when it is booked by itself, ``None`` if it waits for somebody.
    """

    id: str
    uetr: str
    order: Order
    status: Status
    created_at: float
    charge_minor: int = 0
    reason: str | None = None
    due_at: float | None = None
    booked_at: float | None = None
    returned_at: float | None = None
    return_reason: str | None = None
    callbacks: frozenset[FaultKind] = field(default=frozenset())

    def shown(self) -> Json:
        """The payout as its API has it."""
        order = self.order
        creditor: Json = {"name": order.name, **_account_shown(order)}
        return {**self.announced(), "debtor_account": order.debtor, "creditor": creditor}

    def announced(self) -> Json:
        """The payout in a webhook: without the accounts."""
        order = self.order
        amount = amount_text(order.amount_minor, order.currency)
        back: Json | None = None
        if self.returned_at is not None:
            back = {"reason": self.return_reason, "returned_at": moment_text(self.returned_at), "amount": amount}
        return {
            "id": self.id,
            "uetr": self.uetr,
            "end_to_end_id": order.number,
            "status": str(self.status),
            "reason": self.reason,
            "amount": amount,
            "currency": order.currency,
            "remittance": order.remittance,
            "created_at": moment_text(self.created_at),
            "booked_at": None if self.booked_at is None else moment_text(self.booked_at),
            "return": back,
        }


def _account_shown(order: Order) -> Json:
    if order.account[:1].isalpha():
        return {"iban": order.account, **({"bic": order.bank_code} if order.bank_code else {})}
    return {"account_number": order.account, **({"bank_code": order.bank_code} if order.bank_code else {})}


def payout_of(row: sqlite3.Row) -> Payout:
    """A payout from its row."""
    names = ("number", "amount_minor", "currency", "debtor", "name", "account", "bank_code", "remittance")
    return Payout(
        id=row["id"],
        uetr=row["uetr"],
        order=Order(**{name: row[name] for name in names}),
        status=Status(row["status"]),
        created_at=row["created_at"],
        charge_minor=row["charge_minor"],
        reason=row["reason"],
        due_at=row["due_at"],
        booked_at=row["booked_at"],
        returned_at=row["returned_at"],
        return_reason=row["return_reason"],
        callbacks=frozenset(FaultKind(kind) for kind in json.loads(row["callbacks"])),
    )
