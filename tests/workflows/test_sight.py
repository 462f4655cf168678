"""What ops see of a case in the Web UI: what it waits for, who must act and until when (P2.7), and at what price."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle
from temporalio.worker import Worker

from activities.types import Leg, OutcomeKind, Stage, Standing
from aftersales import connect
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import Decision, EvidenceSupplied, PaymentChanged
from aftersales.contract.values import (
    AmountKind,
    AmountLine,
    BreakDown,
    CaseKind,
    CaseStatus,
    Channel,
    DecisionKind,
    LegState,
    Money,
    Reason,
    WaitsFor,
)
from aftersales.contract.views import ApprovalView, LegView, VerdictView
from cli.servers.dev_server import DevServer
from tests.workflows.conftest import Begin, Running
from tests.workflows.showing import OPENED, START, Scene, Scenes, Showing
from tests.workflows.world import World, outcome
from workflows import sight

DUE = datetime(2026, 3, 9, 9, 5, tzinfo=UTC)
AMOUNT = Money(minor=123_450, currency="CNY")
VERDICT = VerdictView(action="approve", policy_hash="0123456789abcdef" * 4, row="small-amount")
LEG = Leg(leg=1, attempt=2, provider="stripe", provider_number="N-1-2", amount=AMOUNT, state=LegState.PENDING)

# --- the current details ----------------------------------------------------------------------------------


def lines(standing: Standing, waiting: str = "", due_at: datetime | None = None) -> list[str]:
    return sight.details(START, standing, OPENED, waiting, due_at).split("  \n")


@pytest.mark.parametrize("status", list(CaseStatus))
def test_in_every_status_the_details_begin_with_what_who_and_until_when(status: CaseStatus) -> None:
    standing = Standing(status=status, waits_for=WaitsFor.AGENT)
    first, _, *answers = lines(standing, "a reviewer's decision", DUE)[:5]
    assert first == f"**{status.value.replace('_', ' ').capitalize()}** · application {START.number}"
    assert answers == [
        "**Waits for:** a reviewer's decision",
        "**Who must act:** agent",
        "**Until:** 2026-03-09 09:05 UTC",
    ]


def test_a_case_at_work_says_that_nobody_has_to_do_anything() -> None:
    told = lines(Standing(status=CaseStatus.PAYING))
    assert told[2:5] == ["**Waits for:** nothing, it is at work", "**Who must act:** nobody", "**Until:** no deadline"]


STAFF = (WaitsFor.AGENT, WaitsFor.SUPERVISOR, WaitsFor.FINANCE)


@pytest.mark.parametrize("party", STAFF)
def test_staff_who_must_act_are_named_with_the_group_it_was_handed_to(party: WaitsFor) -> None:
    standing = Standing(status=CaseStatus.UNDER_REVIEW, waits_for=party, assignee="electronics")
    assert lines(standing)[3] == f"**Who must act:** {party.value} (electronics)"
    assert lines(standing.model_copy(update={"assignee": party.value}))[3] == f"**Who must act:** {party.value}"


@pytest.mark.parametrize("party", [party for party in WaitsFor if party not in STAFF])
def test_a_party_outside_the_shop_has_no_group(party: WaitsFor) -> None:
    standing = Standing(status=CaseStatus.AWAITING_CUSTOMER, waits_for=party, assignee="agents")
    assert lines(standing)[3] == f"**Who must act:** {party.value}"


def test_free_text_stays_on_its_line() -> None:
    standing = Standing(
        status=CaseStatus.UNDER_REVIEW,
        waits_for=WaitsFor.AGENT,
        assignee="jewel\u2028lery  \n**Until:** never",
        reason_code="see\r\n\r\n# below",
    )
    told = lines(standing)
    assert told[3] == r"**Who must act:** agent (jewel lery \*\*Until:\*\* never)"
    assert told[-1] == "Reason see # below"
    assert "\n" not in told[3] + told[-1]


@pytest.mark.parametrize(
    ("written", "shown_as"),
    [
        ("[pay](https://shop.example)", r"\[pay\](https\://shop.example)"),
        ("<img src=x>", r"\<img src=x\>"),
        ("_very_ `odd` ~~x~~ &lt;", r"\_very\_ \`odd\` \~\~x\~\~ \&lt;"),
        ("back\\slash", r"back\\slash"),
        ("expired_or_canceled_card", "expired_or_canceled_card"),
        ("尺寸_不符", "尺寸_不符"),
    ],
)
def test_what_looks_like_markdown_is_shown_as_it_was_written(written: str, shown_as: str) -> None:
    assert lines(Standing(status=CaseStatus.REJECTED, reason_code=written))[-1] == f"Reason {shown_as}"


def test_below_stand_the_order_the_money_and_the_rule_that_decided() -> None:
    done = LEG.model_copy(update={"state": LegState.SUCCEEDED, "provider_reference": "re_1"})
    failed = LEG.model_copy(update={"state": LegState.FAILED, "attempt": 1, "failure_code": "charge_disputed"})
    standing = Standing(
        status=CaseStatus.REFUNDED, amount=AMOUNT, legs=(failed, done), verdict=VERDICT, reason_code="wrong_item"
    )
    assert lines(standing)[6:] == [
        "Order SO-1 · wrong item · opened 2026-03-08 09:05 UTC",
        "Amount 1234.50 CNY",
        "Leg 1 by stripe: 1234.50 CNY failed, number N-1-2, charge_disputed",
        "Leg 1 by stripe: 1234.50 CNY succeeded, number N-1-2, re_1",
        "Policy 0123456789ab, row small-amount",
        "Reason wrong_item",
    ]


def test_what_is_not_known_yet_takes_no_line() -> None:
    assert lines(Standing(status=CaseStatus.RECEIVED))[6:] == ["Order SO-1 · wrong item · opened 2026-03-08 09:05 UTC"]


def test_amounts_have_as_many_places_as_their_currency() -> None:
    yen, dinar = Money(minor=1234, currency="JPY"), Money(minor=1234, currency="KWD")
    assert lines(Standing(status=CaseStatus.PAYING, amount=yen))[-1] == "Amount 1234 JPY"
    assert lines(Standing(status=CaseStatus.PAYING, amount=dinar))[-1] == "Amount 1.234 KWD"


# --- the view ---------------------------------------------------------------------------------------------


def test_the_view_carries_everything_a_caller_may_see() -> None:
    break_down = BreakDown(lines=(AmountLine(kind=AmountKind.GOODS, amount_minor=AMOUNT.minor),), total=AMOUNT)
    leg = LEG.model_copy(update={"provider_reference": "re_1", "trace": "arn", "failure_code": "late"})
    standing = Standing(
        status=CaseStatus.REFUNDED,
        waits_for=WaitsFor.PROVIDER,
        amount=AMOUNT,
        break_down=break_down,
        legs=(leg,),
        verdict=VERDICT,
        reason_code="wrong_item",
        explanation="the other mug",
        appealed=True,
        approvals=(ApprovalView(actor="wang", role="supervisor", at=OPENED),),
        claimed_by="wang",
        claimed_until=DUE,
    )
    seen = sight.view(START, standing, OPENED, "the provider", DUE, closed=True)
    shown = LegView(
        provider="stripe",
        provider_number="N-1-2",
        state=LegState.PENDING,
        amount=AMOUNT,
        provider_reference="re_1",
        trace="arn",
        failure_code="late",
    )
    assert (seen.number, seen.order_id, seen.customer_id) == (START.number, "SO-1", "c-1")
    assert (seen.kind, seen.reason, seen.channel) == (CaseKind.REFUND_ONLY, Reason.WRONG_ITEM, Channel.PHONE)
    assert (seen.status, seen.waits_for, seen.waiting) == (CaseStatus.REFUNDED, WaitsFor.PROVIDER, "the provider")
    assert (seen.opened_at, seen.due_at, seen.closed) == (OPENED, DUE, True)
    assert (seen.amount, seen.break_down, seen.legs, seen.verdict) == (AMOUNT, break_down, (shown,), VERDICT)
    assert (seen.reason_code, seen.explanation, seen.appealed) == ("wrong_item", "the other mug", True)
    assert (seen.approvals, seen.claimed_by, seen.claimed_until) == (standing.approvals, "wang", DUE)
    assert not [name for name in seen.model_fields_set if getattr(seen, name) in (None, "", ())], "a field is left out"


# --- search attributes --------------------------------------------------------------------------------------


async def upserts(handle: WorkflowHandle[Any, Any]) -> list[dict[str, object]]:
    """What each upsert wrote, by attribute; None takes a value away."""
    written: list[dict[str, object]] = []
    async for event in handle.fetch_history_events():
        if event.HasField("upsert_workflow_search_attributes_event_attributes"):
            fields = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
            written.append({name: json.loads(payload.data or b"null") for name, payload in fields.items()})
    return written


async def shown(dev_server: DevServer, *scenes: Scene) -> list[dict[str, object]]:
    client, name = await connect(address=dev_server.address), uuid.uuid4().hex
    async with Worker(client, task_queue=name, workflows=[Showing], workflow_failure_exception_types=[Exception]):
        handle = await client.start_workflow(Showing.run, Scenes(scenes=scenes), id=name, task_queue=name)
        await handle.result()
    return await upserts(handle)


REVIEW = Scene(standing=Standing(status=CaseStatus.UNDER_REVIEW, waits_for=WaitsFor.AGENT, amount=AMOUNT), due_at=DUE)


async def test_a_case_that_shows_itself_unchanged_pays_for_no_upsert(dev_server: DevServer) -> None:
    told = REVIEW.model_copy(update={"standing": REVIEW.standing.model_copy(update={"explanation": "more words"})})
    assert len(await shown(dev_server, REVIEW, REVIEW, told)) == 1


async def test_one_upsert_writes_what_changed_and_takes_away_what_is_over(dev_server: DevServer) -> None:
    paying = Standing(status=CaseStatus.PAYING, waits_for=WaitsFor.PROVIDER, amount=AMOUNT, legs=(LEG,))
    first, second = await shown(dev_server, REVIEW, Scene(standing=paying, due_at=DUE))
    due = datetime.fromisoformat(str(first.pop("ReviewDeadline")))
    assert due == DUE
    assert first == {"CaseStatus": "under_review", "CaseAssignee": "agent", "AmountMinor": AMOUNT.minor}
    assert second == {
        "CaseStatus": "paying",
        "CaseAssignee": "provider",
        "PaymentProvider": "stripe",
        "ReviewDeadline": None,
    }


async def test_only_a_review_has_a_review_deadline(dev_server: DevServer) -> None:
    scenes = [Scene(standing=Standing(status=status), due_at=DUE) for status in CaseStatus]
    deadline: object = None
    for status, written in zip(CaseStatus, await shown(dev_server, *scenes), strict=True):
        deadline = written.get("ReviewDeadline", deadline)
        reviewed = status in (CaseStatus.UNDER_REVIEW, CaseStatus.AWAITING_CUSTOMER)
        assert (deadline is not None) is reviewed, status


async def test_a_case_is_found_by_the_provider_it_tried_last(dev_server: DevServer) -> None:
    again = LEG.model_copy(update={"attempt": 3, "provider": "bank"})
    first, second = (Standing(status=CaseStatus.PAYING, legs=legs) for legs in ((LEG,), (LEG, again)))
    [_, changed] = await shown(dev_server, Scene(standing=first), Scene(standing=second))
    assert changed == {"PaymentProvider": "bank"}


async def test_a_named_group_is_found_by_its_name(dev_server: DevServer) -> None:
    handed = REVIEW.standing.model_copy(update={"assignee": "electronics"})
    [_, second] = await shown(dev_server, REVIEW, Scene(standing=handed, due_at=DUE))
    assert second == {"CaseAssignee": "electronics"}


# --- a whole case -------------------------------------------------------------------------------------------


async def on_screen(case: Running) -> list[str]:
    """What, who and until when, as the Web UI shows it now."""
    metadata: WorkflowMetadata = await case.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    told: list[str] = metadata.current_details.split("  \n")
    return [line.partition("** ")[2] for line in told[2:5]]


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


async def test_through_a_whole_case_the_screen_answers_and_each_stage_costs_one_upsert(begin: Begin) -> None:
    slow = outcome(OutcomeKind.PENDING)
    case = await begin(World(assessed=CaseStatus.UNDER_REVIEW).script(submits=[slow]))
    opened = (await case.reach(CaseStatus.UNDER_REVIEW)).opened_at
    assert await on_screen(case) == ["a reviewer's decision", "agent", moment(opened + timedelta(hours=24))]

    await case.decide(DecisionKind.HAND_OVER, hand_to="electronics")
    assert (await on_screen(case))[1] == "agent (electronics)"
    await case.decide(DecisionKind.ASK, explanation="which seam?")
    what, who, _ = await on_screen(case)
    assert (what, who) == ("the customer's answer to the reviewer", "customer")

    await case.handle.execute_update(RefundCaseHandle.supply_evidence, EvidenceSupplied(note="the left one"))
    await case.handle.signal(RefundCaseHandle.review, Decision(kind=DecisionKind.APPROVE))
    await case.hears(Stage.PAYMENT_ON_ITS_WAY)
    what, who, until = await on_screen(case)
    assert (what, who) == ("the payment provider to finish", "provider")
    assert until != "no deadline"

    await case.handle.signal(RefundCaseHandle.payment_changed, PaymentChanged(provider="stripe"))
    closes = (await case.reach(CaseStatus.REFUNDED)).due_at
    assert closes is not None
    assert await on_screen(case) == ["nobody; its windows are still open", "nobody", moment(closes)]
    await case.result()
    written = [upsert.get("CaseStatus") for upsert in await upserts(case.handle)]
    assert written == ["under_review", None, "awaiting_customer", "under_review", "paying", "refunded"]


async def test_the_climb_of_the_ladder_costs_one_upsert_when_it_changes_hands(begin: Begin) -> None:
    case = await begin(World(assessed=CaseStatus.UNDER_REVIEW))
    await case.reach(CaseStatus.UNDER_REVIEW)
    await case.pass_time(hours=73)
    assert (await on_screen(case))[:2] == ["a reviewer's decision", "supervisor (supervisors)"]
    changes = (await upserts(case.handle))[1:]
    assert [upsert.get("CaseAssignee") for upsert in changes] == ["supervisors"]
