"""Any sequence of applications, grants, refusals and withdrawals ends at exactly what was paid (rules 2, 4, 6, 7)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aftersales.contract.values import AmountKind, AmountLine, BreakDown, Money
from domain.allocation import FrozenOrder, ThresholdPromotion
from domain.breakdown import NoteCode, Portion, Taken, taken_by
from domain.promotions import PromotionChoice
from domain.refunds import RefundAsked, UnitsAsked, break_down
from tests.domain.orders_for_test import orders, thirty_off_three_hundred

CLAW_BACK = PromotionChoice.CLAW_BACK
MOVES = st.sampled_from(["apply", "approve", "approve_fewer", "approve_amount", "give_up"])


class Book:
    """The cases of one order: what each asks for, and its break-down as proposed or granted."""

    def __init__(self, order: FrozenOrder) -> None:
        self.order = order
        self.proposed: dict[int, tuple[RefundAsked, BreakDown]] = {}
        self.granted: dict[int, BreakDown] = {}
        self._cases = 0

    def taken(self, besides: int | None = None) -> Taken:
        proposed = [told for case, (_, told) in self.proposed.items() if case != besides]
        return taken_by(self.granted.values(), proposed)

    def left(self) -> tuple[UnitsAsked, ...]:
        taken = self.taken()
        counts = {line.line_id: line.quantity - taken.units(line.line_id) for line in self.order.lines}
        return tuple(UnitsAsked(line_id=line_id, quantity=count) for line_id, count in counts.items() if count)

    def apply(self, asked: RefundAsked) -> int:
        self._cases += 1
        self.proposed[self._cases] = (asked, break_down(self.order, self.taken(), asked))
        return self._cases

    def approve(self, case: int, **fewer: object) -> None:
        """Reckoned again at the moment of the grant, as a reviewer's decision is."""
        asked = self.proposed[case][0].model_copy(update=fewer)
        self.granted[case] = break_down(self.order, self.taken(besides=case), asked)
        del self.proposed[case]

    def give_up(self, case: int) -> None:
        """Withdrawn, rejected, or granted and never paid."""
        self.proposed.pop(case, None)
        self.granted.pop(case, None)

    def refund_the_rest(self) -> None:
        for case in list(self.proposed):
            self.give_up(case)
        self.approve(self.apply(RefundAsked(units=self.left(), whole_shipping=True)))

    def given_minor(self) -> int:
        return sum(refund.total.minor for refund in self.granted.values())

    def kept_back_minor(self) -> int:
        """What approvals in part kept: it belongs to units that are gone, so nobody gets it any more."""
        return -sum(line.amount_minor for line in self.taken().lines if line.note == NoteCode.APPROVED_IN_PART)


def play(book: Book, choices: st.DataObject) -> None:
    """One move of a customer or a reviewer, if there is room for it."""
    move = choices.draw(MOVES)
    if move == "apply" and (left := book.left()):
        units = choices.draw(st.sampled_from(left))
        quantity = choices.draw(st.integers(1, units.quantity))
        asked = RefundAsked(
            units=(UnitsAsked(line_id=units.line_id, quantity=quantity),),
            whole_shipping=choices.draw(st.booleans()),
            promotion=choices.draw(st.sampled_from(PromotionChoice)),
        )
        book.apply(asked)
    elif move == "give_up" and (known := [*book.proposed, *book.granted]):
        book.give_up(choices.draw(st.sampled_from(known)))
    elif move.startswith("approve") and book.proposed:
        decide(book, choices.draw(st.sampled_from(sorted(book.proposed))), move, choices)


def decide(book: Book, case: int, move: str, choices: st.DataObject) -> None:
    asked = book.proposed[case][0]
    if move == "approve_fewer":
        [units] = asked.units
        fewer = units.model_copy(update={"quantity": choices.draw(st.integers(1, units.quantity))})
        book.approve(case, units=(fewer,))
        return
    now_minor = break_down(book.order, book.taken(besides=case), asked).total.minor
    if move == "approve_amount" and now_minor:
        amount = Money(minor=choices.draw(st.integers(1, now_minor)), currency=book.order.currency)
        book.approve(case, amount=amount)
    else:
        book.approve(case)


def part(lines: list[AmountLine], kind: AmountKind) -> int:
    return sum(line.amount_minor for line in lines if line.kind is kind)


@given(order=orders(), choices=st.data())
def test_whatever_happens_in_between_the_rest_brings_back_exactly_what_was_paid(
    order: FrozenOrder, choices: st.DataObject
) -> None:
    book = Book(order)
    for _ in range(choices.draw(st.integers(0, 15))):
        play(book, choices)
        assert book.given_minor() + book.kept_back_minor() <= order.paid.minor
    if not book.left():
        book.give_up(next(iter([*book.proposed, *book.granted])))
    book.refund_the_rest()
    assert book.given_minor() + book.kept_back_minor() == order.paid.minor


@given(order=orders(), choices=st.data())
def test_every_part_of_every_line_is_given_back_once(order: FrozenOrder, choices: st.DataObject) -> None:
    book = Book(order)
    for _ in range(choices.draw(st.integers(0, 15))):
        play(book, choices)
        for line in order.lines:
            assert line.worth().discount_minor >= -part(book.taken().lines_of(line.line_id), AmountKind.DISCOUNT)
    if not book.left():
        book.give_up(next(iter([*book.proposed, *book.granted])))
    book.refund_the_rest()
    for line in order.lines:
        lines = book.taken().lines_of(line.line_id)
        parts = [part(lines, kind) for kind in (AmountKind.GOODS, AmountKind.DISCOUNT, AmountKind.TAX)]
        worth = line.worth()
        assert parts == [worth.goods_minor, -worth.discount_minor, worth.tax_minor]
        assert all(each.note == "" for each in lines)
    shipping = order.shipping
    expected = Portion(shipping.net_minor, shipping.tax_on_top_minor) if shipping else Portion(0, 0)
    assert book.taken().of_shipping() == expected


def one(line_id: str) -> RefundAsked:
    return RefundAsked(units=(UnitsAsked(line_id=line_id, quantity=1),), promotion=CLAW_BACK)


def test_what_is_only_asked_for_breaks_no_promotion_of_another_case() -> None:
    twenty = ThresholdPromotion(threshold_minor=20_000, discount_minor=3_000)
    book = Book(thirty_off_three_hundred().model_copy(update={"promotion": twenty}))
    book.apply(one("c"))
    book.approve(book.apply(one("a")))
    assert book.taken().clawed_back_minor == 0
    book.approve(1)
    assert book.taken().clawed_back_minor > 0


def test_a_claw_back_goes_with_the_case_that_is_given_up() -> None:
    book = Book(thirty_off_three_hundred())
    first = book.apply(one("c"))
    book.approve(first)
    assert book.taken().clawed_back_minor == 1_875
    book.give_up(first)
    assert book.taken().clawed_back_minor == 0
    book.approve(book.apply(one("c")))
    assert book.given_minor() == 12_000 - 1_125 - 1_875


def test_what_was_restored_of_a_claw_back_that_was_given_up_is_taken_again() -> None:
    book = Book(thirty_off_three_hundred())
    first = book.apply(one("c"))
    book.approve(first)
    book.approve(book.apply(one("a")))
    book.give_up(first)
    assert book.taken().clawed_back_minor < 0
    book.approve(book.apply(RefundAsked(units=book.left(), promotion=PromotionChoice.KEEP)))
    assert book.given_minor() == book.order.paid.minor
