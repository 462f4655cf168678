"""The sandbox's statement: camt.053.001.08 as the standard names its elements, read here without our reader."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.sandbox.bank import NUMBER, Bank, bank_of
from tests.sandbox.servers import Box

DAY = "2026-11-20"
NAMES = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}


@pytest.fixture
async def bank(box: Box) -> Bank:
    bank = await bank_of(box)
    await bank.set_clock(f"{DAY}T10:00:00+00:00")
    return bank


async def statement(bank: Bank, day: str = DAY, **params: int) -> ET.Element:
    """A statement, fetched three days later."""
    await bank.set_clock("2026-11-23T10:00:00+00:00")
    answer = await bank.get("statements/camt053", date=day, **params)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml"), answer.text
    return ET.fromstring(answer.content)  # noqa: S314 - our own sandbox made it


def texts(root: ET.Element, path: str) -> list[str | None]:
    return [element.text for element in root.findall(path, NAMES)]


async def test_a_booked_payout_is_a_debit_with_its_number(bank: Bank) -> None:
    made = (await bank.order()).json()
    root = await statement(bank)
    entry = ".//c:Stmt/c:Ntry"
    assert texts(root, f"{entry}/c:Amt") == ["10.50"]
    assert [amount.get("Ccy") for amount in root.findall(f"{entry}/c:Amt", NAMES)] == ["EUR"]
    assert texts(root, f"{entry}/c:CdtDbtInd") == ["DBIT"]
    assert texts(root, f"{entry}/c:Sts/c:Cd") == ["BOOK"]
    assert texts(root, f"{entry}/c:BookgDt/c:Dt") == [DAY]
    references = f"{entry}/c:NtryDtls/c:TxDtls/c:Refs"
    assert texts(root, f"{references}/c:EndToEndId") == [NUMBER]
    assert texts(root, f"{references}/c:UETR") == [made["uetr"]]
    assert texts(root, ".//c:Acct/c:Id/c:IBAN") == [bank.account]


async def test_a_return_is_a_credit_on_its_own_day_with_its_reason(bank: Bank) -> None:
    await bank.order()
    await bank.set_clock("2026-11-22T10:00:00+00:00")
    await bank.move("return", reason="AC04")
    assert texts(await statement(bank), ".//c:Ntry/c:CdtDbtInd") == ["DBIT"]
    root = await statement(bank, "2026-11-22")
    assert texts(root, ".//c:Ntry/c:CdtDbtInd") == ["CRDT"]
    assert texts(root, ".//c:TxDtls/c:RtrInf/c:Rsn/c:Cd") == ["AC04"]
    assert texts(root, ".//c:Refs/c:EndToEndId") == [NUMBER]


async def test_what_was_rejected_or_waits_is_not_on_the_statement(bank: Bank) -> None:
    await bank.refuse("AC04")
    await bank.order()
    await bank.box.script("pending")
    await bank.order(end_to_end_id="another")
    assert texts(await statement(bank), ".//c:Ntry/c:Amt") == []


async def test_a_charge_is_taken_with_the_payout(bank: Bank) -> None:
    await bank.terms(charge_minor=35)
    await bank.order()
    root = await statement(bank)
    assert texts(root, ".//c:Ntry/c:Amt") == ["10.85"]
    assert texts(root, ".//c:TxDtls/c:Chrgs/c:Rcrd/c:Amt") == ["0.35"]


async def test_a_batch_is_one_entry_with_many_transactions(bank: Bank) -> None:
    await bank.terms(batch_booking=True)
    for number in ("first", "second", "third"):
        await bank.order(end_to_end_id=number)
    root = await statement(bank)
    assert texts(root, ".//c:Ntry/c:Amt") == ["31.50"]
    assert texts(root, ".//c:TxDtls/c:Refs/c:EndToEndId") == ["first", "second", "third"]
    assert texts(root, ".//c:TxDtls/c:Amt") == ["10.50"] * 3


async def test_each_currency_has_a_statement_of_its_own(bank: Bank) -> None:
    await bank.order()
    await bank.order(end_to_end_id="yen", currency="JPY", amount="500")
    root = await statement(bank)
    assert texts(root, ".//c:Stmt/c:Acct/c:Ccy") == ["EUR", "JPY"]
    assert texts(root, ".//c:Stmt/c:Ntry/c:Amt") == ["10.50", "500"]


async def test_a_long_day_comes_in_pages(bank: Bank) -> None:
    await bank.terms(entries_per_page=2)
    for number in ("first", "second", "third"):
        await bank.order(end_to_end_id=number)
    pages = [await statement(bank, page=number) for number in (1, 2)]
    assert [texts(page, ".//c:EndToEndId") for page in pages] == [["first", "second"], ["third"]]
    assert [texts(page, ".//c:MsgPgntn/c:LastPgInd") for page in pages] == [["false"], ["true"]]


async def test_a_day_without_payouts_has_an_empty_statement(bank: Bank) -> None:
    root = await statement(bank, "2026-11-21")
    assert texts(root, ".//c:Acct/c:Id/c:IBAN") == [bank.account]
    assert texts(root, ".//c:Ntry/c:Amt") == []


async def test_names_with_signs_of_xml_do_not_break_it(bank: Bank) -> None:
    await bank.order(remittance='Refund <of> "A & B"')
    assert texts(await statement(bank), ".//c:RmtInf/c:Ustrd") == ['Refund <of> "A & B"']


async def test_todays_statement_is_not_made_yet(bank: Bank) -> None:
    for day in (DAY, "2026-11-21"):
        answer = await bank.get("statements/camt053", date=day)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "statement_not_ready")


@pytest.mark.parametrize(
    "wrong", [{"date": "today"}, {"date": ""}, {"date": DAY, "page": 0}, {"date": DAY, "page": "a"}]
)
async def test_a_day_or_page_that_cannot_be_read_is_refused(bank: Bank, wrong: dict[str, str | int]) -> None:
    assert (await bank.get("statements/camt053", **wrong)).status_code == 400
