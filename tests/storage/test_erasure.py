"""A person is erased: name, addresses and texts are gone, money and logs are what they were (P6.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.particulars import AccountStanding, Particulars, ShipmentRecord
from activities.ports import Payee
from activities.rows import CaseRow, HeardMessage, LegRow, StoredStep
from activities.types import Standing, StepResult
from aftersales.contract.messages import Answer
from aftersales.contract.values import CaseStatus, Language, MessageKind, Movement, PayoutMethod, WaitsFor
from domain.orders import OrderRecord
from storage.audit_checks import AuditCheck
from storage.engine import Transactions
from storage.erasure import Eraser, ErasureRefusedError, PersonErasure
from storage.hand_payments import HandPayments
from storage.people import ERASED_TEXT, Kind, Person
from storage.portal import PortalStore, ProviderEvent
from storage.reading import Reading
from storage.store import SqlStore
from storage.tables import ACCOUNTS, PAYEES, SHIPMENTS, STAFF_ACCOUNTS, metadata
from tests.fakes import FakeClock
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, case_row, entry, leg_row, mail, posting, said
from tests.support.assessed import assessment

CUSTOMER = Person(Kind.CUSTOMER, "customer-1")
ADMIN = Eraser("admin-1", "admin", "cli")
WROTE = "我叫张伟,电话 555-0100。"
TOLD = "Dear Mr Zhang"
PHONE, TRACKING, CONTACT = "+49 30 5550101", "SF-77-4411", "c0" * 32
PAYER = "payer@example.net"
MASKED = "WeChat •••• 3000"
ELSEWHERE = leg_row().leg.model_copy(update={"movement": Movement.PAYOUT, "destination": MASKED})
PERSONAL = (WROTE, TOLD, "张伟", "zhang@example.com", "3000", PHONE, TRACKING, CONTACT, PAYER)


@pytest.fixture
async def closed(store: SqlStore, engine: AsyncEngine, stored_order: OrderRecord) -> CaseRow:
    """A case of `customer-1` that is over, with all that was written in it."""
    del stored_order
    row = case_row(status=CaseStatus.REFUNDED, explanation=TOLD, closed_at=NOON)
    application = row.start.application.model_copy(update={"description": WROTE})
    application = application.model_copy(update={"contact_digest": CONTACT})
    row = row.model_copy(update={"start": row.start.model_copy(update={"application": application})})
    told = Particulars(record=ShipmentRecord(tracking=TRACKING), standing=AccountStanding(note=TOLD))
    async with store.begin() as unit:
        await unit.store_assessment(assessment(number=NUMBER, particulars=told))
        await unit.insert_leg(LegRow(**dict(leg_row()) | {"leg": ELSEWHERE, "payee": "payee-1"}))
        await unit.insert_case(row)
        await unit.append_audit((said("customer-1", "customer", WROTE), said("agent-1", "agent", TOLD), entry("paid")))
        await unit.insert_mail(mail("<1@shop>").model_copy(update={"body": TOLD}))
        await unit.hear(_heard())
        await unit.store_step(NUMBER, "intake", 1, StoredStep(input_digest="x", result=_result()))
        await unit.post(posting("paid"))
    async with Transactions(engine).begin() as connection:
        await connection.execute(insert(PAYEES).values(_payee()))
        await connection.execute(update(ACCOUNTS).values(phone=PHONE))
        shipment = {"order_id": "order-1", "carrier": "SF", "tracking": TRACKING}
        await connection.execute(insert(SHIPMENTS).values(shipment | {"shipped_at": NOON, "delivered_at": NOON}))
    by_hand = HandPayments(engine, FakeClock(NOON))
    paid_elsewhere = LegRow(**dict(leg_row()) | {"leg": ELSEWHERE, "payee": "payee-1"})
    await by_hand.pay_out(paid_elsewhere, Payee(token="payee-1", method=PayoutMethod.WECHAT_PAY, account="x"))
    await PortalStore(engine).receive_all([_webhook()])
    return row


def _webhook() -> ProviderEvent:
    """A provider's own words about the refund, which name whom it was paid to."""
    return ProviderEvent(
        provider="stripe",
        event_id="evt_1",
        payload=f'{{"email_sent_to": "{PAYER}"}}',
        received_at=NOON,
        provider_number=ELSEWHERE.provider_number,
    )


def _heard() -> HeardMessage:
    return HeardMessage(
        number=NUMBER,
        nonce="n" * 16,
        kind=MessageKind.SURVEY_ANSWER,
        actor="customer-1",
        role="customer",
        body=f'{{"comment": "{WROTE}"}}',
        received_at=NOON,
        accepted=True,
    )


def _result() -> StepResult:
    standing = Standing(
        status=CaseStatus.REFUNDED,
        waits_for=WaitsFor.NOBODY,
        language=Language.ZH_CN,
        explanation=TOLD,
        legs=(ELSEWHERE,),
        earlier=(ELSEWHERE,),
    )
    return StepResult(standing=standing, answer=Answer(accepted=True, status=CaseStatus.REFUNDED, sentence=TOLD))


def _payee() -> dict[str, object]:
    names = ("token", "method", "key_id", "created_by")
    return dict.fromkeys(names, "x") | {
        "number": NUMBER,
        "customer_id": "customer-1",
        "masked": "Bank account •••• 3000",
        "sealed": b"locked",
        "created_at": NOON,
        "erased_at": None,
    }


