"""The bank's statement of a day, camt.053.001.08, as the movements of money that it shows.

A debit is a payout; a credit counts only as the return of one (RtrInf or RvslInd), for other money that comes in is
not ours to reconcile. A batch has one line for each of its transactions. Charges are fees of the payout that they are
booked with; those that name no payout are the bank's own business and left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from activities.ports import StatementLine
from aftersales.contract.values import Money, Movement
from integrations.bank.amounts import money_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAMESPACE: Final = "{urn:iso:std:iso:20022:tech:xsd:camt.053.001."
_NOTHING_GIVEN: Final = ("", "NOTPROVIDED")
_DIRECTIONS: Final = frozenset({"DBIT", "CRDT"})
_CHARGES: Final = frozenset({"CHRG", "FEES", "COMM"})
"""Sub-families of ISO's bank transaction codes."""


@dataclass(frozen=True)
class StatementPage:
    """`is_last`: no other page follows. `lines` are those of the account that was asked for."""

    lines: tuple[StatementLine, ...]
    is_last: bool


@dataclass(frozen=True)
class _Transaction:
    """One movement inside an entry; `element` is the entry itself where the bank gives no details."""

    element: Element
    entry: Element
    line_id: str
    amount: Money

    @property
    def is_debit(self) -> bool:
        return (_text(self.element, "CdtDbtInd") or _text(self.entry, "CdtDbtInd")) == "DBIT"

    @property
    def is_return(self) -> bool:
        return self.element.find("RtrInf") is not None or _text(self.entry, "RvslInd") == "true"

    @property
    def is_charge(self) -> bool:
        return _text(self.entry, "BkTxCd/Domn/Fmly/SubFmlyCd") in _CHARGES


def read_page(document: bytes, account: str) -> StatementPage:
    """One page. Raises ValueError, which names the line, for what cannot be read or does not add up."""
    root = _root_of(document)
    statements = root.findall("BkToCstmrStmt/Stmt")
    own = [statement for statement in statements if _account_of(statement) == account]
    if statements and not own:
        raise ValueError("The statement is of other accounts than the one that payouts are paid from.")
    header = "BkToCstmrStmt/GrpHdr/MsgPgntn"
    page = _text(root, f"{header}/PgNb") or "1"
    moved = [each for statement in own for each in _transactions_of(statement, page)]
    lines = [_line(each) for each in moved if not each.is_charge and (each.is_debit or each.is_return)]
    charges = [each for each in moved if each.is_charge and each.is_debit]
    return StatementPage(tuple(_with_charges(lines, charges)), _text(root, f"{header}/LastPgInd") != "false")


