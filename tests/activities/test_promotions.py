"""A threshold promotion from the order file to the letter: kept or clawed back, and named (money, rule 6; P3.1)."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.case_steps import CaseSteps
from activities.rulings import Action
from activities.types import Notify, OutcomeKind, Stage, Standing
from aftersales.contract.messages import Withdrawal
from aftersales.contract.values import AmountKind, CaseStatus, DecisionKind, ErrorCode, Language, Money, Reason
from cli.commands.case_screen import case_panel
from domain.breakdown import NoteCode
from domain.promotions import PromotionChoice
from policy.shelf import packaged_shelf
from storage.reading import Reading
from storage.store import SqlStore
from tests.activities.desk import Desk
from tests.activities.imported import by_card, line, stated_order, take_in
from tests.activities.shop import KEYRING, application, cny, items, start_of
from tests.fakes import FakePolicy
from tests.integrations.letters.cases import letters

PRICES = {"a": 10_000, "b": 10_000, "c": 12_000}
PAID_MINOR = 29_000
SHARE_OF_C = 1_125
CLAWED_BACK = 1_875
MIND = {"reason": Reason.CHANGED_MIND, "goods_back": True, "unused": True, "packaging_intact": True}


@pytest.fixture(name="shop")
async def desk_with_a_promoted_order(desk: Desk, engine: AsyncEngine, policy: FakePolicy) -> Desk:
    """Three articles of 100, 100 and 120 yuan, and 30 off from 300 on; the policy claws back."""
    record = stated_order(
        [line(line_id, 1, price) for line_id, price in PRICES.items()],
        [by_card(PAID_MINOR)],
        currency="CNY",
        promotion={"threshold_minor": 30_000, "discount_minor": 3_000},
    )
    await take_in(engine, record)
    policy.says(Action.APPROVE, promotion=PromotionChoice.CLAW_BACK)
    return desk


async def ask(shop: Desk, *line_ids: str, key: str = "first", amount: Money | None = None) -> Standing:
    asked = application(order_id="order-2", items=items(**dict.fromkeys(line_ids, 1)), amount=amount, **MIND)
    return (await shop.apply(asked, request_key=key)).standing


def promotion_said(standing: Standing) -> list[tuple[int, str]]:
    assert standing.break_down is not None
    return [(each.amount_minor, each.note) for each in standing.break_down.lines if each.kind is AmountKind.PROMOTION]


async def test_a_claw_back_is_a_part_of_its_own_and_explained_to_the_customer(shop: Desk) -> None:
    standing = await ask(shop, "c")
    assert standing.amount == cny(12_000 - SHARE_OF_C - CLAWED_BACK)
    assert promotion_said(standing) == [(-CLAWED_BACK, NoteCode.PROMOTION_CLAWED_BACK)]
    assert "CN¥18.75" in standing.explanation
    assert standing.verdict is not None
    assert standing.verdict.promotion == "claw_back"
    assert sum(leg.amount.minor for leg in standing.legs) == 12_000 - SHARE_OF_C - CLAWED_BACK


async def test_a_policy_that_keeps_the_promotion_says_so_and_takes_nothing(shop: Desk, policy: FakePolicy) -> None:
    policy.says(Action.APPROVE, promotion=PromotionChoice.KEEP)
    standing = await ask(shop, "c")
    assert (standing.amount, standing.explanation) == (cny(12_000 - SHARE_OF_C), "")
    assert promotion_said(standing) == [(0, NoteCode.PROMOTION_KEPT)]


async def test_two_cases_claw_back_once_and_everything_returned_is_everything_paid(shop: Desk) -> None:
    first, second = await ask(shop, "c", key="first"), await ask(shop, "b", key="second")
    assert promotion_said(second) == [(937, NoteCode.PROMOTION_RESTORED)]
    third = await ask(shop, "a", key="third")
    amounts = [standing.amount.minor for standing in (first, second, third) if standing.amount]
    assert (len(amounts), sum(amounts)) == (3, PAID_MINOR)


async def test_a_case_that_is_withdrawn_leaves_no_claw_back_behind(shop: Desk) -> None:
    await ask(shop, "c", key="first")
    assert (await shop.say(Withdrawal())).accepted
    standing = await ask(shop, "a", "b", "c", key="second")
    assert (standing.amount, promotion_said(standing)) == (cny(PAID_MINOR), [])


async def test_a_case_that_is_only_asked_for_does_not_break_another_cases_promotion(
    shop: Desk, policy: FakePolicy
) -> None:
    policy.says(Action.REVIEW, promotion=PromotionChoice.CLAW_BACK)
    await ask(shop, "a", "b", key="asked")
    policy.says(Action.APPROVE, promotion=PromotionChoice.CLAW_BACK)
    granted = await ask(shop, "c", key="granted")
    assert promotion_said(granted) == [(-CLAWED_BACK, NoteCode.PROMOTION_CLAWED_BACK)]
    shop.number = start_of(application(), "asked").number
    await shop.decide(DecisionKind.APPROVE)
    assert (await shop.case()).amount == cny(PAID_MINOR - 12_000 + SHARE_OF_C + CLAWED_BACK)


async def test_a_reviewers_grant_follows_the_policys_choice(shop: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REVIEW, promotion=PromotionChoice.CLAW_BACK)
    await ask(shop, "b", "c")
    assert (await shop.decide(DecisionKind.APPROVE_PART, items=items(c=1))).accepted
    row = await shop.case()
    assert (row.status, row.amount) == (CaseStatus.PAYING, cny(12_000 - SHARE_OF_C - CLAWED_BACK))


async def test_a_refund_that_the_promotion_eats_whole_is_refused_and_says_why(
    desk: Desk, engine: AsyncEngine, policy: FakePolicy
) -> None:
    promotion = {"threshold_minor": 30_100, "discount_minor": 3_000}
    lines = [line("cheap", 1, 100), line("dear", 1, 30_000)]
    await take_in(engine, stated_order(lines, [by_card(27_100)], currency="CNY", promotion=promotion))
    policy.says(Action.APPROVE, promotion=PromotionChoice.CLAW_BACK)
    standing = await ask(desk, "cheap")
    assert (standing.status, standing.reason_code) == (CaseStatus.REJECTED, ErrorCode.AMOUNT_REFUSED.value)
    assert "uses up the whole refund" in standing.explanation
    assert sum(tender.taken_minor for tender in (await desk.order("order-2")).tenders) == 0
    assert (await ask(desk, "cheap", "dear", key="both")).amount == cny(27_100)


async def test_no_more_may_be_asked_for_than_the_claw_back_leaves(shop: Desk) -> None:
    standing = await ask(shop, "c", amount=cny(10_000))
    assert standing.reason_code == ErrorCode.AMOUNT_REFUSED.value
    assert "CN¥90.00" in standing.explanation


async def test_what_is_turned_down_is_turned_down_for_the_policys_reason(shop: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REJECT, reason_code="window_closed", promotion=PromotionChoice.CLAW_BACK)
    standing = await ask(shop, "c")
    assert (standing.reason_code, promotion_said(standing)) == ("window_closed", [(0, NoteCode.PROMOTION_KEPT)])


@pytest.mark.parametrize(
    ("language", "named"),
    [(Language.EN, "so its discount is taken back"), (Language.ZH_CN, "不再满足促销条件，收回其优惠")],
)
async def test_the_shipped_policy_claws_back_and_letter_and_screen_name_it(
    shop: Desk, engine: AsyncEngine, store: SqlStore, language: Language, named: str
) -> None:
    shipped = Desk(CaseSteps(store, packaged_shelf(), KEYRING), store, engine)
    asked = application(order_id="order-2", items=items(c=1), language=language, **MIND)
    assert (await shipped.apply(asked)).standing.amount == cny(9_000)
    await shipped.pay(OutcomeKind.SUCCEEDED)

    account = (await shop.order("order-2")).account
    for stage in (Stage.APPROVED, Stage.REFUNDED):
        order = Notify(number=shipped.number, stage=stage, round=1, now=shipped.now)
        [letter] = letters().compose(order, await shipped.case(), account, await shipped.legs())
        assert named in letter.body
        assert "18.75" in letter.body

    record = await Reading(engine).case(shipped.number)
    assert record is not None
    screen = Console(file=io.StringIO(), width=160, record=True)
    screen.print(case_panel(record, shipped.now))
    shown = screen.export_text()
    assert NoteCode.PROMOTION_CLAWED_BACK.value in shown
    assert "-18.75" in shown
