"""The portal's own tables: the inbox of provider webhooks, evidence taken in, single-use tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, bindparam, func, or_, select, text, tuple_, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.dml import ReturningInsert

from activities.pieces import EvidencePiece, Findings, PieceState
from activities.ports import Bearing, ProviderNews, RefundNews
from aftersales.contract.values import EvidenceRef, Money
from domain.chargebacks import Chargeback
from storage.bearing import legs_of, weigh
from storage.engine import Transactions, snapshots
from storage.errors import RowMissingError
from storage.evidence import piece_of
from storage.risk import Keeper, hear_chargebacks, is_paid_by
from storage.rows.base import insert_if_new, upsert
from storage.rows.cases import money_of
from storage.rows.evidence import keep_findings
from storage.tables import EVIDENCE, LEGS, SPENT_TOKENS, WEBHOOK_INBOX
from storage.tables.portal import UNMATCHED

__all__ = [
    "Bearing",
    "EvidenceHeld",
    "EvidencePiece",
    "Findings",
    "PieceState",
    "PortalStore",
    "ProviderEvent",
    "ProviderNews",
    "Received",
    "RefundNews",
    "TokenPurpose",
]

SWEEP_LIMIT: Final = 200
NOTHING_MEASURED: Final = Findings()

_INBOX: Final = WEBHOOK_INBOX.c
_KEY: Final = (_INBOX.provider, _INBOX.event_id)
_NEWS_COLUMNS: Final = [_INBOX[name] for name in ProviderNews.model_fields]
_STORED: Final = select(*_KEY).where(
    # Pairs would be exact, but SQLite reads the whole table for them.
    _INBOX.provider.in_(bindparam("providers", expanding=True)),
    _INBOX.event_id.in_(bindparam("event_ids", expanding=True)),
)
_HANDLED: Final = update(WEBHOOK_INBOX).where(
    _INBOX.provider == bindparam("its_provider"), _INBOX.event_id == bindparam("its_event_id")
)
_OTHER_AMOUNT: Final = or_(LEGS.c.amount_minor != _INBOX.amount_minor, LEGS.c.currency != _INBOX.currency)


class ProviderEvent(ProviderNews):
    """A webhook as received and verified, `payload` word for word; its case is found when it is stored. `kind` is the
    provider's word for it, `amount` what it names, `chargeback` what it says of a disputed payment."""

    payload: str
    kind: str = ""
    amount: Money | None = None
    chargeback: Chargeback | None = None


class Received(NamedTuple):
    """An event that is new, with its case's number and what it meant to the case when it was stored."""

    news: ProviderNews
    bearing: Bearing


class EvidenceHeld(NamedTuple):
    pieces: int
    size_bytes: int


class TokenPurpose(StrEnum):
    SURVEY = "survey"
    UPLOAD = "upload"
    PAYOUT = "payout"
    EVIDENCE = "evidence"  # never spent: an agent may look again


