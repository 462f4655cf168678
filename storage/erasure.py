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
from storage.audit import ERASURES, PERSON_ERASED
from storage.engine import Transactions
from storage.errors import StorageError
from storage.people import Kind, Person, known_pseudonym
from storage.rows.audit import AuditRows
from storage.tables import (
    ACCOUNTS,
    ASSESSMENTS,
    AUDIT,
    AUDIT_HEADS,
    AUDIT_WORDS,
    CASES,
    HAND_PAYMENTS,
    HEARD_MESSAGES,
    LEGS,
    MAILS,
    ORDERS,
    PAYEES,
    PEOPLE,
    SHIPMENTS,
    STAFF_ACCOUNTS,
    STEPS,
    WEBHOOK_INBOX,
)

_EMPTIED: Final[tuple[tuple[Table, dict[str, str | None]], ...]] = (
    (MAILS, {"recipient": "", "subject": "", "body": ""}),
    (HEARD_MESSAGES, {"body": ""}),
    (CASES, {"explanation": "", "payout": None}),
    (LEGS, {"destination": ""}),
    (WEBHOOK_INBOX, {"payload": ""}),
)
"""Columns with what was written to a customer, by them or about them; all these tables have the case's number."""


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
            entries = _entries(erased, sorted({ERASURES, *cases, *logs}), by, at)
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
    to_them = HAND_PAYMENTS.c.number.in_(of_person) & (HAND_PAYMENTS.c.payee != "")  # else it names a payment of ours
    await connection.execute(update(HAND_PAYMENTS).where(to_them).values(destination=""))
    parcels = SHIPMENTS.c.order_id.in_(select(ORDERS.c.order_id).where(ORDERS.c.customer_id == customer_id))
    await connection.execute(update(SHIPMENTS).where(parcels).values(tracking=""))
    kept = (PAYEES.c.customer_id == customer_id) & PAYEES.c.erased_at.is_(None)
    await connection.execute(update(PAYEES).where(kept).values(sealed=b"", masked="", erased_at=at))
    for number in cases:
        await _empty_application(connection, number)
        await _empty_steps(connection, number)
        await _empty_particulars(connection, number)
    nameless = update(ACCOUNTS).where(ACCOUNTS.c.customer_id == customer_id).values(name="", email="", phone="")
    return (await connection.execute(nameless)).rowcount == 1


async def _empty_application(connection: AsyncConnection, number: str) -> None:
    start: CaseStart = (await connection.execute(_of(CASES, number, "start"))).scalar_one()
    application = start.application.model_copy(update={"description": "", "contact_digest": ""})
    emptied = start.model_copy(update={"application": application})
    await connection.execute(update(CASES).where(CASES.c.number == number).values(start=emptied))


async def _empty_steps(connection: AsyncConnection, number: str) -> None:
    """Results of steps repeat what a person explained, and what was answered."""
    for step, round_, result in (await connection.execute(_of(STEPS, number, "step", "round", "result"))).all():
        key = (STEPS.c.number == number) & (STEPS.c.step == step) & (STEPS.c.round == round_)
        await connection.execute(update(STEPS).where(key).values(result=_emptied(result)))


async def _empty_particulars(connection: AsyncConnection, number: str) -> None:
    """What the shop's systems said of the person and of their parcel; what was decided from it stays."""
    for sequence, told in (await connection.execute(_of(ASSESSMENTS, number, "sequence", "particulars"))).all():
        key = (ASSESSMENTS.c.number == number) & (ASSESSMENTS.c.sequence == sequence)
        emptied = {
            "standing": told.standing and told.standing.model_copy(update={"note": ""}),
            "record": told.record and told.record.model_copy(update={"tracking": ""}),
        }
        await connection.execute(update(ASSESSMENTS).where(key).values(particulars=told.model_copy(update=emptied)))


def _emptied(result: StepResult) -> StepResult:
    """A step's result without what was written, and without where money went."""
    said = result.standing
    legs, earlier = (
        tuple(leg.model_copy(update={"destination": ""}) for leg in each) for each in (said.legs, said.earlier)
    )
    standing = said.model_copy(update={"explanation": "", "legs": legs, "earlier": earlier})
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
