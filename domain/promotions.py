"""A threshold promotion that a return breaks: kept, or clawed back, by policy (design: money, rule 6)."""

from __future__ import annotations

from enum import StrEnum

from aftersales.contract.values import AmountKind, AmountLine
from domain.allocation import FrozenOrder, Worth, worth_of
from domain.breakdown import NoteCode, Taken
from domain.money import divide_half_up
from domain.units import free_units


class PromotionChoice(StrEnum):
    KEEP = "keep"  # the buyer keeps the share of the discount on what is kept
    CLAW_BACK = "claw_back"  # what is kept is priced as if bought without the promotion


def promotion_lines(
    order: FrozenOrder, before: Taken, after: Taken, choice: PromotionChoice, at_most_minor: int
) -> list[AmountLine]:
    """The line that names the choice, or none where no promotion is broken.

    `before` and `after` are what was granted without and with this refund; `at_most_minor` is what its goods have to
    give, so that the total never falls below zero. Whatever was taken back is given back once it is no longer due, and
    what was restored of a claw-back that was then given up is taken again: returning everything, in any number of
    refunds, returns exactly what was paid.
    """
    held_minor = before.clawed_back_minor
    due_minor = promotion_due(order, after)
    if held_minor == 0 and due_minor == 0:
        return []
    if choice is PromotionChoice.KEEP:
        due_minor = min(due_minor, max(held_minor, 0))
    amount_minor = max(held_minor - due_minor, -at_most_minor)
    note = _note(amount_minor, choice)
    return [AmountLine(kind=AmountKind.PROMOTION, amount_minor=amount_minor, note=note)]


def promotion_due(order: FrozenOrder, after: Taken) -> int:
    """What the kept units would have cost more without the promotion, tax on top included; 0 while it holds.

    The threshold is measured on goods before any discount, the measure kindest to the buyer.
    """
    if order.promotion is None:
        return 0
    kept = [(line.worth(), worth_of(free_units(line, after))) for line in order.lines]
    if sum(left.goods_minor for _, left in kept) >= order.promotion.threshold_minor:
        return 0
    return sum(_with_tax(left.promotion_minor, whole) for whole, left in kept)


def _with_tax(discount_minor: int, line: Worth) -> int:
    """Tax on the discount at the rate the line's units were taxed at, half up."""
    if line.net_minor == 0:
        return discount_minor
    return discount_minor + divide_half_up(line.tax_minor * discount_minor, line.net_minor)


def _note(amount_minor: int, choice: PromotionChoice) -> NoteCode:
    if amount_minor > 0:
        return NoteCode.PROMOTION_RESTORED
    if amount_minor == 0 and choice is PromotionChoice.KEEP:
        return NoteCode.PROMOTION_KEPT
    return NoteCode.PROMOTION_CLAWED_BACK
