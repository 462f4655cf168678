"""What both sides have at one moment: the sandbox's count and the mails that arrived, and our own tables."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx2
from sqlalchemy import Select, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.rows import CaseRow, HandPaymentState, LegRow
from bench.chaos.people import People, Said
from bench.chaos.plan import Wish
from domain.rails import BY_HAND
from integrations.mail_folder import SinkMail, read_mails
from storage.engine import snapshots
from storage.rows.cases import case_of, leg_of
from storage.tables import CASES, HAND_PAYMENTS, HEARD_MESSAGES, LEDGER, LEGS, STORED_VALUE_ENTRIES, WEBHOOK_INBOX

DELIVERED: Final = "done"


class Moved(NamedTuple):
    """What was executed under one number; `minor` less what came back."""

    provider: str
    currency: str
    executions: int
    minor: int


class Entry(NamedTuple):
    """A posting, as far as the count needs it."""

    debit: str
    credit: str
    currency: str
    minor: int


@dataclass(frozen=True)
class Books:
    """`moved` by our number: at the sandbox, in the ledger of stored value, or confirmed by two of finance.

    `told`: events that a receiver took; `inbox`: those that are stored, and whether they were dealt with. `heard`:
    messages that are stored, `heard_well` those that were accepted.
    """

    wishes: Sequence[Wish]
    applied: frozenset[str]
    unanswered: Sequence[str]
    taken: Mapping[Said, int]
    kept: Mapping[Said, int]
    cases: Mapping[str, CaseRow]
    legs: Sequence[LegRow]
    ledger: Sequence[Entry]
    moved: Mapping[str, Moved]
    told: frozenset[str]
    inbox: Mapping[str, bool]
    heard: Mapping[Said, int]
    heard_well: Mapping[Said, int]
    letters: Sequence[SinkMail]
    without_leg: int = 0


class _Tables(NamedTuple):
    cases: Sequence[RowMapping]
    legs: Sequence[RowMapping]
    ledger: Sequence[RowMapping]
    value: Sequence[RowMapping]
    by_hand: Sequence[RowMapping]
    inbox: Sequence[RowMapping]
    heard: Sequence[RowMapping]


async def open_books(
    wishes: Sequence[Wish], people: People, engine: AsyncEngine, sandbox: httpx2.AsyncClient, mails: Path
) -> Books:
    """Read everything. Raises what the database raises."""
    executions = (await sandbox.get("executions")).json()
    attempts = (await sandbox.get("deliveries")).json()["attempts"]
    tables = await _read(engine)
    heard = [((row["number"], row["kind"], row["actor"]), row["accepted"]) for row in tables.heard]
    return Books(
        wishes=wishes,
        applied=frozenset(people.applied),
        unanswered=tuple(people.unanswered),
        taken=dict(people.taken),
        kept=dict(people.kept),
        cases={row["number"]: case_of(row) for row in tables.cases},
        legs=[leg_of(row) for row in tables.legs],
        ledger=[Entry(row["debit"], row["credit"], row["currency"], row["amount_minor"]) for row in tables.ledger],
        moved=_moved(executions["legs"], tables),
        told=frozenset(each["event"] for each in attempts if each["state"] == DELIVERED),
        inbox={row["event_id"]: row["handled_at"] is not None for row in tables.inbox},
        heard=Counter(said for said, _ in heard),
        heard_well=Counter(said for said, accepted in heard if accepted),
        letters=await asyncio.to_thread(read_mails, mails),
        without_leg=executions["without_leg"],
    )


async def _read(engine: AsyncEngine) -> _Tables:
    """Of one moment."""
    said = select(HEARD_MESSAGES.c.number, HEARD_MESSAGES.c.kind, HEARD_MESSAGES.c.actor, HEARD_MESSAGES.c.accepted)
    inbox = select(WEBHOOK_INBOX.c.event_id, WEBHOOK_INBOX.c.handled_at)
    confirmed = select(HAND_PAYMENTS).where(HAND_PAYMENTS.c.state == HandPaymentState.CONFIRMED)
    tables = (select(CASES), select(LEGS), select(LEDGER), select(STORED_VALUE_ENTRIES), confirmed, inbox, said)
    async with snapshots(engine).connect() as connection:

        async def rows(query: Select[*tuple[Any, ...]]) -> Sequence[RowMapping]:
            return (await connection.execute(query)).mappings().all()

        return _Tables(*[await rows(query) for query in tables])


def _moved(executed: Mapping[str, Mapping[str, Any]], tables: _Tables) -> dict[str, Moved]:
    outside = {
        number: Moved(tally["provider"], tally["currency"].upper(), tally["executions"], tally["not_reversed_minor"])
        for number, tally in executed.items()
    }
    value = {
        row["provider_number"]: Moved(row["provider"], row["currency"], 1, row["amount_minor"]) for row in tables.value
    }
    by_hand = {
        row["provider_number"]: Moved(BY_HAND, row["currency"], 1, row["amount_minor"]) for row in tables.by_hand
    }
    return {**outside, **value, **by_hand}
