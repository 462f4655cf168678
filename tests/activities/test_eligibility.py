"""Whose order it is: a guest shows it by the order's contact, and learns nothing by trying (P6.1)."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.eligibility import MOST_GUESSES, known_to
from aftersales.contract.guests import contact_digest
from aftersales.contract.values import CaseStatus, ErrorCode, Role
from storage.orders import save_orders
from tests.activities.desk import Desk
from tests.activities.shop import CUSTOMER_MAIL, application, order_record

PHONE = "+86 138-0000-0000"
ORDER = "of-a-guest"


@pytest.fixture(autouse=True)
async def _order_of_a_guest(engine: AsyncEngine) -> None:
    record = order_record(ORDER, customer_id="guest-1")
    guest = record.account.model_copy(update={"guest": True, "phone": PHONE})
    await save_orders(engine, [record.model_copy(update={"account": guest})])


async def apply(desk: Desk, contact: str, *, actor: str = "guest-1", role: Role = Role.CUSTOMER) -> CaseStatus:
    """For the guest's order; where the case then stands."""
    digest = contact_digest(ORDER, contact) if contact else ""
    asked = application(order_id=ORDER, customer_id="guest-1", contact_digest=digest)
    return (await desk.apply(asked, actor=actor, role=role)).standing.status


@pytest.mark.parametrize("contact", [CUSTOMER_MAIL, CUSTOMER_MAIL.upper(), PHONE, "+8613800000000"])
async def test_a_guest_shows_by_mail_address_or_telephone_number_that_the_order_is_theirs(
    desk: Desk, contact: str
) -> None:
    assert await apply(desk, contact) is CaseStatus.PAYING


@pytest.mark.parametrize("contact", ["", "somebody@else.example", "+86 138-0000-0001"])
async def test_a_guest_who_does_not_is_answered_as_if_there_were_no_such_order(desk: Desk, contact: str) -> None:
    asked = application(
        order_id=ORDER, customer_id="guest-1", contact_digest=contact and contact_digest(ORDER, contact)
    )
    nowhere = asked.model_copy(update={"order_id": "nowhere"})
    answers = []
    for key, each in (("wrong", asked), ("nowhere", nowhere)):
        first = await desk.apply(each, key, actor="guest-1")
        last = await desk.apply(each, key, actor="guest-1", last_look=True)
        seen = (last.standing.status, last.standing.reason_code, last.standing.explanation)
        answers.append((first.look_again, first.standing.status, *seen))
    assert answers[0] == answers[1]
    assert answers[0][:4] == (True, CaseStatus.RECEIVED, CaseStatus.REJECTED, ErrorCode.ORDER_UNKNOWN.value)


async def guess(desk: Desk, times: int) -> None:
    for n in range(times):
        digest = contact_digest(ORDER, f"guess-{n}@else.example")
        asked = application(order_id=ORDER, customer_id="guest-1", contact_digest=digest)
        await desk.apply(asked, f"{desk.now} {n}", actor="guest-1")


async def test_after_many_guesses_the_right_contact_opens_nothing_either_for_a_day(desk: Desk) -> None:
    """Else somebody would try all telephone numbers; whoever enters it for the guest is not kept out."""
    await guess(desk, MOST_GUESSES)
    assert await apply(desk, CUSTOMER_MAIL) is CaseStatus.RECEIVED
    desk.later(days=1)
    asked = application(order_id=ORDER, customer_id="guest-1", contact_digest=contact_digest(ORDER, CUSTOMER_MAIL))
    assert (await desk.apply(asked, "a day later", actor="guest-1")).standing.status is CaseStatus.PAYING


async def test_some_slips_of_the_pen_keep_nobody_out_nor_many_guesses_the_staff(desk: Desk) -> None:
    await guess(desk, MOST_GUESSES - 1)
    assert await apply(desk, CUSTOMER_MAIL) is CaseStatus.PAYING
    await guess(desk, MOST_GUESSES)
    asked = application(order_id=ORDER, customer_id="guest-1")
    assert (await desk.apply(asked, "by phone", actor="agent-1", role=Role.AGENT)).standing.status is CaseStatus.PAYING


async def test_a_digest_of_another_order_opens_nothing(desk: Desk) -> None:
    asked = application(order_id=ORDER, customer_id="guest-1", contact_digest=contact_digest("another", CUSTOMER_MAIL))
    assert (await desk.apply(asked, actor="guest-1")).look_again


async def test_whoever_enters_it_for_a_guest_has_spoken_to_them_and_stands_in_the_log(desk: Desk) -> None:
    assert await apply(desk, "", actor="agent-1", role=Role.AGENT) is CaseStatus.PAYING
    assert (await desk.case()).entered_by == "agent-1"


async def test_a_customer_with_an_account_needs_no_second_factor(desk: Desk) -> None:
    order = await desk.order()
    assert known_to(application(), order, Role.CUSTOMER) is order


async def test_a_guest_whose_contact_nobody_knows_cannot_show_anything(desk: Desk) -> None:
    order = await desk.order(ORDER)
    nameless = order.model_copy(update={"account": order.account.model_copy(update={"email": "", "phone": ""})})
    asked = application(order_id=ORDER, contact_digest=contact_digest(ORDER, ""))
    assert known_to(asked, nameless, Role.CUSTOMER) is None
