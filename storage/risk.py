"""The lists, the chargebacks and the marks, as people keep them and providers change them; each act is in the log."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.rows import AuditEntry
from domain.chargebacks import Chargeback
from domain.listing import ListedKind, ListEntry, ListName, Mark
from storage.engine import Transactions, snapshots
from storage.errors import RowMissingError
from storage.rows.audit import AuditRows
from storage.rows.base import insert_if_new, update_row
from storage.rows.risk import chargeback_of, chargeback_values, list_entry_of, of_order
from storage.tables import CASE_MARKS, CASES, CHARGEBACKS, LIST_ENTRIES, ORDERS, TENDERS

SYSTEM: Final = "system"
LOG: Final = "risk"
"""The operations log of what is about no single case."""

REFUSED: Final = "refused"
_KEY: Final = (CHARGEBACKS.c.provider, CHARGEBACKS.c.dispute_id)
_LATEST: Final = select(CHARGEBACKS).order_by(CHARGEBACKS.c.opened_at.desc(), *_KEY).limit(bindparam("limit"))


class Keeper(NamedTuple):
    """Who changes lists, chargebacks and marks, and when; `channel`: the key, or the provider, that vouches for it."""

    at: datetime
    channel: str
    actor: str = SYSTEM
    role: str = SYSTEM


class Attempt(NamedTuple):
    """What somebody wanted to do: the action that its entry would have had, what it is about, and why they wanted it.
    Facts name people as `storage.people.PEOPLE_IN_FACTS` says."""

    action: str
    facts: Mapping[str, str]
    why: str = ""


class RiskBook:
    """Each change is one transaction, its entry in the operations log included."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._transactions = Transactions(engine)
        self._engine = snapshots(engine)

    async def enlist(
        self,
        keeper: Keeper,
        listing: ListName,
        kind: ListedKind,
        value: str,
        *,
        reason: str,
        expires_at: datetime | None,
    ) -> ListEntry:
        """A new line; an older one about the same stays beside it until it is taken off."""
        entry = ListEntry(
            entry_id=secrets.token_hex(6),
            listing=listing,
            kind=kind,
            value=value,
            reason=reason,
            listed_by=keeper.actor,
            listed_at=keeper.at,
            expires_at=expires_at,
        )
        async with self._transactions.begin() as connection:
            await connection.execute(insert(LIST_ENTRIES), dict(entry))
            await _log(connection, _listing_entry(keeper, entry, f"listed_{listing}", reason))
        return entry

    async def take_off(self, keeper: Keeper, entry_id: str, reason: str) -> ListEntry | None:
        """The line, which counts no more; None if no such line counted."""
        removed = {"removed_by": keeper.actor, "removed_at": keeper.at}
        statement = (
            update(LIST_ENTRIES)
            .where(LIST_ENTRIES.c.entry_id == entry_id, LIST_ENTRIES.c.removed_at.is_(None))
            .values(removed)
            .returning(LIST_ENTRIES)
        )
        async with self._transactions.begin() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
            if row is None:
                return None
            entry = list_entry_of(row)
            await _log(connection, _listing_entry(keeper, entry, "taken_off_list", reason))
        return entry

    async def refuse(self, keeper: Keeper, attempt: Attempt, code: str) -> None:
        """Who wanted what, and the code of why they may not, is all that is written."""
        facts = json.dumps(attempt.facts, sort_keys=True)
        entry = _entry(keeper, REFUSED, before=attempt.action, reason=code, facts=facts, why=attempt.why)
        async with self._transactions.begin() as connection:
            await _log(connection, entry)

    async def entries(self, at: datetime | None = None, *, limit: int) -> tuple[ListEntry, ...]:
        """The lines that count at a moment, newest first; without one, all that ever were."""
        query = select(LIST_ENTRIES).order_by(LIST_ENTRIES.c.listed_at.desc(), LIST_ENTRIES.c.entry_id).limit(limit)
        if at is not None:
            lasting = or_(LIST_ENTRIES.c.expires_at.is_(None), LIST_ENTRIES.c.expires_at > at)
            query = query.where(LIST_ENTRIES.c.removed_at.is_(None), lasting)
        async with self._engine.connect() as connection:
            return tuple(list_entry_of(row) for row in (await connection.execute(query)).mappings())

    async def entries_about(self, order_id: str, customer_id: str) -> tuple[ListEntry, ...]:
        """All lines about the customer, the order's payment and its address, those that count no more included."""
        named = select(ORDERS.c.payment_fingerprint, ORDERS.c.address_hash).where(ORDERS.c.order_id == order_id)
        async with self._engine.connect() as connection:
            order = (await connection.execute(named)).one_or_none()
            values = [(ListedKind.CUSTOMER.value, customer_id)]
            if order is not None:
                values += [(ListedKind.PAYMENT.value, order[0]), (ListedKind.ADDRESS.value, order[1])]
            query = select(LIST_ENTRIES).where(tuple_(LIST_ENTRIES.c.kind, LIST_ENTRIES.c.value).in_(values))
            rows = await connection.execute(query.order_by(LIST_ENTRIES.c.listed_at))
            return tuple(list_entry_of(row) for row in rows.mappings())

    async def state_chargebacks(self, keeper: Keeper, stated: Sequence[Chargeback], reason: str) -> None:
        """All or none; older news changes nothing. Raises `RowMissingError` for an order that is not there."""
        named = {each.order_id for each in stated if each.order_id}
        query = select(ORDERS.c.order_id).where(ORDERS.c.order_id.in_(named))
        async with self._transactions.begin() as connection:
            missing = named - set((await connection.execute(query)).scalars())
            if missing:
                raise RowMissingError(f"Order {min(missing)}")
            await hear_chargebacks(connection, [(each, keeper) for each in stated], why=reason)

    async def chargeback(self, provider: str, dispute_id: str) -> Chargeback | None:
        async with self._engine.connect() as connection:
            return await _known(connection, provider, dispute_id)

    async def chargebacks(self, *, limit: int) -> tuple[Chargeback, ...]:
        """The latest, newest first."""
        return await self._chargebacks(_LATEST, {"limit": limit})

    async def chargebacks_of(self, order_id: str) -> tuple[Chargeback, ...]:
        """Of the order, or of a payment that it was paid by."""
        found = of_order().subquery()
        same = (found.c.provider == CHARGEBACKS.c.provider) & (found.c.dispute_id == CHARGEBACKS.c.dispute_id)
        return await self._chargebacks(select(CHARGEBACKS).join_from(found, CHARGEBACKS, same), {"order_id": order_id})

    async def mark(self, keeper: Keeper, number: str, mark: Mark) -> bool:
        """Whether the mark is new. Raises `RowMissingError` for a case that is not there."""
        values = {"number": number, "mark": mark, "marked_by": keeper.actor, "marked_at": keeper.at}
        async with self._transactions.begin() as connection:
            if (await connection.execute(select(CASES.c.number).where(CASES.c.number == number))).one_or_none() is None:
                raise RowMissingError(f"Case {number}")
            is_new = await insert_if_new(connection, CASE_MARKS, values)
            if is_new:
                await _log(connection, _entry(keeper, "marked", after=mark.value, number=number))
        return is_new

    async def _chargebacks(self, query: Select[Any], asked: dict[str, object]) -> tuple[Chargeback, ...]:
        async with self._engine.connect() as connection:
            return tuple(chargeback_of(row) for row in (await connection.execute(query, asked)).mappings())