class PortalStore:
    """What the portal writes and reads back, over one engine; each call is one short transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._transactions = Transactions(engine)
        self._engine = snapshots(engine)

    async def receive_all(self, events: Sequence[ProviderEvent]) -> tuple[Received | None, ...]:
        """Store events, each with what it means, in one transaction; None for what is in the inbox already.

        What the case need not be told is stored as handled, in the same transaction.
        """
        async with self._transactions.begin() as connection:
            new = await _not_stored(connection, events)
            legs = await legs_of(connection, new, lock=True)
            about = [_about(event, legs.get((event.provider, event.provider_number))) for event in new]
            at = max(event.received_at for event in events)
            bearings = await weigh(connection, about, legs, at)
            dealt_with = await _hear_chargebacks(connection, new)
            weighed = [
                (event, dealt_with.get(_key(event), found)) for event, found in zip(about, bearings, strict=True)
            ]
            stored = await _insert(connection, weighed)
        found = {_key(event): Received(event, bearing) for event, bearing in weighed if _key(event) in stored}
        return tuple(found.pop(_key(event), None) for event in events)

    async def bearing_of(self, news: ProviderNews, at: datetime) -> Bearing:
        """What a stored event means to its case now."""
        async with self._engine.connect() as connection:
            (bearing,) = await weigh(connection, [news], await legs_of(connection, [news]), at)
        return bearing

    async def mark_handled(self, news: ProviderNews, bearing: Bearing, at: datetime) -> None:
        """The event is dealt with: `news` if its case was told. Raises `RowMissingError`."""
        values = {"its_provider": news.provider, "its_event_id": news.event_id, "bearing": bearing, "handled_at": at}
        async with self._transactions.begin() as connection:
            if (await connection.execute(_HANDLED, values)).rowcount != 1:
                raise RowMissingError(f"Event {news.event_id} of {news.provider}")

    async def unhandled(
        self, received_before: datetime, *, skip: int = 0, limit: int = SWEEP_LIMIT
    ) -> tuple[ProviderNews, ...]:
        """Events whose case has yet to be told, oldest first, without the first `skip`: what a sweep takes up."""
        query = (
            select(*_NEWS_COLUMNS)
            .where(_INBOX.handled_at.is_(None), _INBOX.received_at < received_before)
            .order_by(_INBOX.received_at, _INBOX.event_id)
            .offset(skip)
            .limit(limit)
        )
        async with self._engine.connect() as connection:
            return tuple(ProviderNews(**row) for row in (await connection.execute(query)).mappings())

    async def match(self, limit: int = SWEEP_LIMIT) -> int:
        """Open at most `limit` events again that no leg of ours knew when they came and one does now; how many."""
        leg = select(LEGS.c.number).where(
            LEGS.c.provider == _INBOX.provider, LEGS.c.provider_number == _INBOX.provider_number
        )
        found = select(_INBOX.provider, _INBOX.event_id).where(text(UNMATCHED), leg.exists()).limit(limit)
        opened = (
            update(WEBHOOK_INBOX)
            .where(tuple_(_INBOX.provider, _INBOX.event_id).in_(found))
            .values(
                number=leg.scalar_subquery(),
                bearing=Bearing.NEWS,
                handled_at=None,
                amount_differs=and_(_INBOX.amount_minor.is_not(None), leg.where(_OTHER_AMOUNT).exists()),
            )
        )
        async with self._transactions.begin() as connection:
            return (await connection.execute(opened)).rowcount

    async def reach(self) -> None:
        """Whether the database answers and has our tables; raises what is wrong."""
        async with self._engine.connect() as connection:
            await connection.execute(select(_INBOX.event_id).limit(1))

    async def take_evidence(
        self,
        number: str,
        ref: EvidenceRef,
        ticket_hash: str,
        at: datetime,
        *,
        customer_id: str = "",
        findings: Findings = NOTHING_MEASURED,
    ) -> bool:
        """Use an upload ticket up and note what it brought; False, and nothing noted, if it was used before.

        One transaction: a ticket is never gone without its evidence. Of many at once, one gets True.
        """
        async with self._transactions.begin() as connection:
            if not await _spend(connection, TokenPurpose.UPLOAD, ticket_hash, at):
                return False
            piece = {"number": number, "uploaded_at": at, "customer_id": customer_id}
            await insert_if_new(connection, EVIDENCE, dict(ref) | piece)
            await keep_findings(connection, ref, findings)
            return True

    async def evidence_piece(self, number: str, sha256: str) -> EvidencePiece | None:
        """What is known of a piece of a case; None if the case has none of that hash."""
        async with self._engine.connect() as connection:
            return await piece_of(connection, number, sha256)

    async def evidence_held(self, number: str) -> EvidenceHeld:
        """How much was uploaded for a case."""
        query = select(func.count(), func.coalesce(func.sum(EVIDENCE.c.size_bytes), 0))
        async with self._engine.connect() as connection:
            return EvidenceHeld(*(await connection.execute(query.where(EVIDENCE.c.number == number))).one())

    async def evidence_of(self, number: str) -> tuple[EvidenceRef, ...]:
        """What was uploaded for a case, oldest first."""
        query = select(EVIDENCE).where(EVIDENCE.c.number == number).order_by(EVIDENCE.c.uploaded_at)
        async with self._engine.connect() as connection:
            return tuple(EvidenceRef(**row) for row in (await connection.execute(query)).mappings())

    async def spend_token(self, purpose: TokenPurpose, token_hash: str, used_at: datetime) -> bool:
        """Use a single-use token up; False if it was used before. Of many at once, one gets True."""
        async with self._transactions.begin() as connection:
            return await _spend(connection, purpose, token_hash, used_at)

    async def token_spent(self, purpose: TokenPurpose, token_hash: str) -> bool:
        """Whether a token was used; looking does not use it up."""
        query = select(SPENT_TOKENS.c.used_at).where(
            SPENT_TOKENS.c.purpose == purpose, SPENT_TOKENS.c.token_hash == token_hash
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).one_or_none() is not None


async def _not_stored(connection: AsyncConnection, events: Sequence[ProviderEvent]) -> list[ProviderEvent]:
    """Those that are not in the inbox, each once, in the sequence in which locks are taken: that of their ids."""
    coming = {_key(event): event for event in events}
    providers, event_ids = ({key[place] for key in coming} for place in (0, 1))
    named = {"providers": sorted(providers), "event_ids": sorted(event_ids)}
    stored = {tuple(row) for row in await connection.execute(_STORED, named)}
    return [coming[key] for key in sorted(coming) if key not in stored]


async def _insert(
    connection: AsyncConnection, weighed: Sequence[tuple[ProviderEvent, Bearing]]
) -> set[tuple[str, str]]:
    """The keys of those that no other process stored meanwhile."""
    if not weighed:
        return set()
    values = [_row(event, bearing) for event, bearing in weighed]
    rows = await connection.execute(_insert_if_new(connection.dialect.name), values)
    return {(provider, event_id) for provider, event_id in rows}


@cache
def _insert_if_new(dialect: str) -> ReturningInsert[tuple[Any, ...]]:
    return upsert(dialect, WEBHOOK_INBOX).on_conflict_do_nothing().returning(*_KEY)


def _about(event: ProviderEvent, leg: RowMapping | None) -> ProviderEvent:
    """The event with its case, and whether it names another amount than the leg's."""
    if leg is None:
        return event
    differs = event.amount is not None and event.amount != money_of(leg)
    return event.model_copy(update={"number": leg["number"], "amount_differs": differs})


