"""The account's statement of one day as camt.053.001.08: bookings, returns and charges, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sandbox.bank.objects import Payout, amount_text, moment_text
from sandbox.bank.register import BankRegister
from sandbox.bank.settings import BankTerms

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


@dataclass(frozen=True, slots=True)
class _Booking:
    """One entry: payouts that left together, or a single one that came back."""

    payouts: Sequence[Payout]
    back: bool
    at: float

    @property
    def currency(self) -> str:
        return self.payouts[0].order.currency

    @property
    def total_minor(self) -> int:
        return sum(_moved(payout, back=self.back) for payout in self.payouts)


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a statement is asked for; pages count from 1."""

    number: int
    entries: int


def statement(register: BankRegister, account: str, day: date, terms: BankTerms, page_number: int) -> bytes:
    """One page of the statement of ``day`` (UTC): a ``Stmt`` for each currency that the page has entries of."""
    bookings = _bookings(register, day, batched=terms.batch_booking)
    page = Page(page_number, terms.entries_per_page)
    start = (page.number - 1) * page.entries
    shown = bookings[start : start + page.entries]
    currencies = sorted({booking.currency for booking in shown}) or ["EUR"]
    statements = [_statement(account, day, currency, shown) for currency in currencies]
    last = start + page.entries >= len(bookings)
    header = _tag(
        "GrpHdr",
        _leaf("MsgId", f"STMT{day:%Y%m%d}-{page.number}"),
        _leaf("CreDtTm", f"{day + timedelta(days=1)}T00:05:00Z"),
        _tag("MsgPgntn", _leaf("PgNb", str(page.number)), _leaf("LastPgInd", "true" if last else "false")),
    )
    document = _tag("Document", _tag("BkToCstmrStmt", header, *statements), xmlns=NAMESPACE)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'.encode()


def _bookings(register: BankRegister, day: date, *, batched: bool) -> list[_Booking]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    end = start + timedelta(days=1).total_seconds()
    groups: dict[str, list[Payout]] = {}
    for payout in register.booked_between(start, end):
        groups.setdefault(payout.order.currency if batched else payout.id, []).append(payout)
    out = [_Booking(group, back=False, at=group[0].booked_at or start) for group in groups.values()]
    returned = register.returned_between(start, end)
    return out + [_Booking([payout], back=True, at=payout.returned_at or start) for payout in returned]


def _statement(account: str, day: date, currency: str, bookings: Sequence[_Booking]) -> str:
    own = [booking for booking in bookings if booking.currency == currency]
    return _tag(
        "Stmt",
        _leaf("Id", f"{day:%Y%m%d}{currency}"),
        _tag("FrToDt", _leaf("FrDtTm", f"{day}T00:00:00Z"), _leaf("ToDtTm", f"{day}T23:59:59Z")),
        _tag("Acct", _tag("Id", _leaf("IBAN", account)), _leaf("Ccy", currency)),
        *[_entry(booking) for booking in own],
    )


def _entry(booking: _Booking) -> str:
    day = _tag("Dt", _escaped(moment_text(booking.at)[:10]))
    family = "RRTN" if booking.back else "ESCT"
    domain = _tag("Domn", _leaf("Cd", "PMNT"), _tag("Fmly", _leaf("Cd", "ICDT"), _leaf("SubFmlyCd", family)))
    return _tag(
        "Ntry",
        _amount(booking.total_minor, booking.currency),
        _leaf("CdtDbtInd", _direction(back=booking.back)),
        _tag("Sts", _leaf("Cd", "BOOK")),
        _tag("BookgDt", day),
        _tag("ValDt", day),
        _leaf("AcctSvcrRef", f"{'R' if booking.back else 'B'}{booking.payouts[0].id}"),
        _tag("BkTxCd", domain),
        _tag("NtryDtls", *[_details(payout, back=booking.back) for payout in booking.payouts]),
    )


def _details(payout: Payout, *, back: bool) -> str:
    order = payout.order
    references = _tag("Refs", _leaf("EndToEndId", order.number), _leaf("UETR", payout.uetr), _leaf("TxId", payout.id))
    reason = _tag("RtrInf", _tag("Rsn", _leaf("Cd", payout.return_reason or "MS03"))) if back else ""
    return _tag(
        "TxDtls",
        references,
        _amount(_moved(payout, back=back), order.currency),
        _leaf("CdtDbtInd", _direction(back=back)),
        "" if back else _charges(payout),
        _tag("RmtInf", _leaf("Ustrd", order.remittance)),
        reason,
    )


def _moved(payout: Payout, *, back: bool) -> int:
    """What the account was moved by: a charge is taken together with the payout and does not come back."""
    return payout.order.amount_minor + (0 if back else payout.charge_minor)


def _charges(payout: Payout) -> str:
    if not payout.charge_minor:
        return ""
    amount = _amount(payout.charge_minor, payout.order.currency)
    return _tag("Chrgs", _tag("Rcrd", amount, _leaf("CdtDbtInd", "DBIT"), _leaf("ChrgInclInd", "true")))


def _direction(*, back: bool) -> str:
    return "CRDT" if back else "DBIT"


def _amount(minor: int, currency: str) -> str:
    return _tag("Amt", amount_text(minor, currency), Ccy=currency)


def _leaf(name: str, text: str) -> str:
    return _tag(name, _escaped(text))


def _tag(name: str, *inner: str, **attributes: str) -> str:
    shown = "".join(f' {key}="{_escaped(value)}"' for key, value in attributes.items())
    return f"<{name}{shown}>{''.join(inner)}</{name}>"


def _escaped(text: str) -> str:
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(sign, written)
    return text
