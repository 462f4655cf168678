"""`aftersales apply`, against the whole service."""

import re
from pathlib import Path

import pytest

from cli.stack import Stack
from tests.integrations.evidence.samples import JPEG
from tests.support.program import Program
from tests.support.stack import shop_order
from workflows.options import ORDER_LOOKUP_PAUSE

FAULT = ("--reason", "quality_problem", "--item", "mugs=2", "--goods-back")


async def test_an_application_is_decided_and_paid_while_one_looks_on(stack: Stack, aftersales: Program) -> None:
    await shop_order(stack, "apply-1")
    ran = await aftersales.ok("apply", "apply-1", "customer-1", *FAULT, "--follow")
    assert f"Application number: {ran.number}" in ran.out
    assert "refunded  60.00 CNY" in ran.out
    for told in ("approve by row fault_back", "goods", "50.00", "shipping", "10.00", "succeeded", "re_"):
        assert told in ran.out


async def test_the_same_request_key_gives_the_same_application(stack: Stack, aftersales: Program) -> None:
    await shop_order(stack, "apply-2")
    numbers = {await aftersales.apply("apply-2", *FAULT, "--request-key", "till-7/2") for _ in range(2)}
    assert len(numbers) == 1
    other = await aftersales("apply", "apply-2", "customer-1", *FAULT, "--unused", "--request-key", "till-7/2")
    assert other.status == 1
    assert numbers.pop() in other.err
    assert "Use a new key" in other.err


async def test_less_than_the_items_worth_can_be_asked_for(stack: Stack, aftersales: Program) -> None:
    await shop_order(stack, "apply-3")
    number = await aftersales.apply("apply-3", *FAULT, "--amount", "12.30")
    assert "12.30 CNY" in await aftersales.shows(number, "refunded")


@pytest.mark.parametrize("amount", ["12,30", "1.234", "-5"])
async def test_a_malformed_amount_is_refused_before_anything_is_sent(
    stack: Stack, aftersales: Program, amount: str
) -> None:
    await shop_order(stack, "apply-4")
    ran = await aftersales("apply", "apply-4", "customer-1", *FAULT, "--amount", amount)
    assert (ran.status, ran.out) == (2, "")
    assert len(ran.err.strip().splitlines()) == 1
    assert repr(amount) in ran.err


async def test_an_amount_for_an_unknown_order_needs_its_currency(aftersales: Program) -> None:
    ran = await aftersales("apply", "nowhere", "customer-1", *FAULT, "--amount", "5")
    assert ran.status == 1
    assert '--amount "12.30 CNY"' in ran.err


async def test_the_wrong_currency_is_refused_by_the_case(stack: Stack, aftersales: Program) -> None:
    await shop_order(stack, "apply-5")
    number = await aftersales.apply("apply-5", *FAULT, "--amount", "5 EUR")
    assert "wrong_currency" in await aftersales.shows(number, "rejected")


async def test_somebody_elses_order_is_refused_as_if_there_were_none(stack: Stack, aftersales: Program) -> None:
    await shop_order(stack, "apply-6", customer_id="customer-2")
    shown = await aftersales.shows(await aftersales.apply("apply-6", *FAULT), "rejected", "not_your_order")
    assert "We could not find this order among your orders" in shown


async def test_an_order_that_the_shop_does_not_know_yet_is_waited_for_and_can_be_withdrawn(aftersales: Program) -> None:
    number = await aftersales.apply("never-sold", *FAULT)
    await aftersales.shows(number, "received", "Waits for", "shop", "Until")
    assert "withdrawn" in (await aftersales.ok("withdraw", number)).out


async def test_a_case_goes_on_by_itself_once_the_shop_knows_its_order(stack: Stack, aftersales: Program) -> None:
    number = await aftersales.apply("sold-this-minute", *FAULT)
    await aftersales.shows(number, "received", "Waits for", "shop", "Until")
    await shop_order(stack, "sold-this-minute")
    await aftersales.reaches(number, "row fault_back", "refunded", within_s=ORDER_LOOKUP_PAUSE.total_seconds() + 30)


async def test_more_than_was_bought_is_refused_with_what_is_left(stack: Stack, aftersales: Program) -> None:
    await shop_order(stack, "apply-7")
    number = await aftersales.apply("apply-7", "--reason", "wrong_item", "--item", "mugs=5")
    assert "You asked for 5 of item mugs; at most 4" in await aftersales.shows(number, "quantity_too_high")


async def test_evidence_goes_through_the_portal_and_is_counted_by_the_policy(
    stack: Stack, aftersales: Program, tmp_path: Path
) -> None:
    await shop_order(stack, "apply-8")
    photo = tmp_path / "crack.jpg"
    photo.write_bytes(JPEG)
    shown_fault = ("--reason", "quality_problem", "--item", "mugs", "--evidence", str(photo))
    shown = await aftersales.shows(await aftersales.apply("apply-8", *shown_fault), "refunded")
    assert "row fault_shown" in shown
    assert "image/jpeg" in shown


async def test_a_file_that_is_no_evidence_is_refused_and_no_application_is_made(
    stack: Stack, aftersales: Program, tmp_path: Path
) -> None:
    await shop_order(stack, "apply-9")
    text = tmp_path / "crack.txt"
    text.write_text("it is cracked")
    ran = await aftersales("apply", "apply-9", "customer-1", *FAULT, "--evidence", str(text))
    assert (ran.status, ran.out) == (1, "")
    assert "crack.txt was not accepted as evidence" in ran.err
    assert "image/jpeg" in ran.err


async def test_who_enters_an_application_for_a_customer_is_by_default_who_is_logged_in(
    stack: Stack, aftersales: Program
) -> None:
    await shop_order(stack, "apply-11")
    ran = await aftersales("apply", "apply-11", "customer-1", *FAULT, "--role", "agent", LOGNAME="wang")
    assert (ran.status, ran.err) == (0, "")
    await aftersales.reaches(ran.number, "refunded")
    assert re.search(r"wang +agent by cli", (await aftersales.ok("show", ran.number, "--audit")).out)


async def test_an_agent_enters_what_a_customer_says_on_the_telephone(stack: Stack, aftersales: Program) -> None:
    await shop_order(stack, "apply-10")
    by_phone = ("--channel", "phone", "--actor", "agent-7", "--role", "agent")
    number = await aftersales.apply("apply-10", *FAULT, *by_phone)
    await aftersales.shows(number, "refunded", "by phone")
    assert re.search(r"agent-7 +agent by cli", (await aftersales.ok("show", number, "--audit")).out)
