"""Whether an application may be made at all, before anybody looks at it (P1.3)."""

from __future__ import annotations

from activities.rows import Order, OrderLine
from activities.sentences import refusal
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Application, Item
from aftersales.contract.values import ErrorCode, Language


def check_eligible(application: Application, order: Order | None) -> Order:
    """The order, if this customer may ask for these units of it.

    Raises AftersalesError with a sentence in the application's language: order_unknown, not_your_order,
    order_not_paid, wrong_currency, item_not_in_order, quantity_too_high, unit_already_claimed.
    """
    language = application.language
    if order is None:
        raise refusal(ErrorCode.ORDER_UNKNOWN, language)
    if order.account.customer_id != application.customer_id:
        raise refusal(ErrorCode.NOT_YOUR_ORDER, language)
    if not order.paid:
        raise refusal(ErrorCode.ORDER_NOT_PAID, language)
    amount = application.amount
    if amount is not None and amount.currency != order.currency:
        raise refusal(ErrorCode.WRONG_CURRENCY, language, expected=order.currency, found=amount.currency)
    check_free(application.items, order, language)
    return order


def check_free(items: tuple[Item, ...], order: Order, language: Language) -> None:
    """Every item is in the order, in that quantity, and free of other cases. Raises as `check_eligible`."""
    lines = {line.line_id: line for line in order.lines}
    for item in items:
        line = lines.get(item.line_id)
        if line is None:
            raise refusal(ErrorCode.ITEM_NOT_IN_ORDER, language, line=item.line_id)
        problem = _too_many(item, line, language)
        if problem is not None:
            raise problem


def _too_many(item: Item, line: OrderLine, language: Language) -> AftersalesError | None:
    free = max(line.quantity - line.taken_units, 0)
    if item.quantity > line.quantity:
        return refusal(ErrorCode.QUANTITY_TOO_HIGH, language, line=line.line_id, asked=item.quantity, largest=free)
    if item.quantity > free:
        return refusal(ErrorCode.UNIT_ALREADY_CLAIMED, language, line=line.line_id, largest=free)
    return None