async def hear_chargebacks(
    connection: AsyncConnection, heard: Iterable[tuple[Chargeback, Keeper]], why: str = ""
) -> None:
    """Write down what was heard of disputes, in the caller's transaction; older news changes nothing.

    Always in the same sequence of locks, the log's last: two deliveries never wait for each other.
    """
    in_line = sorted(heard, key=lambda each: (each[0].provider, each[0].dispute_id, each[0].as_of))
    entries = [entry for chargeback, keeper in in_line for entry in await _hear(connection, chargeback, keeper, why)]
    if entries:
        await AuditRows(connection).append_audit(tuple(entries))


async def _hear(connection: AsyncConnection, heard: Chargeback, keeper: Keeper, why: str) -> list[AuditEntry]:
    """What the log is to say of it: nothing, if its state is what it was."""
    known = await _known(connection, heard.provider, heard.dispute_id, lock=True)
    if known is None and not await insert_if_new(connection, CHARGEBACKS, chargeback_values(heard)):
        known = await _known(connection, heard.provider, heard.dispute_id, lock=True)  # another delivery was first
    holds = heard.after(known)
    if known is not None and holds != known:
        await update_row(connection, CHARGEBACKS, chargeback_values(holds))
    if known is not None and known.state is holds.state:
        return []
    about = f"{holds.provider} {holds.dispute_id}"
    before = known.state.value if known else ""
    return [_entry(keeper, "chargeback", before=before, after=holds.state.value, reason=about, why=why)]


async def is_paid_by(connection: AsyncConnection, chargeback: Chargeback) -> bool:
    """Whether an order of ours was paid by the payment that is disputed."""
    references = {chargeback.payment_reference, chargeback.other_reference} - {""}
    query = select(TENDERS.c.order_id).where(
        TENDERS.c.provider == chargeback.provider, TENDERS.c.reference.in_(references)
    )
    return (await connection.execute(query.limit(1))).one_or_none() is not None


async def _known(
    connection: AsyncConnection, provider: str, dispute_id: str, *, lock: bool = False
) -> Chargeback | None:
    query = select(CHARGEBACKS).where(CHARGEBACKS.c.provider == provider, CHARGEBACKS.c.dispute_id == dispute_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else chargeback_of(row)


def listed_facts(kind: ListedKind, value: str) -> dict[str, str]:
    """Of what is listed only a customer's id is told, under the name by which it can be erased."""
    return {"kind": kind.value} | ({"customer": value} if kind is ListedKind.CUSTOMER else {})


def _listing_entry(keeper: Keeper, entry: ListEntry, action: str, why: str) -> AuditEntry:
    facts = {"entry": entry.entry_id} | listed_facts(entry.kind, entry.value)
    return _entry(keeper, action, facts=json.dumps(facts, sort_keys=True), why=why)


def _entry(keeper: Keeper, action: str, *, number: str = LOG, **told: str) -> AuditEntry:
    return AuditEntry(number=number, action=action, **keeper._asdict(), **told)


async def _log(connection: AsyncConnection, entry: AuditEntry) -> None:
    await AuditRows(connection).append_audit((entry,))
