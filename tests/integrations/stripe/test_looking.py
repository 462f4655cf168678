"""Looking for our number: only a list read to its end may say that nothing is there."""

from __future__ import annotations

import pytest

from activities.types import OutcomeKind
from aftersales.contract.values import LegState
from integrations.stripe import StripePayments
from tests.integrations.stripe.script import LEG_NUMBER, Script, leg_row, list_body, refund_body
from tests.sandbox.servers import Box


async def test_our_refund_is_found_behind_a_hundred_others(box: Box, payments: StripePayments) -> None:
    await payments.refund(leg_row())
    for number in range(101):
        await box.refund(1, leg=f"other-{number}", key=f"key-{number}")
    assert (await payments.query(leg_row())).kind is OutcomeKind.SUCCEEDED
    looks = [row for row in await box.requests() if row["method"] == "GET"]
    assert len(looks) == 2


async def test_a_number_that_only_begins_like_ours_is_not_ours(box: Box, payments: StripePayments) -> None:
    await box.refund(1_000, leg=f"{LEG_NUMBER}0")
    assert (await payments.query(leg_row())).kind is OutcomeKind.NOT_FOUND


@pytest.mark.parametrize("fault", ["drop_request", "truncate", "unreadable", "429", "error_500"])
async def test_a_look_that_fails_says_nothing_about_the_leg(box: Box, payments: StripePayments, fault: str) -> None:
    await payments.refund(leg_row())
    await box.script(fault, method="GET")
    assert (await payments.query(leg_row())).kind is OutcomeKind.UNKNOWN


async def test_a_refusal_that_cannot_be_made_sure_of_is_unknown(box: Box, payments: StripePayments) -> None:
    await box.refund(10_000, leg="somebody-else")
    await box.script("drop_request", method="GET")
    assert (await payments.refund(leg_row())).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        3,
        {"object": "list", "has_more": False},
        {"object": "list", "data": []},
        {"object": "list", "data": {}, "has_more": False},
        {"object": "list", "data": [], "has_more": True},
        {"object": "list", "data": [{"object": "refund"}], "has_more": False},
        b"\xff\xfe",
        b"",
    ],
)
async def test_an_answer_without_a_list_is_not_an_empty_list(
    script: Script, scripted: StripePayments, body: object
) -> None:
    script.get(200, body)
    assert (await scripted.query(leg_row())).kind is OutcomeKind.UNKNOWN


async def test_a_list_without_end_is_given_up(script: Script, scripted: StripePayments) -> None:
    script.get(200, list_body(refund_body(metadata={}), has_more=True))
    assert (await scripted.query(leg_row())).kind is OutcomeKind.UNKNOWN
    assert len(script.calls) <= 100


async def test_two_refunds_with_our_number_raise_an_alarm(script: Script, scripted: StripePayments) -> None:
    script.get(200, list_body(refund_body(id="re_2"), refund_body()))
    outcome = await scripted.query(leg_row())
    assert (outcome.kind, outcome.code) == (OutcomeKind.CONFLICT, "refunded_twice")


async def test_a_failed_try_beside_a_success_does_not_hide_it(script: Script, scripted: StripePayments) -> None:
    script.get(200, list_body(refund_body(id="re_2", status="failed"), refund_body()))
    outcome = await scripted.query(leg_row())
    assert (outcome.kind, outcome.provider_reference) == (OutcomeKind.SUCCEEDED, "re_1")


async def test_a_refund_of_others_may_look_as_it_likes(script: Script, scripted: StripePayments) -> None:
    script.get(200, list_body(refund_body(metadata=None, status=None), refund_body()))
    assert (await scripted.query(leg_row())).kind is OutcomeKind.SUCCEEDED


@pytest.mark.parametrize(
    ("status", "state", "kind"),
    [
        ("failed", LegState.SUBMITTING, OutcomeKind.REJECTED),
        ("failed", LegState.SUCCEEDED, OutcomeKind.REVERSED),
        ("failed", LegState.REVERSED, OutcomeKind.REVERSED),
        ("canceled", LegState.PENDING, OutcomeKind.REJECTED),
        ("a_word_of_tomorrow", LegState.SUBMITTING, OutcomeKind.UNKNOWN),
        (None, LegState.SUBMITTING, OutcomeKind.UNKNOWN),
    ],
)
async def test_what_a_status_means_depends_on_what_we_knew(
    script: Script, scripted: StripePayments, status: str | None, state: LegState, kind: OutcomeKind
) -> None:
    script.get(200, list_body(refund_body(status=status)))
    assert (await scripted.query(leg_row(state=state))).kind is kind


@pytest.mark.parametrize("state", [LegState.PENDING, LegState.SUCCEEDED], ids=["failure", "reversal"])
@pytest.mark.parametrize(
    ("reason", "elsewhere"),
    [
        ("lost_or_stolen_card", True),
        ("expired_or_canceled_card", True),
        ("declined", True),
        ("charge_for_pending_refund_disputed", False),
        ("insufficient_funds", False),
        ("merchant_request", False),
        ("unknown", False),
        (None, False),
    ],
)
async def test_money_that_came_back_goes_elsewhere_only_if_its_way_is_closed(
    script: Script, scripted: StripePayments, state: LegState, reason: str | None, elsewhere: bool
) -> None:
    script.get(200, list_body(refund_body(status="failed", failure_reason=reason)))
    assert (await scripted.query(leg_row(state=state))).elsewhere is elsewhere


async def test_a_refund_on_its_way_is_not_sent_elsewhere(script: Script, scripted: StripePayments) -> None:
    script.get(200, list_body(refund_body(status="pending", failure_reason="expired_or_canceled_card")))
    assert not (await scripted.query(leg_row())).elsewhere


@pytest.mark.parametrize(
    ("details", "trace"),
    [
        ({"type": "card", "card": {"reference": "7400"}}, "7400"),
        ({"type": "us_bank_transfer", "us_bank_transfer": {"reference": "T-1"}}, "T-1"),
        ({"type": "card", "card": {"reference_status": "pending"}}, ""),
        ({"type": "card", "card": None}, ""),
        ({"type": "card", "card": {"reference": 7400}}, ""),
        ({"type": "card", "us_bank_transfer": {"reference": "T-1"}}, ""),
        ({}, ""),
        (None, ""),
    ],
)
async def test_the_trace_number_is_that_of_the_way_taken(
    script: Script, scripted: StripePayments, details: dict[str, object] | None, trace: str
) -> None:
    script.get(200, list_body(refund_body(destination_details=details)))
    assert (await scripted.query(leg_row())).trace == trace
