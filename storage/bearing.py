"""What providers' messages mean to their cases at the moment of looking, several messages at a time (R8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.ports import Bearing, ProviderNews, RefundNews
from aftersales.contract.values import LegState
from storage.tables import CASES, LEGS, WEBHOOK_INBOX

SAME_NEWS: Final = timedelta(seconds=60)
"""For how long a case that was told of something is not told of the same again: providers announce one change by
several events, seconds apart; later on, the same words may be a reminder that is needed."""

LegsByNumber: TypeAlias = Mapping[tuple[str, str], RowMapping]
"""(provider, our number) -> the leg's row, and when its case closed."""

_INBOX: Final = WEBHOOK_INBOX.c
_OF_LEG: Final = ("number", "provider", "provider_number", "state", "provider_reference", "amount_minor", "currency")
_LEGS: Final = (
    select(*(LEGS.c[name] for name in _OF_LEG), CASES.c.closed_at)
    .outerjoin_from(LEGS, CASES, CASES.c.number == LEGS.c.number)
    .where(LEGS.c.provider_number.in_(bindparam("numbers", expanding=True)))
)
_LOCKED_LEGS: Final = _LEGS.order_by(LEGS.c.number, LEGS.c.leg, LEGS.c.attempt).with_for_update(of=LEGS, key_share=True)
_SAID: Final = select(
    _INBOX.provider,
    _INBOX.provider_number,
    _INBOX.reference,
    _INBOX.says,
    _INBOX.event_id,
    _INBOX.received_at,
    _INBOX.handled_at,
).where(
    _INBOX.provider_number.in_(bindparam("numbers", expanding=True)),
    or_(
        _INBOX.handled_at.is_(None),
        and_(_INBOX.bearing == Bearing.NEWS, _INBOX.handled_at > bindparam("told_after")),
    ),
)


class _Said(NamedTuple):
    """A message that the case was told of a moment ago, or is yet to be told of."""

    facts: tuple[str, str, str, str]
    received_at: datetime
    event_id: str
    told: bool

    def serves_for(self, news: ProviderNews) -> bool:
        """Whether its telling tells what `news` says, too."""
        if self.event_id == news.event_id or self.facts != _facts(news):
            return False
        return self.told or (self.received_at, self.event_id) < (news.received_at, news.event_id)


async def legs_of(connection: AsyncConnection, news: Iterable[ProviderNews], *, lock: bool = False) -> LegsByNumber:
    """The legs that go by the messages' numbers.

    Locked, so that of two messages about one leg the second sees the first (on SQLite there is one writer anyway), and
    in the sequence in which a case's steps write them.
    """
    numbers = _numbers(news)
    if not numbers:
        return {}
    rows = (await connection.execute(_LOCKED_LEGS if lock else _LEGS, {"numbers": numbers})).mappings()
    return {(row["provider"], row["provider_number"]): row for row in rows}


async def weigh(
    connection: AsyncConnection, news: Sequence[ProviderNews], legs: LegsByNumber, at: datetime
) -> list[Bearing]:
    """One for each message; of several that say the same, the one that came first is for telling."""
    said = await _said(connection, [each for each in news if _key(each) in legs], at)
    found: dict[ProviderNews, Bearing] = {}
    for each in sorted(news, key=lambda one: (one.received_at, one.event_id)):
        bearing = found[each] = _bearing(each, legs.get(_key(each)), said)
        if bearing.needs_telling:
            said.append(_Said(_facts(each), each.received_at, each.event_id, told=False))
    return [found[each] for each in news]


def _bearing(news: ProviderNews, leg: RowMapping | None, said: Iterable[_Said]) -> Bearing:
    if leg is None:
        return Bearing.UNMATCHED
    bearing = news.bearing_on(LegState(leg["state"]), leg["provider_reference"])
    if bearing is Bearing.KNOWN:
        return bearing
    if leg["closed_at"] is not None:
        return Bearing.CASE_CLOSED
    repeated = news.says is not RefundNews.UNKNOWN and any(each.serves_for(news) for each in said)
    return Bearing.REPEATED if repeated else bearing


async def _said(connection: AsyncConnection, news: Sequence[ProviderNews], at: datetime) -> list[_Said]:
    if not news:
        return []
    rows = await connection.execute(_SAID, {"numbers": _numbers(news), "told_after": at - SAME_NEWS})
    return [
        _Said(
            (row["provider"], row["provider_number"], row["reference"], row["says"]),
            row["received_at"],
            row["event_id"],
            told=row["handled_at"] is not None,
        )
        for row in rows.mappings()
    ]


def _numbers(news: Iterable[ProviderNews]) -> list[str]:
    return sorted({each.provider_number for each in news} - {""})


def _facts(news: ProviderNews) -> tuple[str, str, str, str]:
    return news.provider, news.provider_number, news.reference, news.says


def _key(news: ProviderNews) -> tuple[str, str]:
    return news.provider, news.provider_number
