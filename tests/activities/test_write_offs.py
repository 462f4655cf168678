"""Finance gives up money with a reason, and never more than there is to give up (P3.3)."""

from __future__ import annotations

import asyncio
import json

import pytest

from activities.rows import Posting
from activities.types import OutcomeKind
from activities.write_offs import Lost, WriteOff, write_off
from aftersales.contract.errors import AftersalesError
from aftersales.contract.numbers import number_for
from aftersales.contract.values import DecisionKind, ErrorCode, Money, Role
from domain.errors import AmountRefused, CurrencyMixed
from tests.activities.desk import Desk
from tests.activities.shop import NOW, application, cny

WHY = "The customer does not answer."


@pytest.fixture(name="overpaid")
async def case_that_was_paid_twice(desk: Desk) -> Desk:
    """5.00 back on the gift card, twice: the first number had failed and moved after all."""
    await desk.apply(application(amount=cny(500)))
    await desk.pay(OutcomeKind.REJECTED)
    await desk.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    await desk.pay(OutcomeKind.SUCCEEDED, attempt=2)
    await desk.pay(OutcomeKind.SUCCEEDED, attempt=1)
    assert (await desk.balances())["refunds_overpaid"] == 500
    return desk


async def give_up(desk: Desk, amount: Money, **changes: object) -> Posting:
    fields: dict[str, object] = {
        "number": desk.number,
        "provider_number": f"{desk.number}-1-1",
        "lost": Lost.OVERPAYMENT,
        "amount": amount,
        "reason": WHY,
        "actor": "finance-1",
        "role": Role.FINANCE,
    }
    async with desk.store.begin() as unit:
        return await write_off(unit, WriteOff.model_validate(fields | changes), desk.later(seconds=1))


async def test_an_overpayment_is_written_off_up_to_what_it_was(overpaid: Desk) -> None:
    await give_up(overpaid, cny(300))
    with pytest.raises(AmountRefused) as caught:
        await give_up(overpaid, cny(201))
    assert caught.value.largest_minor == 200
    await give_up(overpaid, cny(200))
    balances = await overpaid.balances()
    assert (balances["write_offs"], balances.get("refunds_overpaid", 0)) == (500, 0)


async def test_a_difference_is_written_off_up_to_the_legs_amount(overpaid: Desk) -> None:
    posting = await give_up(overpaid, cny(400), lost=Lost.DIFFERENCE)
    assert (posting.debit, posting.credit, posting.note) == ("write_offs", "stored_value:gift_card", WHY)
    with pytest.raises(AmountRefused) as caught:
        await give_up(overpaid, cny(500), lost=Lost.DIFFERENCE)
    assert caught.value.largest_minor == 100
    await give_up(overpaid, cny(500), lost=Lost.DIFFERENCE, provider_number=f"{overpaid.number}-1-2")


async def test_a_write_off_refunds_nothing(overpaid: Desk) -> None:
    before = await overpaid.money_taken()
    await give_up(overpaid, cny(500), lost=Lost.DIFFERENCE)
    await give_up(overpaid, cny(500))
    assert await overpaid.money_taken() == before


async def test_a_case_that_was_never_overpaid_has_nothing_to_write_off(desk: Desk) -> None:
    await desk.apply(application(amount=cny(500)))
    await desk.pay(OutcomeKind.SUCCEEDED)
    with pytest.raises(AmountRefused):
        await give_up(desk, cny(1))


async def test_an_overpayment_that_came_back_cannot_be_written_off_any_more(overpaid: Desk) -> None:
    await overpaid.pay(OutcomeKind.REVERSED, attempt=1)
    with pytest.raises(AmountRefused):
        await give_up(overpaid, cny(1))


async def test_twenty_write_offs_at_once_never_exceed_the_overpayment(overpaid: Desk) -> None:
    tried = await asyncio.gather(*(give_up(overpaid, cny(100)) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(each, Posting) for each in tried) == 5
    assert (await overpaid.balances())["write_offs"] == 500


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.FINANCE, Role.ADMIN}))
async def test_only_finance_writes_off(overpaid: Desk, role: Role) -> None:
    with pytest.raises(AftersalesError) as caught:
        await give_up(overpaid, cny(1), role=role)
    assert caught.value.code is ErrorCode.ROLE_NOT_ALLOWED


@pytest.mark.parametrize("minor", [0, -1])
async def test_nothing_and_less_are_no_amount(overpaid: Desk, minor: int) -> None:
    with pytest.raises(AmountRefused):
        await give_up(overpaid, cny(minor))


async def test_another_currency_is_refused(overpaid: Desk) -> None:
    with pytest.raises(CurrencyMixed):
        await give_up(overpaid, Money(minor=1, currency="USD"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"number": number_for("backend", "nobody's")}, ErrorCode.CASE_UNKNOWN),
        ({"provider_number": "nobody's"}, ErrorCode.PAYMENT_UNKNOWN),
    ],
)
async def test_an_unknown_payment_is_said_to_be_unknown(
    overpaid: Desk, changes: dict[str, object], code: ErrorCode
) -> None:
    with pytest.raises(AftersalesError) as caught:
        await give_up(overpaid, cny(1), **changes)
    assert caught.value.code is code


async def test_the_log_says_who_gave_up_what_and_why(overpaid: Desk) -> None:
    await give_up(overpaid, cny(300))
    entry = (await overpaid.audit())[-1]
    assert (entry["action"], entry["actor"], entry["role"]) == ("written_off", "finance-1", "finance")
    facts = json.loads(entry["facts"])
    assert (facts["minor"], facts["account"], entry["why"]) == (300, "refunds_overpaid", WHY)
    assert entry["at"] > NOW
