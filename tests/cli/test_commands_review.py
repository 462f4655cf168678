"""What reviewers and customers do with a case from the command line, against the whole service."""

import re
from pathlib import Path

import pytest

from aftersales.contract.messages import Answer, Decision
from aftersales.contract.values import CaseStatus
from cli.commands.review import what_follows
from cli.stack import Stack
from tests.integrations.evidence.samples import JPEG
from tests.support.program import Program
from tests.support.stack import open_case


async def under_review(stack: Stack, aftersales: Program, order_id: str) -> str:
    """A case of two mugs, 50.00 CNY, that waits for an agent."""
    number = await open_case(stack, order_id)
    await aftersales.reaches(number, "under review", "agent")
    return number


async def test_the_queue_shows_what_waits_for_whom_until_when_and_an_approval_pays(
    stack: Stack, aftersales: Program
) -> None:
    number = await under_review(stack, aftersales, "review-1")
    line = next(line for line in (await aftersales.ok("queue")).out.splitlines() if number in line)
    for told in ("review-1", "wrong item", "50.00 CNY", "under review", "agents"):
        assert told in line
    assert re.search(r"\(in 1[0-4] min", line)
    answer = await aftersales.ok("approve", number, "--actor", "agent-7")
    assert f"Accepted. Case {number} is now paying." in answer.out
    assert "50.00 CNY" in await aftersales.shows(number, "refunded", "succeeded")
    assert number not in (await aftersales.ok("queue")).out
    assert number in (await aftersales.ok("queue", "--all")).out


@pytest.mark.parametrize(
    ("decision", "status", "told"),
    [
        ({"kind": "approve"}, "paying", ""),
        ({"kind": "approve"}, "under_review", "No money moves yet: a second person has to approve the same amount"),
        ({"kind": "approve"}, "payment_failed", "No money moves yet"),
        ({"kind": "hand_over", "hand_to": "night"}, "under_review", "The group night is to decide."),
        ({"kind": "escalate"}, "under_review", "The supervisors are to decide."),
        ({"kind": "extend", "handling_hours": 5}, "under_review", "There are 5 h more, and the customer is told."),
    ],
)
def test_whoever_decided_is_told_what_the_status_alone_does_not_say(
    decision: dict[str, object], status: str, told: str
) -> None:
    said = what_follows(Decision.model_validate(decision), Answer(accepted=True, status=CaseStatus(status)))
    assert said.startswith(told)
    assert bool(said) == bool(told)


async def test_an_approval_by_signal_is_sent_and_does_its_work(stack: Stack, aftersales: Program) -> None:
    number = await under_review(stack, aftersales, "review-2")
    sent = await aftersales.ok("approve", number, "--signal", "--actor", "agent-7")
    assert sent.out.startswith("Sent.")
    assert "agent-7 (agent)" in await aftersales.shows(number, "refunded")


async def test_a_part_is_approved_by_items_or_by_amount(stack: Stack, aftersales: Program) -> None:
    by_items = await under_review(stack, aftersales, "review-3")
    await aftersales.ok("approve", by_items, "--item", "mugs=1", "--explanation", "One was whole.")
    by_amount = await under_review(stack, aftersales, "review-4")
    await aftersales.ok("approve", by_amount, "--amount", "5")
    assert "25.00 CNY" in await aftersales.shows(by_items, "refunded", "One was whole.")
    assert "5.00 CNY" in await aftersales.shows(by_amount, "refunded")


async def test_more_than_was_asked_for_is_not_approved_and_the_case_goes_on_waiting(
    stack: Stack, aftersales: Program
) -> None:
    number = await under_review(stack, aftersales, "review-5")
    refused = await aftersales("approve", number, "--item", "mugs=3")
    assert (refused.status, refused.out) == (1, "")
    assert f"Case {number} refused (quantity_too_high)" in refused.err
    assert "refused: quantity too high" in await aftersales.shows(number, "under review")


async def test_a_question_is_answered_with_evidence_and_then_decided(
    stack: Stack, aftersales: Program, tmp_path: Path
) -> None:
    number = await under_review(stack, aftersales, "review-6")
    await aftersales.ok("ask", number, "--question", "Which mug came instead?")
    await aftersales.reaches(number, "awaiting customer", "Which mug came instead?", "customer")
    photo = tmp_path / "mug.jpg"
    photo.write_bytes(JPEG)
    await aftersales.ok("supply", number, "--evidence", str(photo), "--note", "The blue one.")
    assert "image/jpeg" in await aftersales.shows(number, "under review", "The blue one.")
    await aftersales.ok("approve", number)
    await aftersales.reaches(number, "refunded")


