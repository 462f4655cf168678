"""Orders from the CSV layout of *Online Retail* (Chen 2015, UCI): rows grouped to orders, returns handed out.

What the layout does not say is set by rule: prices are what was paid, tax included and not known; every order was
paid whole by one card, charge `ch_<order id>`, and delivered a day after it was bought.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Final

from pydantic import ValidationError

from aftersales.contract.values import Language
from domain.allocation import DraftLine, DraftShipping, FrozenOrder, OrderDraft, TaxMode
from domain.errors import DomainError
from domain.freezing import freeze
from domain.orders import Account, OrderRecord, RecordLine, RecordTender
from integrations.shop.lines import read_lines
from integrations.shop.outcomes import LeftOut, OrderRead, RowLeftOutError, RowProblem
from integrations.shop.retail_rows import CURRENCY, Purchase, RetailReturn, is_header, parse_row

DELIVERED_AFTER: Final = timedelta(days=1)
PROVIDER: Final = "stripe"
CATEGORY: Final = "gift-ware"
_TAG: Final = re.compile(r"[A-Za-z0-9]{0,20}")


@dataclass(frozen=True)
class RetailOptions:
    """`shift_days` is added to every date; `tag` goes before every order id, so that a file can be run afresh."""

    shift_days: int = 0
    tag: str = ""

    def __post_init__(self) -> None:
        if not _TAG.fullmatch(self.tag):
            raise ValueError("a tag has at most 20 letters and digits")

    def order_id(self, invoice: str) -> str:
        return f"{self.tag}-{invoice}" if self.tag else invoice

    def shifted(self, moment: datetime) -> datetime:
        return moment + timedelta(days=self.shift_days)


AS_IT_STANDS: Final = RetailOptions()


@dataclass(frozen=True)
class _Line:
    """Rows of one invoice for one item at one price, as one order line."""

    line_id: str
    rows: tuple[Purchase, ...]

    def draft(self) -> DraftLine:
        return DraftLine(
            line_id=self.line_id,
            quantity=sum(row.quantity for row in self.rows),
            unit_price_minor=self.rows[0].price.minor,
        )


def shift_to(newest: datetime, now: datetime, days_ago: int) -> int:
    """The shift, in whole days, after which `newest` lies between `days_ago` and one day more before `now`."""
    return (now - newest).days - days_ago


def newest_purchase(outcomes: Iterable[OrderRead | RetailReturn | RowProblem]) -> datetime | None:
    """When the last order of a file was bought; None if it has none."""
    return max((one.record.bought_at for one in outcomes if isinstance(one, OrderRead)), default=None)


def read_retail(
    file: BinaryIO, options: RetailOptions = AS_IT_STANDS
) -> Iterator[OrderRead | RetailReturn | RowProblem]:
    """The orders, the returns and what is left out of a file, in its sequence; header rows are passed over.

    The rows of an invoice stand together, as the shop's own export has them: that is why a file of any size is
    read in little memory, and rows that stand apart from their invoice are left out.
    """
    rows: list[Purchase] = []
    closed: set[str] = set()
    for outcome in _parsed(file):
        if isinstance(outcome, RowProblem):
            yield outcome
        elif isinstance(outcome, RetailReturn):
            yield outcome._replace(returned_at=options.shifted(outcome.returned_at))
        elif outcome.invoice in closed:
            sentence = f"The rows of invoice {outcome.invoice} ended earlier; sort the file by InvoiceNo."
            yield outcome.source.left_out(LeftOut.APART, sentence, "InvoiceNo")
        else:
            if rows and rows[0].invoice != outcome.invoice:
                closed.add(rows[0].invoice)
                yield from _order(rows, options)
                rows = []
            rows.append(outcome)
    yield from _order(rows, options)


def _parsed(file: BinaryIO) -> Iterator[Purchase | RetailReturn | RowProblem]:
    for line in read_lines(file):
        if isinstance(line, RowProblem):
            yield line
            continue
        if is_header(line.text):
            continue
        try:
            yield parse_row(line)
        except RowLeftOutError as error:
            yield line.left_out(error.reason, str(error), error.field)


def _order(rows: Sequence[Purchase], options: RetailOptions) -> Iterator[OrderRead | RowProblem]:
    if not rows:
        return
    customer_id = rows[0].customer_id
    own = [row for row in rows if row.customer_id == customer_id]
    for row in rows:
        if row.customer_id != customer_id:
            sentence = f"Invoice {row.invoice} is customer {customer_id}'s by its first row."
            yield row.source.left_out(LeftOut.OTHER_CUSTOMER, sentence, "CustomerID")
    try:
        yield OrderRead(_record(own, options), tuple(row.source for row in own))
    except RowLeftOutError as error:
        for row in own:
            yield row.source.left_out(error.reason, str(error), error.field)


def _record(rows: Sequence[Purchase], options: RetailOptions) -> OrderRecord:
    """Raises `RowLeftOutError` for what is no order as a whole."""
    lines = _lines([row for row in rows if not row.is_postage])
    if not lines:
        raise RowLeftOutError(LeftOut.NOT_GOODS, "The invoice holds postage and no goods.", "StockCode")
    frozen = _frozen(lines, [row for row in rows if row.is_postage])
    order_id, customer_id = options.order_id(rows[0].invoice), rows[0].customer_id
    bought_at = options.shifted(min(row.bought_at for row in rows))
    return OrderRecord(
        order_id=order_id,
        account=_account(customer_id),
        currency=CURRENCY,
        paid=True,
        bought_at=bought_at,
        delivered_at=bought_at + DELIVERED_AFTER,
        lines=tuple(
            RecordLine(
                sku=line.rows[0].stock_code,
                title=line.rows[0].title,
                category=CATEGORY,
                final_sale=False,
                frozen=shares,
            )
            for line, shares in zip(lines, frozen.lines, strict=True)
        ),
        shipping=frozen.shipping,
        tenders=(_card(order_id, frozen),),
    )


def _lines(rows: Sequence[Purchase]) -> list[_Line]:
    """The same item twice at one price is one line; at another price a second one, `<stock code>-2`."""
    together: dict[str, dict[int, list[Purchase]]] = {}
    for row in rows:
        together.setdefault(row.stock_code, {}).setdefault(row.price.minor, []).append(row)
    lines = [
        _Line(f"{code}-{place}" if place > 1 else code, tuple(same))
        for code, prices in together.items()
        for place, same in enumerate(prices.values(), start=1)
    ]
    return sorted(lines, key=lambda line: line.rows[0].source.number)


def _frozen(lines: Sequence[_Line], postage: Sequence[Purchase]) -> FrozenOrder:
    shipping_minor = sum(row.quantity * row.price.minor for row in postage)
    try:
        draft = OrderDraft(
            currency=CURRENCY,
            tax_mode=TaxMode.NONE,
            lines=tuple(line.draft() for line in lines),
            shipping=DraftShipping(price_minor=shipping_minor) if postage else None,
        )
        return freeze(draft)
    except ValidationError as error:
        raise RowLeftOutError(LeftOut.CONTRADICTION, f"No order: {error.errors()[0]['msg']}.") from error
    except DomainError as error:
        raise RowLeftOutError(LeftOut.CONTRADICTION, error.message) from error


def _account(customer_id: str) -> Account:
    """The file knows customers by number alone; their mail goes to a domain that exists nowhere."""
    return Account(
        customer_id=customer_id,
        name=f"Customer {customer_id}",
        email=f"customer-{customer_id}@retail.example",
        language=Language.EN,
    )


def _card(order_id: str, frozen: FrozenOrder) -> RecordTender:
    return RecordTender(
        tender_id="card", provider=PROVIDER, reference=f"ch_{order_id}", captured_minor=frozen.paid.minor
    )
