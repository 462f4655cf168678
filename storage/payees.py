"""Where customers want their money: taken in, revealed to whoever pays, erased; and what is owed that way (P3.2).

What stands in the table in clear is the token, the case, the customer, the kind of destination and its masked form.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, NamedTuple, Protocol

from pydantic import Field
from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports import KeptPayee, Payee
from activities.rows import LegRow
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Number
from aftersales.contract.values import CaseStatus, ErrorCode, Frozen, LegState, Money, OpaqueId
from aftersales.sealing import EncryptionError, Sealed
from storage.engine import Transactions, snapshots
from storage.rows.base import insert_if_new
from storage.rows.cases import leg_of
from storage.tables import CASES, LEGS, PAYEES

__all__ = ["KeptPayee", "Owed", "OwedPart", "Payee", "PayeeStore", "Relocked", "Taking", "Vault", "new_token"]

_TOKEN_BYTES: Final = 20
_GONE: Final = frozenset({LegState.FAILED, LegState.REVERSED})
BATCH: Final = 200
_OLD_LOCKS: Final = (
    select(PAYEES.c.token, PAYEES.c.key_id, PAYEES.c.sealed)
    .where(PAYEES.c.key_id != bindparam("present"), PAYEES.c.token > bindparam("after"), PAYEES.c.erased_at.is_(None))
    .order_by(PAYEES.c.token)
    .limit(bindparam("most"))
)


class Vault(Protocol):
    """Encrypts, bound to a place: `integrations.vault.Vault`. Raises EncryptionError."""

    key_id: str

    def lock(self, details: bytes, place: str) -> Sealed: ...
    def open(self, sealed: Sealed, place: str) -> bytes: ...


def new_token() -> str:
    """A name for a destination that tells nothing of it and cannot be guessed (160 random bits)."""
    return secrets.token_hex(_TOKEN_BYTES)


class _Details(Frozen):
    """What is locked away. The names of its fields are stored."""

    account: Annotated[str, Field(repr=False)]
    holder: Annotated[str, Field(repr=False)]
    bank: str


class Taking(Frozen):
    """Whose destination is taken in, for which case, as what it is shown, by whom and when."""

    number: Number
    customer_id: OpaqueId
    masked: str
    by: str
    at: datetime


class OwedPart(Frozen):
    """A payment that did not arrive: how it was to go, and why it did not. `came_back`: it had arrived before."""

    provider: str
    provider_number: str
    amount: Money
    failure_code: str
    came_back: bool


class Owed(Frozen):
    """What a case owes its customer at another destination; `arrived` is what was paid of it already."""

    amount: Money
    parts: tuple[OwedPart, ...]
    arrived: Money | None
    until: datetime | None


class Relocked(NamedTuple):
    """How many destinations were locked anew, and how many could not be opened, by the id of the key they are under."""

    relocked: int
    unopened: Mapping[str, int]


class PayeeStore:
    """Implements `activities.ports.Payees`. Each call is one short transaction; what the vault raises is raised."""

    def __init__(self, engine: AsyncEngine, vault: Vault) -> None:
        self._transactions = Transactions(engine)
        self._engine = snapshots(engine)
        self._vault = vault

    async def keep(self, payee: Payee, taking: Taking) -> bool:
        """Take a destination in; False if its token is there already, which leaves what is there as it was."""
        details = _Details(account=payee.account, holder=payee.holder, bank=payee.bank)
        key_id, sealed = self._vault.lock(details.model_dump_json().encode(), payee.token)
        values = {
            "token": payee.token,
            "number": taking.number,
            "customer_id": taking.customer_id,
            "method": payee.method,
            "masked": taking.masked,
            "key_id": key_id,
            "sealed": sealed,
            "created_at": taking.at,
            "created_by": taking.by,
            "erased_at": None,
        }
        async with self._transactions.begin() as connection:
            return await insert_if_new(connection, PAYEES, values)

    async def reveal(self, token: str) -> Payee:
        """The destination in clear. Raises AftersalesError(payee_unknown) for one that is not there, or was erased."""
        query = select(PAYEES).where(PAYEES.c.token == token, PAYEES.c.erased_at.is_(None))
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise AftersalesError(
                ErrorCode.PAYEE_UNKNOWN,
                "This destination is not kept, or was erased. Ask the customer where the money is to go.",
            )
        opened = _Details.model_validate_json(self._vault.open(Sealed(row["key_id"], row["sealed"]), token))
        return Payee(token=token, method=row["method"], **dict(opened))

    async def of_case(self, number: str) -> tuple[KeptPayee, ...]:
        """The destinations that were named for a case, masked, oldest first."""
        columns = [PAYEES.c[name] for name in KeptPayee.model_fields]
        query = (
            select(*columns)
            .where(PAYEES.c.number == number, PAYEES.c.erased_at.is_(None))
            .order_by(PAYEES.c.created_at, PAYEES.c.token)
        )
        async with self._engine.connect() as connection:
            return tuple(KeptPayee(**row) for row in (await connection.execute(query)).mappings())

    async def erase(self, customer_id: str, at: datetime) -> tuple[str, ...]:
        """Empty all destinations of a person for good; of which cases. The rows stay, for legs and messages name them.

        Money that is still to go to one of them does not arrive there: the customer is asked anew.
        """
        erased = (
            update(PAYEES)
            .where(PAYEES.c.customer_id == customer_id, PAYEES.c.erased_at.is_(None))
            .values(sealed=b"", masked="", erased_at=at)
            .returning(PAYEES.c.number)
        )
        async with self._transactions.begin() as connection:
            return tuple(sorted(set((await connection.execute(erased)).scalars())))

    async def relock(self, batch: int = BATCH) -> Relocked:
        """Lock all that is under another key with the present one, so that the old one can be taken away.

        In transactions of a `batch`, so that nobody waits long; run again, it goes on with what is left.
        """
        relocked, unopened, after = 0, Counter[str](), ""
        while rows := await self._old_locks(after, batch):
            after = rows[-1]["token"]
            async with self._transactions.begin() as connection:
                for row in rows:
                    try:
                        relocked += await self._relock(connection, row)
                    except EncryptionError:
                        unopened[row["key_id"]] += 1
        return Relocked(relocked, unopened)

    async def _old_locks(self, after: str, most: int) -> list[RowMapping]:
        asked = {"present": self._vault.key_id, "after": after, "most": most}
        async with self._engine.connect() as connection:
            return list((await connection.execute(_OLD_LOCKS, asked)).mappings())

    async def _relock(self, connection: AsyncConnection, row: RowMapping) -> bool:
        """False if it was erased, or locked anew by somebody else, since it was read."""
        token, key_id, sealed = row["token"], row["key_id"], row["sealed"]
        anew = self._vault.lock(self._vault.open(Sealed(key_id, sealed), token), token)
        changed = (
            update(PAYEES)
            .where(PAYEES.c.token == token, PAYEES.c.key_id == key_id, PAYEES.c.erased_at.is_(None))
            .values(key_id=anew.key_id, sealed=anew.ciphertext)
        )
        return (await connection.execute(changed)).rowcount == 1

    async def owed(self, number: str) -> Owed | None:
        """What a case has to pay to another destination; None if it asks for none."""
        case = select(CASES.c.due_at).where(CASES.c.number == number, CASES.c.status == CaseStatus.PAYMENT_FAILED)
        legs = select(LEGS).where(LEGS.c.number == number).order_by(LEGS.c.leg, LEGS.c.attempt)
        async with self._engine.connect() as connection:
            failed = (await connection.execute(case)).one_or_none()
            rows = [leg_of(row) for row in (await connection.execute(legs)).mappings()]
        stranded = _stranded(rows)
        return _owed(stranded, rows, failed.due_at) if failed and stranded else None


def _stranded(legs: list[LegRow]) -> list[LegRow]:
    """The last attempt of each leg of which none has paid or may still pay, if another destination would help."""
    last = {row.leg.leg: row for row in legs}
    alive = {row.leg.leg for row in legs if row.leg.state not in _GONE}
    return [row for leg, row in last.items() if leg not in alive and row.leg.elsewhere]


def _owed(stranded: list[LegRow], legs: list[LegRow], until: datetime | None) -> Owed:
    paid = [row.leg.amount for row in legs if row.leg.state is LegState.SUCCEEDED]
    return Owed(
        amount=_sum([row.leg.amount for row in stranded]),
        parts=tuple(_part(row) for row in stranded),
        arrived=_sum(paid) if paid else None,
        until=until,
    )


def _part(row: LegRow) -> OwedPart:
    return OwedPart(
        provider=row.leg.provider,
        provider_number=row.leg.provider_number,
        amount=row.leg.amount,
        failure_code=row.leg.failure_code,
        came_back=row.leg.state is LegState.REVERSED,
    )


def _sum(amounts: list[Money]) -> Money:
    """Of one currency: a case has one."""
    return Money(minor=sum(each.minor for each in amounts), currency=amounts[0].currency)
