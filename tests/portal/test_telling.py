"""A case is told what is news to it, once, and nothing that it knows or is about to learn (R8)."""

import asyncio
from datetime import timedelta

import pytest

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import PaymentChanged
from aftersales.contract.values import ErrorCode, LegState
from portal.telling import TOLD_AT_ONCE
from tests.portal.conftest import House
from tests.portal.stripe_events import deliver, refund_event


async def bearings(house: House) -> dict[str, str]:
    """What became of each event that is done with."""
    async with house.engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT event_id, bearing FROM webhook_inbox WHERE handled_at IS NOT NULL"
        )
        return {row.event_id: row.bearing for row in rows}


async def test_a_refund_that_succeeds_at_once_is_announced_three_times_and_told_never(house: House) -> None:
    house.clock.hold()
    await house.leg_in(LegState.SUBMITTING)
    assert (await deliver(house, refund_event("evt_1", kind="refund.created"))).status_code == 200
    await house.clock.asleep.wait()
    for n, kind in enumerate(("refund.updated", "charge.refund.updated"), start=2):
        await deliver(house, refund_event(f"evt_{n}", kind=kind))
    await house.leg_in(LegState.SUCCEEDED)  # the call's own answer, recorded
    house.clock.release()
    await house.telling.settled()
    assert house.cases.hints == []
    assert await bearings(house) == {"evt_1": "known", "evt_2": "repeated", "evt_3": "repeated"}


@pytest.mark.parametrize("state", [LegState.SUBMITTING, LegState.RESERVED, LegState.CONFIRMING])
async def test_when_the_call_does_not_answer_in_the_grace_the_case_is_told(house: House, state: LegState) -> None:
    house.clock.hold()
    await house.leg_in(LegState.SUBMITTING)
    await deliver(house, refund_event())
    await house.clock.asleep.wait()
    assert house.cases.hints == []
    await house.leg_in(state)
    house.clock.release()
    await house.telling.settled()
    assert len(house.cases.hints) == 1
    assert await bearings(house) == {"evt_1": "news"}


async def test_pending_is_known_and_the_success_after_it_is_told_once(house: House) -> None:
    await house.leg_in(LegState.PENDING)
    await deliver(house, refund_event("evt_1", "pending"))
    assert house.cases.hints == []
    house.clock.time += timedelta(minutes=5)
    await asyncio.gather(*(deliver(house, refund_event(f"evt_{n}")) for n in (2, 3, 4)))
    assert len(house.cases.hints) == 1
    await house.leg_in(LegState.SUCCEEDED)
    await deliver(house, refund_event("evt_5"))
    assert len(house.cases.hints) == 1


async def test_a_success_that_fails_days_later_is_told_at_once(house: House) -> None:
    await house.leg_in(LegState.SUCCEEDED)
    await deliver(house, refund_event("evt_1", "succeeded"))
    assert house.cases.hints == []
    house.clock.time += timedelta(days=9)
    for n in (2, 3):
        await deliver(house, refund_event(f"evt_{n}", "failed"))
    assert len(house.cases.hints) == 1


async def test_events_out_of_order_are_told_once_and_what_was_overtaken_is_known(house: House) -> None:
    await house.leg_in(LegState.CONFIRMING)
    await deliver(house, refund_event("evt_late", "succeeded"))
    await house.leg_in(LegState.SUCCEEDED)
    await deliver(house, refund_event("evt_early", "pending"))
    assert len(house.cases.hints) == 1
    assert await bearings(house) == {"evt_late": "news", "evt_early": "known"}


async def test_an_event_that_says_nothing_of_the_refunds_state_is_told(house: House) -> None:
    await house.leg_in(LegState.SUCCEEDED)
    await deliver(house, refund_event(status="a word of next year"))
    assert len(house.cases.hints) == 1