async def _hear_chargebacks(
    connection: AsyncConnection, events: Iterable[ProviderEvent]
) -> dict[tuple[str, str], Bearing]:
    """Write down what messages say of disputed payments; each is dealt with by that, if its payment is ours."""
    disputes = [(event, event.chargeback) for event in events if event.chargeback is not None]
    told = [(each, Keeper(event.received_at, event.provider)) for event, each in disputes]
    await hear_chargebacks(connection, told)
    return {
        _key(event): Bearing.KNOWN if await is_paid_by(connection, chargeback) else Bearing.UNMATCHED
        for event, chargeback in disputes
    }


def _row(event: ProviderEvent, bearing: Bearing) -> dict[str, object]:
    values = dict(event) | {
        "bearing": bearing,
        "handled_at": None if bearing.needs_telling else event.received_at,
        "amount_minor": event.amount.minor if event.amount else None,
        "currency": event.amount.currency if event.amount else None,
    }
    del values["amount"], values["chargeback"]
    return values


async def _spend(connection: AsyncConnection, purpose: TokenPurpose, token_hash: str, at: datetime) -> bool:
    values = {"purpose": purpose, "token_hash": token_hash, "used_at": at}
    return await insert_if_new(connection, SPENT_TOKENS, values)


def _key(news: ProviderNews) -> tuple[str, str]:
    return news.provider, news.event_id
