"""The inbox of webhooks as people read it: what matched nothing, names another amount, or is not dealt with."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, TextClause, and_, select, text
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Bearing, ProviderNews
from aftersales.contract.values import Frozen, Money
from storage.engine import snapshots
from storage.rows.cases import money_of
from storage.tables import LEGS, WEBHOOK_INBOX
from storage.tables.portal import AMOUNT_DIFFERS, UNHANDLED

_INBOX: Final = WEBHOOK_INBOX.c
_SHOWN: Final = [column for column in _INBOX if column.name != "payload"]
_OURS: Final = (LEGS.c.amount_minor.label("our_minor"), LEGS.c.currency.label("our_currency"))
_SAME_LEG: Final = and_(LEGS.c.provider_number == _INBOX.provider_number, LEGS.c.provider == _INBOX.provider)


class Which(StrEnum):
    """What a list is of; `unhandled`: its case has yet to be told."""

    ALL = "all"
    UNMATCHED = "unmatched"
    AMOUNT_DIFFERS = "amount_differs"
    UNHANDLED = "unhandled"


_CONDITIONS: Final[dict[Which, ColumnElement[bool] | TextClause]] = {
    Which.UNMATCHED: _INBOX.bearing == Bearing.UNMATCHED,
    Which.AMOUNT_DIFFERS: text(AMOUNT_DIFFERS),
    Which.UNHANDLED: text(UNHANDLED),
}


class InboxEntry(Frozen):
    """A stored event. `amount` is what it names, `ours` what its leg's row has; None where there is none. `payload`,
    word for word, is read for one event alone, and may hold personal data."""

    news: ProviderNews
    kind: str
    bearing: Bearing
    amount: Money | None
    ours: Money | None
    handled_at: datetime | None
    payload: str = ""


class WebhookListing:
    """Queries over one engine; nothing here writes or locks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = snapshots(engine)

    async def events(
        self, which: Which, *, provider: str | None = None, since: datetime | None = None, limit: int = 50
    ) -> tuple[InboxEntry, ...]:
        """Of one provider or all, received at `since` or later, the newest first."""
        query = _entries(*_SHOWN).order_by(_INBOX.received_at.desc(), _INBOX.event_id).limit(limit)
        if which in _CONDITIONS:
            query = query.where(_CONDITIONS[which])
        if provider is not None:
            query = query.where(_INBOX.provider == provider)
        if since is not None:
            query = query.where(_INBOX.received_at >= since)
        async with self._engine.connect() as connection:
            return tuple(_entry(row) for row in (await connection.execute(query)).mappings())

    async def event(self, provider: str, event_id: str) -> InboxEntry | None:
        """One event with its payload; None if there is none of that id."""
        query = _entries(*_INBOX).where(_INBOX.provider == provider, _INBOX.event_id == event_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _entry(row)


def _entries(*columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    return select(*columns, *_OURS).outerjoin_from(WEBHOOK_INBOX, LEGS, _SAME_LEG)


def _entry(row: RowMapping) -> InboxEntry:
    ours = None if row["our_minor"] is None else Money(minor=row["our_minor"], currency=row["our_currency"])
    return InboxEntry(
        news=ProviderNews(**{name: row[name] for name in ProviderNews.model_fields}),
        kind=row["kind"],
        bearing=Bearing(row["bearing"]),
        amount=None if row["amount_minor"] is None else money_of(row),
        ours=ours,
        handled_at=row["handled_at"],
        payload=row.get("payload", ""),
    )
