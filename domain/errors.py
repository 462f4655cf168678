"""The closed vocabulary of what the rules refuse: one class per rule, each with its code and a sentence.

`code` is stable and goes over the wire; the sentence is for people; `details` holds the numbers behind it.
None of them is worth a retry: the same input is refused again.
"""

# ruff: noqa: N818 - the class names are the rules' own words: an amount is refused, a currency unknown.

from __future__ import annotations

from typing import ClassVar

from aftersales.contract.values import Role

Detail = int | str


class DomainError(Exception):
    """Base of all refusals by a pure rule; never raised itself."""

    code: ClassVar[str] = "rule_refused"
    http_status: ClassVar[int] = 422
    retryable: ClassVar[bool] = False
    told: ClassVar[Role] = Role.AGENT

    def __init__(self, message: str, **details: Detail) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class MoneyError(DomainError):
    """Base of the refusals about amounts (design: money)."""

    code = "money_refused"


class CurrencyUnknown(MoneyError):
    """The code names no ISO 4217 currency with minor units (rule 1)."""

    code = "currency_unknown"

    def __init__(self, currency: str) -> None:
        super().__init__(f"{currency!r} is not a currency that money can be paid in.", currency=currency)


class CurrencyMixed(MoneyError):
    """Two currencies met in one sum (rule 1)."""

    code = "currency_mixed"

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"An amount in {found} cannot be counted together with {expected}.",
            expected=expected,
            found=found,
        )


class AmountUnreadable(MoneyError):
    """What was typed is not a plain decimal number; separators are never guessed at (rule 1)."""

    code = "amount_unreadable"
    told = Role.CUSTOMER

    def __init__(self, typed: str) -> None:
        super().__init__(
            f"{typed!r} is not an amount; write digits with at most one point, such as 17000.50.", typed=typed
        )


class AmountTooPrecise(MoneyError):
    """More digits after the point than the currency has (rule 1)."""

    code = "amount_too_precise"
    told = Role.CUSTOMER

    def __init__(self, typed: str, currency: str, exponent: int) -> None:
        rule = f"has too many decimals; amounts in {currency} have at most {exponent}"
        if exponent == 0:
            rule = f"has decimals; amounts in {currency} are whole numbers"
        super().__init__(
            f"{typed!r} {rule}.",
            typed=typed,
            currency=currency,
            exponent=exponent,
        )


class AmountRefused(MoneyError):
    """Zero, negative, or more than is left; `largest_minor` would have been accepted (rule 9)."""

    code = "amount_refused"
    http_status = 409

    def __init__(self, asked_minor: int, largest_minor: int, currency: str) -> None:
        super().__init__(
            f"An amount of {asked_minor} is refused; at most {largest_minor} is accepted "
            f"(in minor units of {currency}).",
            asked_minor=asked_minor,
            largest_minor=largest_minor,
            currency=currency,
        )
        self.asked_minor = asked_minor
        self.largest_minor = largest_minor
        self.currency = currency


class PromotionOutweighs(MoneyError):
    """The refund breaks a promotion whose discount is to be taken back, and has no more than that to give (rule 6)."""

    code = "promotion_outweighs"
    http_status = 409
    told = Role.CUSTOMER

    def __init__(self, clawed_back_minor: int, currency: str) -> None:
        super().__init__(
            f"The whole refund, {clawed_back_minor} in minor units of {currency}, goes into the promotion that it "
            "breaks; nothing is left to be paid.",
            clawed_back_minor=clawed_back_minor,
            currency=currency,
        )


class QuantityRefused(MoneyError):
    """No such number of units of the line is free: refunded before, or held by an open case (P1.3)."""

    code = "quantity_refused"
    http_status = 409

    def __init__(self, line_id: str, asked: int, largest: int) -> None:
        super().__init__(
            f"{asked} units of line {line_id} are refused; at most {largest} can still be refunded.",
            line_id=line_id,
            asked=asked,
            largest=largest,
        )
        self.largest = largest


class LineUnknown(MoneyError):
    """The order has no such line (P1.3)."""

    code = "line_unknown"

    def __init__(self, line_id: str) -> None:
        super().__init__(f"The order has no line {line_id}.", line_id=line_id)


class NothingAsked(MoneyError):
    """A refund that names no unit, no amount and no shipping (rule 9)."""

    code = "nothing_asked"

    def __init__(self) -> None:
        super().__init__("The refund names no unit, no amount and no shipping.")


class AllocationImpossible(MoneyError):
    """Nothing to split over, or a negative weight (rule 2)."""

    code = "allocation_impossible"
    told = Role.OPS

    def __init__(self, why: str) -> None:
        super().__init__(f"The amount cannot be split: {why}.", why=why)


class OrderInconsistent(MoneyError):
    """The order's own numbers contradict each other, so no shares can be frozen (rule 2)."""

    code = "order_inconsistent"
    told = Role.OPS

    def __init__(self, why: str) -> None:
        super().__init__(f"The order's amounts contradict each other: {why}.", why=why)


class ClockError(DomainError):
    """Base of the refusals about deadlines (P2.7)."""

    code = "clock_refused"


class TimeWithoutZone(ClockError):
    """A moment without a time zone; it could mean any of 26 hours."""

    code = "time_without_zone"
    told = Role.OPS

    def __init__(self, moment: str) -> None:
        super().__init__(f"{moment} has no time zone.", moment=moment)


class ExtensionRefused(ClockError):
    """A deadline is only ever moved later."""

    code = "extension_refused"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"A deadline cannot be extended by {seconds} seconds.", seconds=seconds)
