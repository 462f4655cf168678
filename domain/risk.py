"""How much speaks for fraud, from what was seen of a customer, a payment and an address (P6.1). Pure.

What counts as many, as young, as large is said here; how much it counts is the policy's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from aftersales.contract.values import Frozen

YOUNG_DAYS: Final = 30
MANY_OF_CUSTOMER: Final = 3
MANY_OF_PAYMENT: Final = 3
MANY_AT_ADDRESS: Final = 5
"""More than of a customer: families, offices and dormitories share an address."""

ORDERS_FOR_A_RATE: Final = 3
"""Of fewer orders no rate tells anything: whoever returns a first purchase would be at 100 %."""

HIGH_RATE_PERCENT: Final = 50
KEEP_ITEMS_FROM: Final = 2
LARGE_TIMES: Final = 5
"""So many times the average of what was refunded of an order before."""


class Sign(StrEnum):
    """What can speak for fraud; the policy gives each its points."""

    CONTACT_NOT_VERIFIED = "contact_not_verified"
    GUEST = "guest"
    YOUNG_ACCOUNT = "young_account"
    MANY_CASES_CUSTOMER = "many_cases_customer"
    MANY_CASES_PAYMENT = "many_cases_payment"
    MANY_CASES_ADDRESS = "many_cases_address"
    HIGH_REFUND_RATE = "high_refund_rate"
    KEEP_ITEMS = "keep_items"
    EMPTY_BOXES = "empty_boxes"
    NOT_RECEIVED_BEFORE = "not_received_before"
    LARGE_AMOUNT_FOR_CUSTOMER = "large_amount_for_customer"
    EVIDENCE_REUSED = "evidence_reused"
    WEIGHT_DIFFERS = "weight_differs"
    LISTED_BLOCK = "listed_block"


class Level(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    UNKNOWN = "unknown"  # a source did not answer: never an approval


class Scale(Protocol):
    """What the policy says: points by sign, and from how many on the risk is medium or high."""

    @property
    def points(self) -> Mapping[str, int]: ...
    @property
    def medium_from(self) -> int: ...
    @property
    def high_from(self) -> int: ...


class Seen(Frozen):
    """What is known at the moment of the application; counts are besides the case at hand.

    `account_days`: its age, None where nobody knows it. `cases_*`: opened within `days`. `refunded_minor`: of
    `refunded_orders`, in the currency of `amount_minor`, which is what is asked for now.
    """

    contact_verified: bool = True
    guest: bool = False
    account_days: int | None = None
    days: int = 30
    cases_of_customer: int = 0
    cases_of_payment: int = 0
    cases_at_address: int = 0
    orders: int = 0
    refunded_orders: int = 0
    refunded_minor: int = 0
    amount_minor: int = 0
    keep_items: int = 0
    empty_boxes: int = 0
    not_received: int = 0
    evidence_reused: bool = False
    weight_differs: bool = False
    blocked: bool = False
    allowed: bool = False
    chargeback_open: bool = False
    source_down: bool = False


class Part(NamedTuple):
    """A sign that was seen, what it counts, and what it was seen by."""

    sign: Sign
    points: int
    seen: str


class Score(NamedTuple):
    level: Level
    points: int
    parts: tuple[Part, ...]


def score(seen: Seen, scale: Scale) -> Score:
    """The level, and the parts that it is the sum of. A sign that the scale does not name counts for nothing."""
    found = tuple(Part(sign, scale.points[sign], why) for sign, why in _signs(seen) if sign in scale.points)
    points = sum(part.points for part in found)
    return Score(_level(seen, points, scale), points, found)


def _level(seen: Seen, points: int, scale: Scale) -> Level:
    if seen.source_down:
        return Level.UNKNOWN
    if seen.allowed and not (seen.chargeback_open or seen.evidence_reused):
        return Level.LOW
    if points >= scale.high_from:
        return Level.HIGH
    return Level.MEDIUM if points >= scale.medium_from else Level.LOW


def _signs(seen: Seen) -> Iterator[tuple[Sign, str]]:
    yield from _of_the_account(seen)
    yield from _of_the_cases(seen)
    yield from _of_the_refunds(seen)
    if seen.evidence_reused:
        yield Sign.EVIDENCE_REUSED, "the same or nearly the same picture in another case"
    if seen.weight_differs:
        yield Sign.WEIGHT_DIFFERS, "the parcel's weight does not fit the complaint"
    if seen.blocked:
        yield Sign.LISTED_BLOCK, "on the block list"


def _of_the_account(seen: Seen) -> Iterator[tuple[Sign, str]]:
    if not seen.contact_verified:
        yield Sign.CONTACT_NOT_VERIFIED, "neither mail address nor telephone number verified"
    if seen.guest:
        yield Sign.GUEST, "bought without an account"
    if seen.account_days is not None and seen.account_days < YOUNG_DAYS:
        yield Sign.YOUNG_ACCOUNT, f"account {seen.account_days} days old"


def _of_the_cases(seen: Seen) -> Iterator[tuple[Sign, str]]:
    for sign, count, many in (
        (Sign.MANY_CASES_CUSTOMER, seen.cases_of_customer, MANY_OF_CUSTOMER),
        (Sign.MANY_CASES_PAYMENT, seen.cases_of_payment, MANY_OF_PAYMENT),
        (Sign.MANY_CASES_ADDRESS, seen.cases_at_address, MANY_AT_ADDRESS),
    ):
        if count >= many:
            yield sign, f"{count} other cases in {seen.days} days"


def _of_the_refunds(seen: Seen) -> Iterator[tuple[Sign, str]]:
    refunded, orders = seen.refunded_orders, seen.orders
    if orders >= ORDERS_FOR_A_RATE and refunded * 100 >= orders * HIGH_RATE_PERCENT:
        yield Sign.HIGH_REFUND_RATE, f"{refunded} of {orders} orders refunded"
    if seen.keep_items >= KEEP_ITEMS_FROM:
        yield Sign.KEEP_ITEMS, f"{seen.keep_items} refunds without a return"
    if seen.empty_boxes:
        yield Sign.EMPTY_BOXES, f"{seen.empty_boxes} returns without the goods"
    if seen.not_received:
        yield Sign.NOT_RECEIVED_BEFORE, f"{seen.not_received} other parcels said not to have come"
    if seen.refunded_minor and seen.amount_minor * refunded >= LARGE_TIMES * seen.refunded_minor:
        times = seen.amount_minor * refunded // seen.refunded_minor
        yield Sign.LARGE_AMOUNT_FOR_CUSTOMER, f"{times} times the average refund so far"