async def everything(engine: AsyncEngine) -> str:
    """All that the database holds, as text."""
    async with engine.connect() as connection:
        tables = [(await connection.execute(select(table))).all() for table in metadata.sorted_tables]
    return f"{tables}"


async def broken(engine: AsyncEngine) -> list[Any]:
    return [each async for page in AuditCheck(engine).all() for each in page.breaks]


@pytest.fixture
async def erased(engine: AsyncEngine, closed: CaseRow) -> None:
    before = await everything(engine)
    for personal in PERSONAL:
        assert personal in before
    found = await PersonErasure(engine).erase(CUSTOMER, ADMIN, NOON)
    assert found.cases == (closed.number,)


@pytest.mark.usefixtures("erased")
async def test_neither_name_nor_address_nor_text_is_left_anywhere(engine: AsyncEngine) -> None:
    after = await everything(engine)
    for personal in (*PERSONAL, "locked"):
        assert personal not in after


@pytest.mark.usefixtures("erased")
async def test_ledger_and_chains_are_what_they_were(engine: AsyncEngine) -> None:
    record = await Reading(engine).case(NUMBER)
    assert record is not None
    assert record.ledger == (posting("paid"),)
    assert await broken(engine) == []


@pytest.mark.usefixtures("erased")
async def test_the_log_shows_somebody_erased_and_who_did_it(engine: AsyncEngine) -> None:
    by_customer, by_agent, _, last = (link.entry for link in await Reading(engine).log(NUMBER))
    assert by_customer.actor.startswith("erased:")
    assert by_customer.why == by_agent.why == ERASED_TEXT
    assert by_agent.actor == "agent-1"
    assert (last.action, last.actor, last.role, last.channel) == ("person_erased", *ADMIN)
    assert len(await Reading(engine).log("people")) == 1


async def test_somebody_with_an_open_case_is_not_erased_and_the_case_is_named(
    store: SqlStore, engine: AsyncEngine, closed: CaseRow
) -> None:
    async with store.begin() as unit:
        await unit.insert_case(case_row(OTHER_NUMBER))
    before = await everything(engine)
    with pytest.raises(ErasureRefusedError, match=OTHER_NUMBER):
        await PersonErasure(engine).erase(CUSTOMER, ADMIN, NOON)
    assert closed.number in before
    assert await everything(engine) == before


async def test_nobody_is_erased_under_an_id_that_nothing_knows(engine: AsyncEngine) -> None:
    with pytest.raises(ErasureRefusedError, match="Nothing is kept of a customer nobody"):
        await PersonErasure(engine).erase(Person(Kind.CUSTOMER, "nobody"), ADMIN, NOON)


@pytest.mark.usefixtures("closed")
async def test_what_other_logs_say_of_somebody_goes_too_and_of_others_stays(
    store: SqlStore, engine: AsyncEngine
) -> None:
    about_others = said("agent-1", "agent", "Sends back empty boxes.", "risk", customer="customer-2")
    about_them = said("agent-1", "agent", TOLD, "risk", customer="customer-1")
    async with store.begin() as unit:
        await unit.append_audit((about_others, about_them))
    await PersonErasure(engine).erase(CUSTOMER, ADMIN, NOON)
    others, them, last = (link.entry for link in await Reading(engine).log("risk"))
    assert (others.why, json.loads(others.facts)) == ("Sends back empty boxes.", {"customer": "customer-2"})
    assert them.why == ERASED_TEXT
    assert last.action == "person_erased"
    assert await broken(engine) == []


@pytest.mark.usefixtures("erased")
async def test_a_person_who_comes_back_is_a_new_one_to_the_logs(store: SqlStore, engine: AsyncEngine) -> None:
    async with store.begin() as unit:
        await unit.append_audit((said("customer-1", "customer", "Here I am again."),))
    entries = [link.entry for link in await Reading(engine).log(NUMBER)]
    assert (entries[-1].actor, entries[-1].why) == ("customer-1", "Here I am again.")
    assert entries[0].actor.startswith("erased:")


@pytest.mark.parametrize("active", [True, False])
async def test_staff_are_erased_once_their_account_is_disabled(
    store: SqlStore, engine: AsyncEngine, active: bool
) -> None:
    names = {"staff_id": "agent-1", "display_name": "李娜", "mail": "li@shop.example", "password_hash": "x"}
    times = {"created_at": NOON, "changed_at": NOON}
    async with Transactions(engine).begin() as connection:
        await connection.execute(insert(STAFF_ACCOUNTS).values(names | times | {"active": active}))
    async with store.begin() as unit:
        await unit.append_audit((said("agent-1", "agent", TOLD), said("agent-1", "customer")))
    erasure = PersonErasure(engine)
    if active:
        with pytest.raises(ErasureRefusedError, match="staff disable agent-1"):
            await erasure.erase(Person(Kind.STAFF, "agent-1"), ADMIN, NOON)
        return
    await erasure.erase(Person(Kind.STAFF, "agent-1"), ADMIN, NOON)
    by_staff, by_customer = (link.entry for link in await Reading(engine).log(NUMBER))
    assert by_staff.actor.startswith("erased:")
    assert by_staff.why == TOLD  # about the case, and whose it is goes with them
    assert by_customer.actor == "agent-1"  # somebody else, by the same id
    assert "李娜" not in await everything(engine)
    assert await broken(engine) == []
