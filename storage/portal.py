"""The portal's own tables: the inbox of provider webhooks, evidence taken in, single-use tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, text, tuple_, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports import Bearing, ProviderNews, RefundNews
from aftersales.contract.values import EvidenceRef, LegState
from storage.engine import Transactions, snapshots
from storage.errors import RowMissingError
from storage.rows.base import insert_if_new
from storage.tables import CASES, EVIDENCE, LEGS, SPENT_TOKENS, WEBHOOK_INBOX
from storage.tables.portal import UNMATCHED

__all__ = ["Bearing", "PortalStore", "ProviderEvent", "ProviderNews", "Received", "RefundNews", "TokenPurpose"]

SWEEP_LIMIT: Final = 200
SAME_NEWS: Final = timedelta(seconds=60)
"""For how long a case that was told of something is not told of the same again: providers announce one change by
several events, seconds apart; later on, the same words may be a reminder that is needed."""

_INBOX: Final = WEBHOOK_INBOX.c
_NEWS_COLUMNS: Final = [_INBOX[name] for name in ProviderNews.model_fields]
_LEG: Final = (
    select(LEGS.c.number, LEGS.c.state, LEGS.c.provider_reference, CASES.c.closed_at)
    .outerjoin_from(LEGS, CASES, CASES.c.number == LEGS.c.number)
    .where(LEGS.c.provider == bindparam("provider"), LEGS.c.provider_number == bindparam("provider_number"))
)
_LOCKED_LEG: Final = _LEG.with_for_update(of=LEGS, key_share=True)
_TOLD: Final = and_(_INBOX.bearing == Bearing.NEWS, _INBOX.handled_at > bindparam("told_after"))
_EARLIER: Final = or_(
    _INBOX.received_at < bindparam("received_at"),
    and_(_INBOX.received_at == bindparam("received_at"), _INBOX.event_id < bindparam("event_id")),
)
_SAME_NEWS: Final = (
    select(_INBOX.event_id)
    .where(
        *(_INBOX[name] == bindparam(name) for name in ("provider", "provider_number", "reference", "says")),
        _INBOX.event_id != bindparam("event_id"),
        or_(_TOLD, and_(_INBOX.handled_at.is_(None), _EARLIER)),
    )
    .limit(1)
)


class ProviderEvent(ProviderNews):
    """A webhook as received and verified, `payload` word for word; its case is found when it is stored."""

    payload: str


class Received(NamedTuple):
    """An event that is new, with its case's number and what it meant to the case when it was stored."""

    news: ProviderNews
    bearing: Bearing


class TokenPurpose(StrEnum):
    SURVEY = "survey"
    UPLOAD = "upload"


class PortalStore:
    """What the portal writes and reads back, over one engine; each call is one short transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._transactions = Transactions(engine)
        self._engine = snapshots(engine)

    async def receive(self, event: ProviderEvent) -> Received | None:
        """Store an event with what it means; None if this (provider, event id) is in the inbox already.

        What the case need not be told is stored as handled, in the same transaction.
        """
        async with self._transactions.begin() as connection:
            leg = await _leg_of(connection, event, lock=True)
            bearing = await _weigh(connection, event, leg, event.received_at)
            number = leg["number"] if leg else ""
            handled_at = None if bearing.needs_telling else event.received_at
            values = dict(event) | {"number": number, "bearing": bearing, "handled_at": handled_at}
            if not await insert_if_new(connection, WEBHOOK_INBOX, values):
                return None
        return Received(event.model_copy(update={"number": number}), bearing)

    async def bearing_of(self, news: ProviderNews, at: datetime) -> Bearing:
        """What a stored event means to its case now."""
        async with self._engine.connect() as connection:
            return await _weigh(connection, news, await _leg_of(connection, news), at)

    async def mark_handled(self, news: ProviderNews, bearing: Bearing, at: datetime) -> None:
        """The event is dealt with: `news` if its case was told. Raises `RowMissingError`."""
        handled = update(WEBHOOK_INBOX).where(*_is(news)).values(bearing=bearing, handled_at=at)
        async with self._transactions.begin() as connection:
            if (await connection.execute(handled)).rowcount != 1:
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
            .values(number=leg.scalar_subquery(), bearing=Bearing.NEWS, handled_at=None)
        )
        async with self._transactions.begin() as connection:
            return (await connection.execute(opened)).rowcount

    async def reach(self) -> None:
        """Whether the database answers and has our tables; raises what is wrong."""
        async with self._engine.connect() as connection:
            await connection.execute(select(_INBOX.event_id).limit(1))

    async def take_evidence(self, number: str, ref: EvidenceRef, ticket_hash: str, at: datetime) -> bool:
        """Use an upload ticket up and note what it brought; False, and nothing noted, if it was used before.

        One transaction: a ticket is never gone without its evidence. Of many at once, one gets True.
        """
        async with self._transactions.begin() as connection:
            if not await _spend(connection, TokenPurpose.UPLOAD, ticket_hash, at):
                return False
            await insert_if_new(connection, EVIDENCE, dict(ref) | {"number": number, "uploaded_at": at})
            return True

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


async def _spend(connection: AsyncConnection, purpose: TokenPurpose, token_hash: str, at: datetime) -> bool:
    values = {"purpose": purpose, "token_hash": token_hash, "used_at": at}
    return await insert_if_new(connection, SPENT_TOKENS, values)


async def _leg_of(connection: AsyncConnection, news: ProviderNews, *, lock: bool = False) -> RowMapping | None:
    """The leg that goes by the event's number, and when its case closed.

    Locked, so that of two events about one leg the second sees the first (on SQLite there is one writer anyway).
    """
    key = {"provider": news.provider, "provider_number": news.provider_number}
    return (await connection.execute(_LOCKED_LEG if lock else _LEG, key)).mappings().one_or_none()


async def _weigh(connection: AsyncConnection, news: ProviderNews, leg: RowMapping | None, at: datetime) -> Bearing:
    if leg is None:
        return Bearing.UNMATCHED
    bearing = news.bearing_on(LegState(leg["state"]), leg["provider_reference"])
    if bearing is Bearing.KNOWN:
        return bearing
    if leg["closed_at"] is not None:
        return Bearing.CASE_CLOSED
    return Bearing.REPEATED if await _is_repeated(connection, news, at) else bearing


async def _is_repeated(connection: AsyncConnection, news: ProviderNews, at: datetime) -> bool:
    """Whether the case was told of the same a moment ago, or is yet to be told by an earlier event."""
    if news.says is RefundNews.UNKNOWN:
        return False
    facts = {"told_after": at - SAME_NEWS, **dict(news)}
    return (await connection.execute(_SAME_NEWS, facts)).first() is not None


def _is(news: ProviderNews) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _INBOX.provider == news.provider, _INBOX.event_id == news.event_id
