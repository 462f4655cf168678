"""Erasing a person: name, addresses and texts go; money, decisions and the chain of hashes stay whole (P6.3).

What stays and why is said in docs/audit.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, Table, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.rows import AuditEntry
from activities.types import StepResult
from aftersales.contract.messages import CaseStart
from storage.audit import PERSON_ERASED
from storage.engine import Transactions
from storage.errors import StorageError
from storage.people import Kind, Person, known_pseudonym
from storage.rows.audit import AuditRows
from storage.tables import (
    ACCOUNTS,
    AUDIT,
    AUDIT_HEADS,
    AUDIT_WORDS,
    CASES,
    HEARD_MESSAGES,
    MAILS,
    PAYEES,
    PEOPLE,
    STAFF_ACCOUNTS,
    STEPS,
)

LOG: Final = "people"
"""The log of erasures; a case's own log says it, too."""

_EMPTIED: Final[tuple[tuple[Table, dict[str, str | None]], ...]] = (
    (MAILS, {"recipient": "", "subject": "", "body": ""}),
    (HEARD_MESSAGES, {"body": ""}),
    (CASES, {"explanation": "", "payout": None}),
)
"""Columns with what was written to a customer, or by them; all these tables have the case's number."""


class ErasureRefusedError(StorageError):
    """Nobody is erased; `str(error)` says why and what to do."""


class Eraser(NamedTuple):
    """Who erases: a proved identity, their role, and the door they came through."""

    actor: str
    role: str
    channel: str


class Erased(NamedTuple):
    """Who it was in the logs from now on (None if no log names them), and whose cases it is about."""

    pseudonym: str | None
    cases: tuple[str, ...]


class PersonErasure:
    """Erases over one engine, each person in one transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._transactions = Transactions(engine)

    async def erase(self, person: Person, by: Eraser, at: datetime) -> Erased:
        """For good. Raises ErasureRefusedError: an open case, an account that is in use, nobody of that id."""
        async with self._transactions.begin() as connection:
            if person.kind is Kind.STAFF:
                cases: tuple[str, ...] = ()
                known = await _erase_account_of_staff(connection, person.person_id)
            else:
                cases = await _closed_cases(connection, person.person_id)
                known = await _erase_customer(connection, person.person_id, cases, at) or bool(cases)
            erased = Erased(await known_pseudonym(connection, person), cases)
            if not known and erased.pseudonym is None:
                raise ErasureRefusedError(f"Nothing is kept of a {person.kind.value} {person.person_id}. Check the id.")
            logs = await _erase_from_logs(connection, erased.pseudonym) if erased.pseudonym else set()
            entries = _entries(erased, sorted({LOG, *cases, *logs}), by, at)
            await AuditRows(connection).append_audit(entries)
        return erased


def _entries(erased: Erased, logs: Iterable[str], by: Eraser, at: datetime) -> tuple[AuditEntry, ...]:
    facts = json.dumps({"pseudonym": erased.pseudonym})
    return tuple(AuditEntry(number=number, at=at, action=PERSON_ERASED, facts=facts, **by._asdict()) for number in logs)


async def _erase_from_logs(connection: AsyncConnection, pseudonym: str) -> set[str]:
    """The name behind the pseudonym, and what was written about them in logs that are about no case; which logs."""
    await connection.execute(delete(PEOPLE).where(PEOPLE.c.pseudonym == pseudonym))
    own_logs = select(AUDIT_HEADS.c.number).where(AUDIT_HEADS.c.number == func.lower(AUDIT_HEADS.c.number))
    about_them = select(AUDIT.c.number, AUDIT.c.seq).where(
        AUDIT.c.number.in_(own_logs), AUDIT.c.why != "", AUDIT.c.facts.contains(pseudonym, autoescape=True)
    )
    found = (await connection.execute(about_them)).all()
    for number, seq in found:
        await connection.execute(delete(AUDIT_WORDS).where(AUDIT_WORDS.c.number == number, AUDIT_WORDS.c.seq == seq))
    return {number for number, _ in found}


async def _closed_cases(connection: AsyncConnection, customer_id: str) -> tuple[str, ...]:
    """Locked until the transaction ends."""
    query = select(CASES.c.number, CASES.c.closed_at).where(CASES.c.customer_id == customer_id)
    rows = (await connection.execute(query.order_by(CASES.c.number).with_for_update())).all()
    if still_open := [row.number for row in rows if row.closed_at is None]:
        raise ErasureRefusedError(
            f"{customer_id} has a case that is not closed yet ({', '.join(still_open)}), and what it still has to pay "
            "or to answer needs them. Erase them when it is closed, some weeks after its outcome."
        )
    return tuple(row.number for row in rows)


async def _erase_customer(connection: AsyncConnection, customer_id: str, cases: tuple[str, ...], at: datetime) -> bool:
    """Whether the shop named an account of that id."""
    of_person = select(CASES.c.number).where(CASES.c.customer_id == customer_id)
    for table, values in _EMPTIED:
        await connection.execute(update(table).where(table.c.number.in_(of_person)).values(**values))
    await connection.execute(delete(AUDIT_WORDS).where(AUDIT_WORDS.c.number.in_(of_person)))
    kept = (PAYEES.c.customer_id == customer_id) & PAYEES.c.erased_at.is_(None)
    await connection.execute(update(PAYEES).where(kept).values(sealed=b"", masked="", erased_at=at))
    for number in cases:
        await _empty_application(connection, number)
        await _empty_steps(connection, number)
    nameless = update(ACCOUNTS).where(ACCOUNTS.c.customer_id == customer_id).values(name="", email="")
    return (await connection.execute(nameless)).rowcount == 1


async def _empty_application(connection: AsyncConnection, number: str) -> None:
    start: CaseStart = (await connection.execute(_of(CASES, number, "start"))).scalar_one()
    application = start.application.model_copy(update={"description": ""})
    emptied = start.model_copy(update={"application": application})
    await connection.execute(update(CASES).where(CASES.c.number == number).values(start=emptied))


async def _empty_steps(connection: AsyncConnection, number: str) -> None:
    """Results of steps repeat what a person explained, and what was answered."""
    for step, round_, result in (await connection.execute(_of(STEPS, number, "step", "round", "result"))).all():
        key = (STEPS.c.number == number) & (STEPS.c.step == step) & (STEPS.c.round == round_)
        await connection.execute(update(STEPS).where(key).values(result=_emptied(result)))


def _emptied(result: StepResult) -> StepResult:
    standing = result.standing.model_copy(update={"explanation": ""})
    answer = result.answer and result.answer.model_copy(update={"sentence": ""})
    return result.model_copy(update={"standing": standing, "answer": answer})


def _of(table: Table, number: str, *columns: str) -> Select[Any]:
    return select(*(table.c[name] for name in columns)).where(table.c.number == number)


async def _erase_account_of_staff(connection: AsyncConnection, staff_id: str) -> bool:
    """Whether there is one; the id stays taken, so that nobody else comes to stand in old entries."""
    query = select(STAFF_ACCOUNTS.c.active).where(STAFF_ACCOUNTS.c.staff_id == staff_id).with_for_update()
    active = (await connection.execute(query)).scalar_one_or_none()
    if active:
        raise ErasureRefusedError(
            f"The account {staff_id} is in use. Disable it first with `aftersales staff disable {staff_id}`."
        )
    nameless = update(STAFF_ACCOUNTS).where(STAFF_ACCOUNTS.c.staff_id == staff_id)
    await connection.execute(nameless.values(display_name="", mail=""))
    return active is not None
