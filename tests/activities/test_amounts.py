"""What a case is given knows which units the others took, not only how many (P3.1; money, rules 2 and 7)."""

from __future__ import annotations

from activities.rulings import Action
from activities.types import OutcomeKind
from aftersales.contract.messages import Withdrawal
from aftersales.contract.values import DecisionKind, Role
from tests.activities.desk import Desk
from tests.activities.shop import CARD_MINOR, CUPS_MINOR, GIFT_MINOR, application, cny, items, start_of
from tests.fakes import FakePolicy

THE_CUPS = [3333, 3333, 3334]
"""What each of the three cups for 100.00 is worth: the odd cent lies with the last."""


async def one_cup(desk: Desk, key: str) -> int:
    """What a case for one more cup is given, in minor units."""
    standing = (await desk.apply(application(items=items(cups=1)), request_key=key)).standing
    assert standing.amount is not None
    return standing.amount.minor


async def three_cases(desk: Desk) -> None:
    assert [await one_cup(desk, key) for key in ("first", "second", "third")] == THE_CUPS


async def back_to(desk: Desk, key: str) -> None:
    desk.number = start_of(application(), key).number


async def test_units_that_withdrawn_cases_gave_up_come_back_with_their_own_cents(desk: Desk) -> None:
    await three_cases(desk)
    for key in ("first", "second"):
        await back_to(desk, key)
        assert (await desk.say(Withdrawal())).accepted
    assert [await one_cup(desk, "fourth"), await one_cup(desk, "fifth")] == [3333, 3333]
    assert await desk.money_taken() == CUPS_MINOR


async def test_the_rest_after_withdrawals_is_no_cent_more(desk: Desk) -> None:
    await three_cases(desk)
    for key in ("first", "second"):
        await back_to(desk, key)
        await desk.say(Withdrawal())
    await desk.apply(application(items=items(cups=2)), request_key="rest")
    assert await desk.money_taken() == CUPS_MINOR


async def test_the_rest_after_rejections_is_no_cent_more(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REVIEW)
    await three_cases(desk)
    assert (await desk.decide(DecisionKind.APPROVE)).accepted
    for key in ("first", "second"):
        await back_to(desk, key)
        assert (await desk.decide(DecisionKind.REJECT, explanation="It is not broken.")).accepted
    policy.says(Action.APPROVE)
    await desk.apply(application(items=items(cups=2)), request_key="rest")
    assert await desk.money_taken() == CUPS_MINOR


async def test_the_rest_after_payments_that_were_given_up_is_no_cent_more(desk: Desk) -> None:
    await three_cases(desk)
    for key in ("first", "second"):
        await back_to(desk, key)
        for row in await desk.legs():
            await desk.pay(OutcomeKind.REJECTED, leg=row.leg.leg)
        await desk.decide(DecisionKind.REJECT, role=Role.FINANCE, explanation="It cannot be paid.")
    await desk.apply(application(items=items(cups=2)), request_key="rest")
    assert await desk.money_taken() == CUPS_MINOR


async def test_the_last_unit_is_no_cent_short_when_the_one_with_the_odd_cent_was_given_up(desk: Desk) -> None:
    await three_cases(desk)
    assert (await desk.say(Withdrawal())).accepted
    assert await one_cup(desk, "again") == 3334


async def test_an_approval_of_fewer_units_leaves_the_others_their_own_cents(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REVIEW)
    await desk.apply(application(items=items(cups=3)))
    assert (await desk.decide(DecisionKind.APPROVE_PART, items=items(cups=1))).accepted
    policy.says(Action.APPROVE)
    await desk.apply(application(items=items(cups=2)), request_key="rest")
    assert await desk.money_taken() == CUPS_MINOR


async def test_what_an_approval_in_part_kept_back_is_not_given_to_the_next(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REVIEW)
    await desk.apply(application(items=items(cups=1)))
    assert (await desk.decide(DecisionKind.APPROVE_PART, amount=cny(1000))).accepted
    policy.says(Action.APPROVE)
    assert await one_cup(desk, "next") == 3333
    assert await desk.money_taken() == 1000 + 3333


async def test_shipping_that_a_withdrawn_case_held_goes_to_the_next(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.APPROVE, refund_shipping=True)
    await one_cup(desk, "first")
    await desk.say(Withdrawal())
    await desk.apply(application(items=items(cups=3, lamp=1)), request_key="all")
    assert await desk.money_taken() == CARD_MINOR + GIFT_MINOR