async def test_a_second_refund_under_the_same_number_is_told_though_both_succeeded(house: House) -> None:
    await house.leg_in(LegState.SUCCEEDED)
    await deliver(house, refund_event(refund_id="re_2"))
    assert len(house.cases.hints) == 1


async def test_an_event_cut_off_during_the_grace_is_left_to_the_sweep(house: House) -> None:
    house.clock.hold()
    await house.leg_in(LegState.SUBMITTING)
    await deliver(house, refund_event())
    await house.clock.asleep.wait()
    await house.telling.stop()
    assert house.cases.hints == []
    assert await house.waiting() == ["evt_1"]


async def test_more_events_than_can_wait_at_once_are_left_to_the_sweep(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.telling.MOST_AT_ONCE", 1)
    house.clock.hold()
    await house.leg_in(LegState.SUBMITTING)
    await deliver(house, refund_event("evt_1", refund_id="re_1"))
    assert (await deliver(house, refund_event("evt_2", refund_id="re_2"))).status_code == 200
    house.clock.release()
    await house.telling.settled()
    assert (len(house.cases.hints), await house.waiting()) == (1, ["evt_2"])


async def test_few_cases_are_told_at_one_time_and_the_answers_do_not_wait_for_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling, at_once, most = asyncio.Event(), 0, 0

    async def told_slowly(number: str, hint: PaymentChanged) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await telling.wait()
        at_once -= 1
        house.cases.hints.append((number, hint))

    monkeypatch.setattr(house.cases, "payment_changed", told_slowly)
    house.clock.hold()  # the answers alone are waited for
    await house.leg_in(LegState.CONFIRMING)
    answers = [await deliver(house, refund_event(f"evt_{n}", refund_id=f"re_{n}")) for n in range(TOLD_AT_ONCE + 3)]
    assert {answer.status_code for answer in answers} == {200}
    telling.set()
    await house.telling.settled()
    assert (most, len(house.cases.hints)) == (TOLD_AT_ONCE, TOLD_AT_ONCE + 3)


async def test_a_case_is_told_when_no_provider_waits_for_its_answer_any_more(house: House) -> None:
    house.clock.hold()  # the answer alone is waited for
    await house.leg_in(LegState.CONFIRMING)
    with house.telling.giving_way():
        await deliver(house, refund_event())
        await asyncio.sleep(0.05)
        assert house.cases.hints == []
    await house.telling.settled()
    assert len(house.cases.hints) == 1


async def test_a_case_is_told_though_providers_never_stop(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.telling.GIVES_WAY_S", 0.01)
    await house.leg_in(LegState.CONFIRMING)
    with house.telling.giving_way():
        await deliver(house, refund_event())
        assert len(house.cases.hints) == 1


async def test_what_repeats_an_event_that_could_not_be_told_leaves_that_one_to_the_sweep(house: House) -> None:
    await house.leg_in(LegState.CONFIRMING)
    house.cases.failure = AftersalesError(ErrorCode.ENGINE_UNAVAILABLE, "Temporal is down.")
    await deliver(house, refund_event("evt_1"))
    await deliver(house, refund_event("evt_2"))
    assert await house.waiting() == ["evt_1"]


async def test_a_case_that_turns_out_to_be_closed_is_noted_and_not_tried_for_ever(house: House) -> None:
    await house.leg_in(LegState.SUCCEEDED)
    house.cases.failure = AftersalesError(ErrorCode.CASE_CLOSED, "It is closed.")
    assert (await deliver(house, refund_event(status="failed"))).status_code == 200
    assert await bearings(house) == {"evt_1": "case_closed"}


@pytest.mark.parametrize("state", [LegState.SUBMITTING, LegState.CONFIRMING])
async def test_the_provider_has_its_answer_before_the_case_is_thought_of(house: House, state: LegState) -> None:
    await house.leg_in(state)
    house.cases.failure = AftersalesError(ErrorCode.ENGINE_UNAVAILABLE, "Temporal is down.")
    assert (await deliver(house, refund_event())).json() == {"received": True}
