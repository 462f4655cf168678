"""The bank's statement as movements: from the sandbox, and from documents as banks write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.ports import StatementNotReadyError
from aftersales.contract.values import Money, Movement
from cli.servers.probes import free_port
from integrations.bank import BankAccess, BankPayments, BankStatements
from integrations.bank.camt053 import read_page
from tests.integrations.bank.orders import ACCOUNT, LEG_NUMBER, Script, leg_row, payee
from tests.sandbox.bank import Bank

FRIDAY = date(2026, 11, 20)
SUNDAY = date(2026, 11, 22)
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def eur(minor: int) -> Money:
    return Money(minor=minor, currency="EUR")


def transaction(number: str = LEG_NUMBER, amount: str = "10.50", more: str = "") -> str:
    """A debit inside an entry."""
    return (
        f"<TxDtls><Refs><EndToEndId>{number}</EndToEndId><TxId>po_1</TxId></Refs>"
        f'<Amt Ccy="EUR">{amount}</Amt>{more}</TxDtls>'
    )


def entry(
    details: str = "", amount: str = "10.50", direction: str = "DBIT", status: str = "BOOK", more: str = ""
) -> str:
    """An entry of the statement."""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>'
        f"<BookgDt><Dt>{FRIDAY}</Dt></BookgDt><AcctSvcrRef>REF-1</AcctSvcrRef>{more}"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def document(*entries: str, account: str = f"<IBAN>{ACCOUNT}</IBAN>", header: str = "") -> bytes:
    """A statement of one account."""
    statement = f"<Stmt><Id>S1</Id><Acct><Id>{account}</Id></Acct>{''.join(entries)}</Stmt>"
    content = f"<BkToCstmrStmt><GrpHdr>{header}</GrpHdr>{statement}</BkToCstmrStmt>"
    return f'<Document xmlns="{NAMESPACE}">{content}</Document>'.encode()


@pytest.fixture
async def friday(bank: Bank) -> Bank:
    """The bank on a Friday morning."""
    await bank.set_clock(f"{FRIDAY}T10:00:00+00:00")
    return bank


async def test_a_payout_is_on_the_statement_of_its_day(
    friday: Bank, payments: BankPayments, access: BankAccess
) -> None:
    paid = await payments.pay_out(leg_row(), payee())
    await friday.set_clock(f"{SUNDAY}T10:00:00+00:00")
    [line] = await BankStatements(access).of(FRIDAY)
    assert (line.provider, line.provider_number, line.amount) == ("bank", LEG_NUMBER, eur(1_050))
    assert (line.movement, line.returned, line.fee) == (Movement.PAYOUT, False, None)
    assert line.reference == paid.provider_reference
    assert line.booked_at == datetime(2026, 11, 20, tzinfo=UTC)


async def test_a_return_is_on_the_statement_of_the_day_it_came_back(
    friday: Bank, payments: BankPayments, access: BankAccess
) -> None:
    await friday.terms(charge_minor=35)
    await payments.pay_out(leg_row(), payee())
    await friday.set_clock(f"{SUNDAY}T10:00:00+00:00")
    await friday.move("return", LEG_NUMBER, reason="AC04")
    await friday.set_clock("2026-11-23T10:00:00+00:00")
    [out] = await BankStatements(access).of(FRIDAY)
    [back] = await BankStatements(access).of(SUNDAY)
    assert (out.returned, out.amount, out.fee) == (False, eur(1_050), eur(35))
    assert (back.returned, back.amount, back.fee, back.provider_number) == (True, eur(1_050), None, LEG_NUMBER)


@pytest.mark.parametrize("batched", [False, True])
async def test_every_payout_of_a_day_is_found_over_pages_batches_and_currencies(
    friday: Bank, payments: BankPayments, access: BankAccess, *, batched: bool
) -> None:
    await friday.terms(entries_per_page=2, batch_booking=batched, charge_minor=10)
    expected = set()
    for count in range(1, 6):
        for currency in ("EUR", "JPY"):
            leg = leg_row(minor=100 * count, currency=currency, provider_number=f"{currency}-{count}")
            await payments.pay_out(leg, payee())
            expected.add((leg.leg.provider_number, leg.leg.amount))
    await friday.set_clock(f"{SUNDAY}T10:00:00+00:00")
    lines = await BankStatements(access).of(FRIDAY)
    assert {(line.provider_number, line.amount) for line in lines} == expected
    assert {line.fee for line in lines} == {eur(10), Money(minor=10, currency="JPY")}
    assert len({line.line_id for line in lines}) == len(lines) == 10


async def test_a_day_without_payouts_has_no_lines(friday: Bank, access: BankAccess) -> None:
    del friday
    assert await BankStatements(access).of(date(2026, 11, 19)) == ()


async def test_a_day_that_has_not_ended_is_asked_for_later(friday: Bank, access: BankAccess) -> None:
    del friday
    with pytest.raises(StatementNotReadyError, match="ask tomorrow"):
        await BankStatements(access).of(FRIDAY)


@pytest.mark.parametrize("fault", ["error_500", "429", "drop_request", "truncate"])
async def test_a_bank_in_trouble_is_asked_again_later(friday: Bank, access: BankAccess, fault: str) -> None:
    await friday.box.script(fault, method="GET")
    with pytest.raises(StatementNotReadyError, match="hour"):
        await BankStatements(access).of(date(2026, 11, 19))


async def test_a_bank_out_of_reach_is_asked_again_later() -> None:
    access = BankAccess(f"http://127.0.0.1:{free_port()}", "token", ACCOUNT)
    with pytest.raises(StatementNotReadyError, match="cannot be reached"):
        await BankStatements(access).of(FRIDAY)


async def test_a_token_without_rights_is_named(bank: Bank) -> None:
    with pytest.raises(ValueError, match="AFTERSALES_BANK_TOKEN"):
        await BankStatements(BankAccess(bank.url, "wrong", bank.account)).of(FRIDAY)


async def test_a_statement_of_another_day_is_not_taken_for_the_one_asked_for(script: Script) -> None:
    script.get(200, document(entry(transaction())))
    access = BankAccess(script.url, "token", ACCOUNT)
    assert len(await BankStatements(access).of(FRIDAY)) == 1
    with pytest.raises(ValueError, match=r"S1/1\.1: booked on another day"):
        await BankStatements(access).of(SUNDAY)


def lines_of(*entries: str, **how: str) -> list[tuple[str, int, bool, int]]:
    """Number, amount, returned and fee of each line."""
    lines = read_page(document(*entries, **how), ACCOUNT).lines
    return [
        (each.provider_number, each.amount.minor, each.returned, each.fee.minor if each.fee else 0) for each in lines
    ]


def test_an_entry_without_details_is_a_line_without_a_number() -> None:
    [line] = read_page(document(entry()), ACCOUNT).lines
    assert (line.provider_number, line.amount, line.reference) == ("", eur(1_050), "REF-1")


def test_a_number_that_was_not_provided_is_none() -> None:
    assert lines_of(entry(transaction("NOTPROVIDED"))) == [("", 1_050, False, 0)]


def test_a_single_transaction_without_an_amount_has_its_entrys() -> None:
    details = f"<TxDtls><Refs><EndToEndId>{LEG_NUMBER}</EndToEndId></Refs></TxDtls>"
    assert lines_of(entry(details)) == [(LEG_NUMBER, 1_050, False, 0)]


def test_a_batch_has_a_line_for_each_transaction() -> None:
    details = transaction("a", "1.00") + transaction("b", "2.50")
    assert lines_of(entry(details, amount="3.50")) == [("a", 100, False, 0), ("b", 250, False, 0)]


def test_a_batch_that_does_not_add_up_is_refused_by_its_line() -> None:
    details = transaction("a", "1.00") + transaction("b", "2.50")
    with pytest.raises(ValueError, match=r"S1/1\.1: the transactions of this batch do not add up"):
        read_page(document(entry(details, amount="3.51")), ACCOUNT)


def test_other_money_that_comes_in_is_left_out() -> None:
    assert lines_of(entry(transaction(), direction="CRDT")) == []


def test_a_return_is_known_by_its_reason_or_by_the_reversal_mark() -> None:
    reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    assert lines_of(entry(transaction(more=reason), direction="CRDT")) == [(LEG_NUMBER, 1_050, True, 0)]
    mark = "<RvslInd>true</RvslInd>"
    assert lines_of(entry(transaction(), direction="CRDT", more=mark)) == [(LEG_NUMBER, 1_050, True, 0)]


def test_in_a_batch_each_transaction_may_have_its_own_direction() -> None:
    back = "<CdtDbtInd>CRDT</CdtDbtInd><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    details = transaction("a", "1.00", back) + transaction("b", "3.00")
    assert lines_of(entry(details, amount="2.00")) == [("a", 100, True, 0), ("b", 300, False, 0)]


@pytest.mark.parametrize("status", ["PDNG", "INFO", "FUTR"])
def test_what_is_only_announced_is_left_out(status: str) -> None:
    assert lines_of(entry(transaction(), status=status)) == []


def charges(amount: str, *, included: bool) -> str:
    return (
        f'<Chrgs><Rcrd><Amt Ccy="EUR">{amount}</Amt><ChrgInclInd>{str(included).lower()}</ChrgInclInd></Rcrd></Chrgs>'
    )


def test_a_charge_inside_the_amount_is_taken_out_of_it_and_shown_as_fee() -> None:
    details = transaction(amount="10.85", more=charges("0.35", included=True))
    assert lines_of(entry(details, amount="10.85")) == [(LEG_NUMBER, 1_050, False, 35)]


def test_a_charge_beside_the_amount_is_its_fee() -> None:
    assert lines_of(entry(transaction(more=charges("0.35", included=False)))) == [(LEG_NUMBER, 1_050, False, 35)]


def test_what_a_bank_kept_of_a_return_is_its_fee_and_the_whole_amount_came_back() -> None:
    more = charges("0.50", included=True) + "<RtrInf/>"
    details = transaction(amount="10.00", more=more)
    assert lines_of(entry(details, amount="10.00", direction="CRDT")) == [(LEG_NUMBER, 1_050, True, 50)]


def test_a_charge_that_leaves_nothing_of_its_amount_is_refused() -> None:
    more = charges("10.50", included=True)
    with pytest.raises(ValueError, match=r"S1/1\.1: nothing is left"):
        read_page(document(entry(transaction(more=more))), ACCOUNT)


def test_a_charge_in_another_currency_than_its_amount_is_refused() -> None:
    more = '<Chrgs><Rcrd><Amt Ccy="USD">0.35</Amt></Rcrd></Chrgs>'
    with pytest.raises(ValueError, match=r"S1/1\.1: its charge is in another currency"):
        read_page(document(entry(transaction(more=more))), ACCOUNT)


FEES = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>CHRG</SubFmlyCd></Fmly></Domn></BkTxCd>"


def test_a_charge_booked_apart_belongs_to_the_payout_that_it_names() -> None:
    charge = entry(transaction(amount="0.35"), amount="0.35", more=FEES)
    assert lines_of(charge, entry(transaction()), entry(transaction("b"))) == [
        (LEG_NUMBER, 1_050, False, 35),
        ("b", 1_050, False, 0),
    ]


def test_a_charge_that_names_no_payout_is_the_banks_own_business() -> None:
    assert lines_of(entry(amount="5.00", more=FEES), entry()) == [("", 1_050, False, 0)]


def test_only_the_statement_of_our_account_is_read() -> None:
    ours = document(entry(transaction()), account="<Othr><Id>1021 0009 9996 123</Id></Othr>")
    assert len(read_page(ours, "102100099996123").lines) == 1
    with pytest.raises(ValueError, match="other accounts"):
        read_page(ours, ACCOUNT)


def test_without_page_marks_a_document_is_whole() -> None:
    assert read_page(document(), ACCOUNT).is_last
    assert read_page(document(header="<MsgPgntn><LastPgInd>true</LastPgInd></MsgPgntn>"), ACCOUNT).is_last
    assert not read_page(document(header="<MsgPgntn><LastPgInd>false</LastPgInd></MsgPgntn>"), ACCOUNT).is_last


def test_a_booking_time_keeps_its_zone() -> None:
    at = "<BookgDt><DtTm>2026-11-20T23:30:00+01:00</DtTm></BookgDt>"
    body = document(entry(transaction())).replace(f"<BookgDt><Dt>{FRIDAY}</Dt></BookgDt>".encode(), at.encode())
    [line] = read_page(body, ACCOUNT).lines
    assert line.booked_at == datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    assert line.booked_at.date() == FRIDAY


@pytest.mark.parametrize(
    ("written", "instead", "sentence"),
    [
        (b'<Amt Ccy="EUR">10.50</Amt><CdtDbtInd>', b"<CdtDbtInd>", r"S1/1\.1: the amount is missing"),
        (b">10.50<", b">10,50<", r"S1/1\.1: '10,50' is no amount in EUR"),
        (b'Ccy="EUR"', b'Ccy="XXX"', r"S1/1\.1: .*XXX"),
        (b"<Sts><Cd>BOOK</Cd></Sts>", b"<Sts>BOOK</Sts>", r"S1/1\.1: its status or direction is missing"),
        (b"DBIT", b"OUT", r"S1/1\.1: its status or direction is missing"),
        (b"2026-11-20", b"yesterday", r"S1/1\.1: the booking date 'yesterday' cannot be read"),
        (NAMESPACE.encode(), b"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08", "no statement"),
        (b"</Document>", b"", "no XML"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_line(written: bytes, instead: bytes, sentence: str) -> None:
    body = document(entry(transaction()))
    assert written in body
    with pytest.raises(ValueError, match=sentence):
        read_page(body.replace(written, instead), ACCOUNT)


@given(st.integers(min_value=0, max_value=len(document(entry(transaction()))) - 1))
def test_a_statement_that_was_cut_off_is_refused_wherever_it_ends(length: int) -> None:
    with pytest.raises(ValueError, match="no XML"):
        read_page(document(entry(transaction()))[:length], ACCOUNT)


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE d [<!ENTITY a "b">]><Document>&a;</Document>',
        b'<!DOCTYPE d SYSTEM "http://127.0.0.1/x.dtd"><Document/>',
        b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>',
        b"",
        b"\xff\xfe",
        b"{}",
    ],
)
def test_documents_that_mean_harm_are_refused(hostile: bytes) -> None:
    with pytest.raises(ValueError, match="no XML"):
        read_page(hostile, ACCOUNT)