async def test_a_rejection_is_appealed_once(stack: Stack, aftersales: Program) -> None:
    number = await under_review(stack, aftersales, "review-7")
    await aftersales.ok("reject", number, "--explanation", "The record shows the right mug.")
    await aftersales.reaches(number, "rejected", "The record shows the right mug.")
    await aftersales.ok("appeal", number, "--explanation", "It was not.")
    await aftersales.reaches(number, "under review", "supervisor", "Appealed")
    await aftersales.ok("reject", number, "--explanation", "We looked again.", "--role", "supervisor")
    again = await aftersales("appeal", number, "--explanation", "Please!")
    assert again.status == 1
    assert "(appeal_used)" in again.err


async def test_more_time_another_group_and_a_higher_role(stack: Stack, aftersales: Program) -> None:
    number = await under_review(stack, aftersales, "review-8")
    await aftersales.ok("extend", number, "--hours", "5")
    await aftersales.reaches(number, "(in 5 h")
    await aftersales.ok("hand-over", number, "--to", "warehouse")
    await aftersales.reaches(number, "agent (warehouse)")
    await aftersales.ok("escalate", number)
    await aftersales.reaches(number, "supervisor (supervisors)")


async def test_a_claimed_case_is_its_holders_until_it_is_let_go(stack: Stack, aftersales: Program) -> None:
    number = await under_review(stack, aftersales, "review-13")
    holder = ("--actor", "agent-1", "--role", "agent")
    claimed = await aftersales.ok("claim", number, "--minutes", "60", *holder)
    assert "It is yours for 60 min." in claimed.out
    await aftersales.reaches(number, "Worked on by", "agent-1 until")
    [line] = [line for line in (await aftersales.ok("queue")).out.splitlines() if number in line]
    assert ": agent-1" in line, "of whichever group: the customer of these tests has many cases"
    refused = await aftersales("approve", number, "--actor", "agent-2")
    assert "(claimed_by_another)" in refused.err
    await aftersales.ok("claim", number, "--release", *holder)
    await aftersales.ok("approve", number, "--actor", "agent-2")
    await aftersales.reaches(number, "refunded")


async def test_a_case_is_withdrawn_while_nobody_has_decided_and_not_afterwards(
    stack: Stack, aftersales: Program
) -> None:
    number = await under_review(stack, aftersales, "review-9")
    by_phone = ("--actor", "agent-7", "--role", "agent", "--explanation", "Found the right one.")
    assert "now withdrawn" in (await aftersales.ok("withdraw", number, *by_phone)).out
    late = await aftersales("approve", number)
    assert late.status == 1
    assert "is closed" in late.err


async def test_the_survey_is_answered_by_the_customer_of_the_case(stack: Stack, aftersales: Program) -> None:
    number = await under_review(stack, aftersales, "review-10")
    await aftersales.ok("approve", number)
    await aftersales.reaches(number, "refunded")
    await aftersales.ok("survey", number, "--score", "4", "--comment", "Quick!")
    await aftersales.reaches(number, "4 of 5", "Quick!", "customer-1 (customer)")
    again = await aftersales("survey", number, "--score", "5")
    assert "(survey_answered)" in again.err


async def test_a_message_sent_twice_under_one_id_counts_once(stack: Stack, aftersales: Program) -> None:
    number = await under_review(stack, aftersales, "review-11")
    answers = {(await aftersales.ok("extend", number, "--hours", "2", "--message-id", "m-1")).out for _ in range(2)}
    assert len(answers) == 1
    await aftersales.reaches(number, "(in 2 h")


@pytest.mark.parametrize("role", ["warehouse", "customer"])
async def test_a_role_that_may_not_decide_is_refused_by_the_case(stack: Stack, aftersales: Program, role: str) -> None:
    number = await under_review(stack, aftersales, f"review-as-{role}")
    refused = await aftersales("approve", number, "--role", role)
    assert refused.status == 1
    assert "(role_not_allowed)" in refused.err


async def test_somebody_else_cannot_speak_as_the_customer(stack: Stack, aftersales: Program) -> None:
    number = await under_review(stack, aftersales, "review-12")
    refused = await aftersales("withdraw", number, "--actor", "customer-2")
    assert "(not_your_case)" in refused.err
    await aftersales.reaches(number, "under review")
