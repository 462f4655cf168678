"""Whatever is applied for, decided, given up and paid, the rest brings back what was paid (rules 2, 4, 6, 7)."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.rows import CaseRow
from activities.rulings import Action
from activities.types import OutcomeKind
from aftersales.contract.messages import Item, Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, Money, Role
from domain.breakdown import NoteCode
from domain.promotions import PromotionChoice
from tests.activities.desk import Desk
from tests.activities.imported import by_card, line, stated_order, take_in
from tests.activities.shop import application, start_of
from tests.fakes import FakePolicy

PAID_MINOR = 15_516
MOVES = st.sampled_from(["apply", "approve", "approve_fewer", "approve_amount", "reject", "withdraw", "pay", "fail"])
_orders = count(1)


class Shop:
    """One order with shares that do not come out even, and its cases by their numbers."""

    def __init__(self, desk: Desk, policy: FakePolicy, promotion: PromotionChoice) -> None:
        self.desk = desk
        self.policy = policy
        self.promotion = promotion
        self.order_id = f"any-{next(_orders)}"
        self.numbers: list[str] = []

    async def open(self, engine: AsyncEngine) -> None:
        lines = [line("cups", 3, 3_400, discount_minor=200), line("lamp", 2, 3_333, tax_minor=551)]
        promotion = {"threshold_minor": 14_000, "discount_minor": 2_000}
        shipping = {"price_minor": 1_000, "tax_mode": "none"}
        record = stated_order(
            lines,
            [by_card(PAID_MINOR)],
            order_id=self.order_id,
            tax_mode="exclusive",
            order_discount_minor=701,
            promotion=promotion,
            shipping=shipping,
        )
        await take_in(engine, record)

    async def left(self) -> tuple[Item, ...]:
        order = await self.desk.order(self.order_id)
        free = {each.line_id: each.quantity - each.taken_units for each in order.lines}
        return tuple(Item(line_id=line_id, quantity=quantity) for line_id, quantity in free.items() if quantity)

    async def apply(self, items: tuple[Item, ...], action: Action, *, shipping: bool) -> CaseStatus:
        self.policy.says(action, refund_shipping=shipping, promotion=self.promotion)
        asked = application(order_id=self.order_id, items=items)
        key = f"{self.order_id}-{len(self.numbers)}"
        self.numbers.append(start_of(asked, key).number)
        return (await self.desk.apply(asked, request_key=key)).standing.status

    async def case(self, number: str) -> CaseRow:
        self.desk.number = number
        return await self.desk.case()

    async def standing_as(self, status: CaseStatus) -> list[CaseRow]:
        rows = [await self.case(number) for number in self.numbers]
        return [row for row in rows if row.status is status]

    async def pay(self, kind: OutcomeKind) -> None:
        for row in await self.desk.legs():
            await self.desk.pay(kind, row.leg.leg, row.leg.attempt)

    async def refund_the_rest(self) -> None:
        for row in await self.standing_as(CaseStatus.PAYING):
            self.desk.number = row.number
            await self.pay(OutcomeKind.SUCCEEDED)
        for row in await self.standing_as(CaseStatus.UNDER_REVIEW):
            self.desk.number = row.number
            await self.desk.say(Withdrawal())
        if left := await self.left():
            await self.apply(left, Action.APPROVE, shipping=True)
            await self.pay(OutcomeKind.SUCCEEDED)

    async def money(self) -> tuple[int, int, int]:
        """Taken by the ledger and by reservations, kept back by approvals in part, and shipping not given back."""
        order = await self.desk.order(self.order_id)
        kept = sum(each.amount_minor for each in order.taken.lines if each.note == NoteCode.APPROVED_IN_PART)
        shipping_left = 1_000 - order.taken.of_shipping().net_minor
        return sum(tender.taken_minor for tender in order.tenders), -kept, shipping_left


async def decide(shop: Shop, move: str, row: CaseRow, choices: st.DataObject) -> None:
    shop.desk.number = row.number
    fields: dict[str, Any] = {}
    kind = DecisionKind.APPROVE
    if move == "approve_fewer":
        kind, [item] = DecisionKind.APPROVE_PART, row.start.application.items
        fields["items"] = (item.model_copy(update={"quantity": choices.draw(st.integers(1, item.quantity))}),)
    elif move == "approve_amount" and row.amount is not None:
        kind = DecisionKind.APPROVE_PART
        fields["amount"] = Money(minor=choices.draw(st.integers(1, row.amount.minor)), currency="EUR")
    elif move == "reject":
        kind, fields["explanation"] = DecisionKind.REJECT, "No."
    await shop.desk.decide(kind, **fields)


async def play(shop: Shop, choices: st.DataObject) -> None:
    move = choices.draw(MOVES)
    left = await shop.left()
    status = CaseStatus.PAYING if move in {"pay", "fail"} else CaseStatus.UNDER_REVIEW
    open_cases = await shop.standing_as(status)
    if move == "apply" and left:
        item = choices.draw(st.sampled_from(left))
        item = item.model_copy(update={"quantity": choices.draw(st.integers(1, item.quantity))})
        await shop.apply((item,), Action.REVIEW, shipping=choices.draw(st.booleans()))
    elif move != "apply" and open_cases:
        row = choices.draw(st.sampled_from(open_cases))
        shop.desk.number = row.number
        if move == "withdraw":
            assert (await shop.desk.say(Withdrawal())).accepted
        elif move == "pay":
            await shop.pay(OutcomeKind.SUCCEEDED)
        elif move == "fail":
            await shop.pay(OutcomeKind.REJECTED)
            await shop.desk.decide(DecisionKind.REJECT, role=Role.FINANCE, explanation="It cannot be paid.")
        else:
            await decide(shop, move, row, choices)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(promotion=st.sampled_from(PromotionChoice), choices=st.data())
async def test_any_sequence_of_cases_ends_at_exactly_what_was_paid(
    desk: Desk, engine: AsyncEngine, policy: FakePolicy, promotion: PromotionChoice, choices: st.DataObject
) -> None:
    shop = Shop(desk, policy, promotion)
    await shop.open(engine)
    for _ in range(choices.draw(st.integers(0, 10))):
        await play(shop, choices)
    await shop.refund_the_rest()
    taken, kept_back, shipping_left = await shop.money()
    assert await shop.left() == ()
    assert taken + kept_back + shipping_left == PAID_MINOR
