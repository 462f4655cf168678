"""One number is one movement of money, whatever is said and however often (P3.2; design: payments, numbers)."""

from __future__ import annotations

import asyncio

import pytest

from activities.ports import Payee
from activities.types import OutcomeKind
from aftersales.contract.values import LegState, Movement, PayoutMethod
from tests.integrations.contract.bench import CAPTURED, DONE, MINOR, Bench, state_of
from tests.integrations.contract.benches import BENCHES, OF_OUR_OWN, only

YEARS_S = 10 * 365 * 86_400


@pytest.fixture(params=[*BENCHES, *OF_OUR_OWN], ids=lambda bench: bench.name)
def bench_type(request: pytest.FixtureRequest) -> type[Bench]:
    """Here the ledgers of our own too: what they have no part in is a wire, and an ending that comes later."""
    made: type[Bench] = request.param
    return made


async def test_an_order_is_executed_once_under_our_number(bench: Bench) -> None:
    outcome = await bench.send(bench.leg())
    assert outcome.kind is bench.accepted
    assert outcome.provider_reference
    assert await bench.executions(bench.leg()) == 1


async def test_the_same_number_again_moves_no_money(bench: Bench) -> None:
    outcomes = [await bench.send(bench.leg()) for _ in range(3)]
    assert {outcome.kind for outcome in outcomes} <= set(DONE)
    assert await bench.executions(bench.leg()) == 1


async def test_the_same_number_at_the_same_moment_moves_money_once(bench: Bench) -> None:
    outcomes = await asyncio.gather(*[bench.send(bench.leg()) for _ in range(5)])
    assert {outcome.kind for outcome in outcomes} <= {*DONE, OutcomeKind.UNKNOWN}
    assert (await bench.settled(bench.leg())).kind in DONE
    assert await bench.executions(bench.leg()) == 1


async def test_the_same_number_with_another_amount_is_a_conflict(bench: Bench) -> None:
    await bench.send(bench.leg())
    other = await bench.send(bench.leg(minor=MINOR + 1))
    assert other.kind is OutcomeKind.CONFLICT
    assert await bench.executions(bench.leg()) == 1


async def test_two_numbers_are_two_movements(bench: Bench) -> None:
    await bench.seed(2)
    for payment in (1, 2):
        await bench.send(bench.leg(payment=payment))
    assert [await bench.executions(bench.leg(payment=payment)) for payment in (1, 2)] == [1, 1]


async def test_the_number_outlives_days(bench: Bench) -> None:
    await bench.send(bench.leg())
    await bench.box.advance(min(bench.payments.key_life_s, YEARS_S) - 60)
    assert (await bench.send(bench.leg())).kind in DONE
    await bench.box.advance(30 * 86_400)
    assert (await bench.looked(bench.leg())).kind in DONE
    assert await bench.executions(bench.leg()) == 1


async def test_what_is_found_is_what_was_ordered(bench: Bench) -> None:
    sent = await bench.send(bench.leg())
    found = await bench.payments.query(bench.leg())
    assert found.kind in DONE
    assert found.provider_reference == sent.provider_reference


async def test_a_number_that_was_never_sent_is_not_found(bench: Bench) -> None:
    assert (await bench.payments.query(bench.leg())).kind is OutcomeKind.NOT_FOUND
    assert await bench.executions(bench.leg()) == 0


async def test_a_number_of_another_leg_is_not_ours(bench: Bench) -> None:
    await bench.seed(2)
    await bench.send(bench.leg(payment=2))
    assert (await bench.payments.query(bench.leg())).kind is OutcomeKind.NOT_FOUND


async def test_an_amount_that_somebody_else_moved_under_our_number_is_a_conflict(bench: Bench) -> None:
    await bench.send(bench.leg())
    found = await bench.payments.query(bench.leg(minor=MINOR + 1))
    assert found.kind is OutcomeKind.CONFLICT


@only(lambda bench: bench.movement is Movement.REFUND)
async def test_more_than_was_paid_is_never_moved(bench: Bench) -> None:
    outcome = await bench.send(bench.leg(minor=CAPTURED + 1))
    assert outcome.kind is OutcomeKind.REJECTED
    assert not outcome.elsewhere
    assert await bench.executions(bench.leg()) == 0


@only(lambda bench: bench.rail().currencies)
async def test_a_currency_that_the_provider_lacks_is_never_sent(bench: Bench) -> None:
    outcome = await bench.send(bench.leg(currency="NOK"))
    assert outcome.kind is OutcomeKind.REJECTED
    assert await bench.box.requests() == []


@pytest.mark.parametrize("method", PayoutMethod)
async def test_a_destination_that_the_provider_does_not_pay_to_is_never_sent(
    bench: Bench, method: PayoutMethod
) -> None:
    if method not in bench.rail().pays_out:
        payee = Payee(token="payee-1", method=method, account="somebody", holder="Somebody")
        outcome = await bench.payments.pay_out(bench.leg(), payee)
        assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "not_offered")
        assert await bench.box.requests() == []


@only(lambda bench: not bench.rail().refunds)
async def test_a_provider_that_took_no_payment_refunds_none(bench: Bench) -> None:
    outcome = await bench.payments.refund(bench.leg())
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "not_offered")
    assert await bench.box.requests() == []


async def test_a_success_stays_one_however_often_it_is_looked_at(bench: Bench) -> None:
    await bench.succeed(bench.leg())
    for _ in range(2):
        found = await bench.payments.query(state_of(bench.leg(), LegState.SUCCEEDED))
        assert found.kind is OutcomeKind.SUCCEEDED
