"""How much of a line or of shipping a refund takes: units, or an amount inside (money, rules 3, 4)."""

from __future__ import annotations

from domain.allocation import Worth
from domain.breakdown import Portion
from domain.errors import AmountRefused
from domain.money import divide_half_up


def portion_of(worth: Worth) -> Portion:
    """What units are worth once their discounts are off."""
    return Portion(worth.net_minor, worth.tax_minor)


def units_portion(share: Portion, units_left: Portion, money_left: Portion, *, closes: bool) -> Portion:
    """What units give back: their frozen `share`, and never more than their line has left.

    `units_left` is what all units still to come are worth, `money_left` what of the line was not given yet.
    It is less where free amounts went out before; they count against the units left in proportion, half up.
    The units that close the line take exactly what is left.
    """
    if closes:
        return money_left
    return Portion(*map(_within, share, units_left, money_left))


def _within(share_minor: int, worth_minor: int, left_minor: int) -> int:
    if left_minor >= worth_minor:
        return share_minor
    return min(left_minor, divide_half_up(share_minor * left_minor, worth_minor))


def free_portion(paid: Portion, left: Portion, asked_minor: int, *, with_tax: bool, currency: str) -> Portion:
    """An amount inside what was paid: tax in proportion, half up, capped; the last one takes what is left.

    `asked_minor` is net of tax on top, or contains it when `with_tax`. Raises `AmountRefused` with the
    largest amount of that same kind.
    """
    largest_minor = left.net_minor + (left.tax_minor if with_tax else 0)
    if not 0 < asked_minor <= largest_minor:
        raise AmountRefused(asked_minor, largest_minor, currency)
    if asked_minor == largest_minor:
        return left
    whole_minor = paid.net_minor + (paid.tax_minor if with_tax else 0)
    tax_minor = min(divide_half_up(paid.tax_minor * asked_minor, whole_minor), left.tax_minor)
    net_minor = asked_minor
    if with_tax:
        net_minor = min(asked_minor - tax_minor, left.net_minor)
        tax_minor = asked_minor - net_minor
    return Portion(net_minor, tax_minor)
