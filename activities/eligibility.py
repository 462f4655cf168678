"""Whether an application may be made at all, before anybody looks at it (P1.3)."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Final

from activities.rows import Order, OrderLine
from activities.sentences import refusal
from aftersales.contract.errors import AftersalesError
from aftersales.contract.guests import contact_digest
from aftersales.contract.messages import Application, Item
from aftersales.contract.values import ErrorCode, Language, Role

MOST_GUESSES: Final = 10
GUESSES_COUNT_FOR: Final = timedelta(days=1)
"""So many applications of a day may miss a guest's contact; then nobody shows by it that the order is theirs, so that
it cannot be found by trying. The staff, who speak to the guest, are not kept out."""


def known_to(application: Application, order: Order | None, role: Role) -> Order | None:
    """The order, unless a guest fails to show that it is theirs: then it is answered as one that does not exist, with
    the same wait and the same words, so that numbers cannot be tried out (P6.1; ASVS 6.3.8).

    Whoever of the staff enters it for a guest has spoken to them.
    """
    if order is None or not order.account.guest or role is not Role.CUSTOMER:
        return order
    contacts = (order.account.email, order.account.phone)
    expected = [contact_digest(order.order_id, contact) for contact in contacts if contact]
    # Each is compared, in constant time: how long it takes says nothing about which one was near.
    matches = [hmac.compare_digest(application.contact_digest, digest) for digest in expected]
    return order if any(matches) else None


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
