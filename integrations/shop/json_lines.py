"""Our own order format: one order a line, as JSON (`docs/order-files.md`). A bad line is named; the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import BinaryIO

from pydantic import ValidationError

from domain.allocation import DraftLine, DraftShipping, FrozenLine, FrozenOrder, OrderDraft, ThresholdPromotion
from domain.errors import DomainError
from domain.freezing import freeze
from domain.orders import Account, OrderRecord, RecordLine, RecordTender
from integrations.shop.lines import read_lines
from integrations.shop.outcomes import LeftOut, OrderRead, RowLeftOutError, RowProblem, SourceRow
from integrations.shop.statement import LineStatement, OrderStatement


def read_json_lines(file: BinaryIO) -> Iterator[OrderRead | RowProblem]:
    """The orders of a file, in its sequence; an order whose id came before in it is left out."""
    first_rows: dict[str, int] = {}
    for line in read_lines(file):
        if isinstance(line, RowProblem):
            yield line
            continue
        try:
            record = record_of(line.text)
            _refuse_second(record.order_id, line, first_rows)
        except RowLeftOutError as error:
            yield line.left_out(error.reason, str(error), error.field)
        else:
            yield OrderRead(record, (line,))


def _refuse_second(order_id: str, line: SourceRow, first_rows: dict[str, int]) -> None:
    first = first_rows.setdefault(order_id, line.number)
    if first != line.number:
        sentence = f"Order {order_id} stands in row {first} already; an order has one row."
        raise RowLeftOutError(LeftOut.DUPLICATE_ORDER, sentence, "order_id")


def record_of(text: str) -> OrderRecord:
    """The order that one line states, with its shares frozen. Raises `RowLeftOutError`."""
    try:
        stated = OrderStatement.model_validate_json(text)
        frozen = freeze(_draft(stated))
    except ValidationError as error:
        raise wrong_value(error) from error
    except DomainError as error:
        raise RowLeftOutError(LeftOut.CONTRADICTION, error.message) from error
    _refuse_other_payment(stated, frozen)
    return _record(stated, frozen)


def _draft(stated: OrderStatement) -> OrderDraft:
    shipping, promotion = stated.shipping, stated.promotion
    return OrderDraft(
        currency=stated.currency,
        tax_mode=stated.tax_mode,
        lines=tuple(DraftLine(**line.model_dump(include=set(DraftLine.model_fields))) for line in stated.lines),
        order_discount_minor=stated.order_discount_minor,
        order_discount_bp=stated.order_discount_bp,
        promotion=promotion and ThresholdPromotion(**promotion.model_dump()),
        shipping=shipping
        and DraftShipping(**shipping.model_dump() | {"tax_mode": shipping.tax_mode or stated.tax_mode}),
    )


def _refuse_other_payment(stated: OrderStatement, frozen: FrozenOrder) -> None:
    """Paid or still to be paid: the tenders are the whole price, or refunds would be capped by a wrong sum."""
    tendered, price = sum(tender.captured_minor for tender in stated.tenders), frozen.paid.minor
    if tendered != price:
        sentence = f"The tenders add up to {tendered}, but the order comes to {price} (minor units)."
        raise RowLeftOutError(LeftOut.CONTRADICTION, sentence, "tenders")


def _record(stated: OrderStatement, frozen: FrozenOrder) -> OrderRecord:
    delivered_at = stated.delivered_at
    return OrderRecord(
        order_id=stated.order_id,
        account=Account(**stated.customer.model_dump()),
        currency=stated.currency,
        paid=stated.paid,
        bought_at=stated.bought_at.astimezone(UTC),
        delivered_at=delivered_at and delivered_at.astimezone(UTC),
        lines=tuple(_record_line(*pair) for pair in zip(stated.lines, frozen.lines, strict=True)),
        shipping=frozen.shipping,
        promotion=frozen.promotion,
        tenders=tuple(
            RecordTender(
                tender_id=tender.tender_id,
                provider=tender.paid_through,
                reference=tender.reference,
                captured_minor=tender.captured_minor,
            )
            for tender in stated.tenders
        ),
        payment_fingerprint=stated.payment_fingerprint,
        address_hash=stated.address_hash,
    )


def _record_line(line: LineStatement, frozen: FrozenLine) -> RecordLine:
    return RecordLine(
        sku=line.sku or line.line_id,
        title=line.title,
        category=line.category,
        final_sale=line.final_sale,
        frozen=frozen,
    )


def wrong_value(error: ValidationError) -> RowLeftOutError:
    """The first thing that is wrong, and how many more there are."""
    wrong = error.errors(include_url=False, include_context=False)
    first, more = wrong[0], len(wrong) - 1
    sentence = first["msg"].removeprefix("Value error, ") + (f" (and {more} more)" if more else "") + "."
    if first["type"] == "json_invalid":
        return RowLeftOutError(LeftOut.NOT_JSON, sentence)
    return RowLeftOutError(LeftOut.BAD_VALUE, sentence, ".".join(str(part) for part in first["loc"]))