def _root_of(document: bytes) -> Element:
    try:
        root: Element = defusedxml.ElementTree.fromstring(document, forbid_dtd=True)
    except (defusedxml.ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise ValueError(f"The statement is no XML that can be read: {type(error).__name__}.") from error
    if not root.tag.startswith(_NAMESPACE):
        raise ValueError("The document is no statement: it is not of a camt.053 namespace.")
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _account_of(statement: Element) -> str:
    return "".join((_text(statement, "Acct/Id/IBAN") or _text(statement, "Acct/Id/Othr/Id")).split())


def _transactions_of(statement: Element, page: str) -> Iterator[_Transaction]:
    statement_id = _text(statement, "Id")
    for position, entry in enumerate(statement.findall("Ntry"), start=1):
        entry_id = f"{statement_id}/{page}.{position}"
        status = _text(entry, "Sts/Cd")
        if not status or _text(entry, "CdtDbtInd") not in _DIRECTIONS:
            raise ValueError(f"{entry_id}: its status or direction is missing; camt.053.001.08 or later is read.")
        if status == "BOOK":  # what is only announced may never be booked
            yield from _transactions_in(entry, entry_id)


def _transactions_in(entry: Element, entry_id: str) -> Iterator[_Transaction]:
    total = _amount(entry, entry_id)
    details = entry.findall("NtryDtls/TxDtls")
    if len(details) <= 1:
        yield _Transaction(details[0] if details else entry, entry, entry_id, total)
        return
    parts = [
        _Transaction(detail, entry, line_id, _amount(detail, line_id))
        for line_id, detail in ((f"{entry_id}/{number}", detail) for number, detail in enumerate(details, start=1))
    ]
    is_debit = _text(entry, "CdtDbtInd") == "DBIT"
    if sum(part.amount.minor * (1 if part.is_debit is is_debit else -1) for part in parts) != total.minor:
        raise ValueError(f"{entry_id}: the transactions of this batch do not add up to its entry.")
    yield from parts


def _line(moved: _Transaction) -> StatementLine:
    fee_minor, included_minor = _charges_in(moved)
    # What left the account has the charge in it, what came back is without it.
    gross = moved.amount.minor + (-included_minor if moved.is_debit else included_minor)
    if gross <= 0:
        raise ValueError(f"{moved.line_id}: nothing is left of its amount without its charges.")
    currency = moved.amount.currency
    return StatementLine(
        provider="bank",
        line_id=moved.line_id,
        booked_at=_booked_at(moved),
        amount=Money(minor=gross, currency=currency),
        provider_number=_number_of(moved.element),
        reference=_text(moved.element, "Refs/TxId") or _text(moved.element, "Refs/UETR") or _text_of_entry(moved),
        movement=Movement.PAYOUT,
        returned=not moved.is_debit,
        fee=Money(minor=fee_minor, currency=currency) if fee_minor else None,
    )


def _text_of_entry(moved: _Transaction) -> str:
    return _text(moved.element, "Refs/AcctSvcrRef") or _text(moved.entry, "AcctSvcrRef")


def _with_charges(lines: list[StatementLine], charges: list[_Transaction]) -> Iterator[StatementLine]:
    """Lines with the charges that are booked apart but name the payout they are for."""
    fees: dict[str, int] = {}
    for charge in charges:
        number = _number_of(charge.element)
        fees[number] = fees.get(number, 0) + charge.amount.minor
    for line in lines:
        apart_minor = 0 if line.returned or not line.provider_number else fees.pop(line.provider_number, 0)
        fee_minor = apart_minor + (line.fee.minor if line.fee else 0)
        fee = Money(minor=fee_minor, currency=line.amount.currency) if fee_minor else None
        yield line.model_copy(update={"fee": fee})


def _charges_in(moved: _Transaction) -> tuple[int, int]:
    """The charges of a transaction in minor units, and how much of them its amount includes."""
    records = moved.element.findall("Chrgs/Rcrd")
    amounts = [(_amount(record, moved.line_id), _text(record, "ChrgInclInd") == "true") for record in records]
    if any(amount.currency != moved.amount.currency for amount, _ in amounts):
        raise ValueError(f"{moved.line_id}: its charge is in another currency than its amount.")
    return sum(amount.minor for amount, _ in amounts), sum(amount.minor for amount, inside in amounts if inside)


def _number_of(element: Element) -> str:
    number = _text(element, "Refs/EndToEndId")
    return "" if number in _NOTHING_GIVEN else number


def _amount(element: Element, line_id: str) -> Money:
    found = element.find("Amt")
    if found is None:
        raise ValueError(f"{line_id}: the amount is missing.")
    try:
        return money_of((found.text or "").strip(), found.get("Ccy", ""))
    except ValueError as error:
        raise ValueError(f"{line_id}: {error}.") from error


def _booked_at(moved: _Transaction) -> datetime:
    text = _text(moved.entry, "BookgDt/DtTm") or _text(moved.entry, "BookgDt/Dt")
    try:
        booked = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{moved.line_id}: the booking date {text[:40]!r} cannot be read.") from error
    return booked if booked.tzinfo else booked.replace(tzinfo=UTC)


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
