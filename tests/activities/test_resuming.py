"""A case whose workflow was lost goes on where it was; one that is reset meets its own results (R17, P2.7)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.notify import Notifications
from activities.pieces import Findings
from activities.ports import Store
from activities.resuming import review_so_far
from activities.rulings import Action
from activities.types import Intake, Notify, OutcomeKind, Resumed, Stage, Standing, StepResult
from aftersales.contract.messages import EvidenceSupplied, Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode, EvidenceRef, LegState, Role, WaitsFor
from domain.deadlines import DueStep, Ladder, ReviewClock, ReviewStep
from storage.portal import PortalStore
from tests.activities.desk import Desk
from tests.activities.shop import CUSTOMER, NOW, application, cny, start_of
from tests.fakes import FakeClock, FakeLetters, FakeMailer, FakePolicy

START = start_of(application(amount=cny(500)))
FIRST, SECOND = "run-1", "run-2"


async def take_in(desk: Desk, life: str, round_: int = 1) -> StepResult:
    """The intake as the workflow of that life asks for it."""
    desk.number = START.number
    step = Intake(number=START.number, round=round_, now=desk.now, start=START, life=life)
    return await ActivityEnvironment().run(desk.steps.intake, step)


async def take_up(desk: Desk, life: str = SECOND) -> tuple[Standing, Resumed]:
    result = await take_in(desk, life)
    assert result.resumed is not None
    return result.standing, result.resumed


class Post:
    """Sends a stage's letters as the workflow has them sent."""

    def __init__(self, desk: Desk, store: Store, clock: FakeClock) -> None:
        self.mailer = FakeMailer()
        letters = FakeLetters("agents@shop.example")
        self._notifications = Notifications(store, letters, self.mailer, clock, "shop.example")
        self._desk = desk

    async def tell(self, stage: Stage, round_: int = 1) -> None:
        order = Notify(number=self._desk.number, stage=stage, round=round_, now=self._desk.now)
        await ActivityEnvironment().run(self._notifications.notify, order)


@pytest.fixture
def post(desk: Desk, store: Store, clock: FakeClock) -> Post:
    return Post(desk, store, clock)


@pytest.fixture(name="review")
async def case_under_review(desk: Desk, policy: FakePolicy) -> Desk:
    policy.says(Action.REVIEW)
    await take_in(desk, FIRST)
    return desk


async def test_a_reset_meets_the_result_of_its_own_intake(review: Desk) -> None:
    before = await review.case()
    await review.decide(DecisionKind.APPROVE)
    again = await take_in(review, FIRST)
    assert (again.standing.status, again.resumed) == (before.status, None)


async def test_a_new_workflow_is_given_the_case_as_it_stands_and_the_rounds_that_are_used_up(review: Desk) -> None:
    await review.decide(DecisionKind.EXTEND, handling_hours=5)
    await review.decide(DecisionKind.APPROVE)
    await review.pay(OutcomeKind.UNKNOWN)
    standing, lost = await take_up(review)
    assert (standing.status, standing.legs[0].state) == (CaseStatus.PAYING, LegState.CONFIRMING)
    assert lost.rounds == {"intake": 1, "record_message": 2, "record_payment": 3}
    assert (lost.came_from, lost.opened_at) == (CaseStatus.UNDER_REVIEW, NOW)
    assert (await review.actions())[-1] == "taken_up"


async def test_a_reset_of_the_new_workflow_meets_the_same_rounds_again(review: Desk) -> None:
    """Else its messages would ask for other rounds than before, and be heard as new ones."""
    first = await take_in(review, SECOND)
    await review.decide(DecisionKind.APPROVE)
    assert await take_in(review, SECOND) == first


async def test_a_second_loss_is_survived_like_the_first(review: Desk) -> None:
    await take_up(review)
    await review.decide(DecisionKind.APPROVE)
    standing, lost = await take_up(review, "run-3")
    assert standing.status is CaseStatus.PAYING
    assert lost.rounds["record_message"] == 1


async def test_a_case_that_waits_for_the_shop_goes_on_looking_up_under_rounds_of_its_own(desk: Desk) -> None:
    start = start_of(application(order_id="order-2"))
    desk.number = start.number
    looking = [Intake(number=start.number, round=n, now=desk.now, start=start, life=FIRST) for n in (1, 2)]
    for step in looking:
        assert (await ActivityEnvironment().run(desk.steps.intake, step)).look_again
    taken = await ActivityEnvironment().run(desk.steps.intake, looking[0].model_copy(update={"life": SECOND}))
    assert taken.resumed is not None
    assert (taken.standing.waits_for, taken.resumed.rounds) == (WaitsFor.SHOP, {"intake": 2})
    third = looking[0].model_copy(update={"life": SECOND, "round": 3})
    assert (await ActivityEnvironment().run(desk.steps.intake, third)).look_again


async def test_what_was_told_of_the_present_status_is_known_and_earlier_letters_only_counted(
    review: Desk, post: Post
) -> None:
    await post.tell(Stage.REVIEW_STARTED)
    review.later(hours=1)
    await review.decide(DecisionKind.ASK, explanation="Which seam?")
    await post.tell(Stage.CUSTOMER_ASKED)
    _, lost = await take_up(review)
    assert lost.told == (Stage.CUSTOMER_ASKED,)
    assert lost.letters == {Stage.REVIEW_STARTED: 1, Stage.CUSTOMER_ASKED: 1}
    assert lost.since == review.now


async def test_letters_that_were_written_and_are_not_out_are_sent_by_the_new_workflow(review: Desk, post: Post) -> None:
    post.mailer.down.add("agents@shop.example")
    with pytest.raises(ConnectionError):
        await post.tell(Stage.REVIEW_STARTED)
    _, lost = await take_up(review)
    post.mailer.down.clear()
    assert lost.unsent == ((Stage.REVIEW_STARTED, 1),)
    await post.tell(*lost.unsent[0])
    assert [mail.stage for mail in post.mailer.sent] == [Stage.REVIEW_STARTED] * 2
    assert (await take_up(review, "run-3"))[1].unsent == ()


async def test_a_case_with_evidence_says_so_for_the_check_of_it_may_be_lost_too(review: Desk) -> None:
    photo = EvidenceRef(sha256="a" * 64, media_type="image/jpeg", size_bytes=2048)
    uploads = PortalStore(review.engine)
    await uploads.take_evidence("any", photo, "ticket", NOW, customer_id=CUSTOMER, findings=Findings())
    assert not (await take_up(review))[1].evidence
    await review.decide(DecisionKind.ASK, explanation="Which seam?")
    await review.say(EvidenceSupplied(evidence=(photo,)))
    assert (await take_up(review, "run-3"))[1].evidence


async def test_the_agents_clock_goes_on_as_if_nothing_had_happened(review: Desk, post: Post) -> None:
    review.later(hours=20)
    await post.tell(Stage.REVIEW_REMINDER)
    review.later(hours=1)
    await review.decide(DecisionKind.EXTEND, handling_hours=10)
    await post.tell(Stage.HANDLING_TIME)
    await review.decide(DecisionKind.ASK, explanation="Which seam?")
    review.later(hours=30)
    await review.say(EvidenceSupplied(note="The left one."))
    _, lost = await take_up(review)
    paused = ReviewClock(started_at=NOW, paused_seconds=30 * 3600, extended_seconds=10 * 3600)
    assert (lost.review, lost.review_steps_done) == (paused, 1)


async def test_an_extension_after_the_deadline_counts_from_its_own_moment_and_leads_to_the_escalation_again(
    review: Desk, post: Post
) -> None:
    for hours, stage in ((20, Stage.REVIEW_REMINDER), (23, Stage.HANDLING_TIME), (24, Stage.REVIEW_ESCALATED)):
        review.now = NOW + timedelta(hours=hours)
        await post.tell(stage)
    review.now = NOW + timedelta(hours=30)
    await review.decide(DecisionKind.EXTEND, handling_hours=2)
    _, lost = await take_up(review)
    assert lost.review is not None
    step = lost.review.next_step(Ladder(), lost.review_steps_done)
    assert step == DueStep(step=ReviewStep.ESCALATION, due_at=NOW + timedelta(hours=32))


async def test_a_case_is_not_reviewed_any_more_once_it_was_decided(review: Desk, post: Post) -> None:
    review.later(hours=20)
    await post.tell(Stage.REVIEW_REMINDER)
    await review.decide(DecisionKind.REJECT, role=Role.SUPERVISOR, explanation="Worn.")
    _, lost = await take_up(review)
    assert (lost.review, lost.review_steps_done) == (None, 0)


async def test_a_closed_case_is_taken_up_as_closed(review: Desk) -> None:
    await review.decide(DecisionKind.REJECT, explanation="Worn.")
    await review.elapse("closed")
    assert (await take_up(review))[1].closed


@pytest.mark.parametrize(("told_after_hours", "climbed"), [((20,), 1), ((20, 23, 24, 48), 4), ((5,), 0), ((5, 20), 1)])
async def test_only_letters_that_were_due_count_as_steps_of_the_ladder(
    review: Desk, post: Post, told_after_hours: tuple[int, ...], climbed: int
) -> None:
    """A reminder after five hours told another group that the case was handed to it."""
    stages = {5: Stage.REVIEW_REMINDER, 20: Stage.REVIEW_REMINDER, 23: Stage.HANDLING_TIME}
    for round_, hours in enumerate(told_after_hours, start=1):
        review.now = NOW + timedelta(hours=hours)
        await post.tell(stages.get(hours, Stage.REVIEW_ESCALATED), round_)
    _, lost = await take_up(review)
    assert lost.review_steps_done == climbed


def test_a_log_without_a_review_has_no_clock() -> None:
    assert review_so_far([], Ladder()) == (None, 0)


# --- a reset meets its own results, though the world answers otherwise by now ------------------------------


async def test_a_reset_whose_provider_says_more_by_now_goes_through_what_was_recorded(desk: Desk) -> None:
    await desk.apply(application(amount=cny(500)))
    first = desk._round
    await desk.pay(OutcomeKind.PENDING)
    await desk.pay(OutcomeKind.SUCCEEDED, reference="re_1")
    before = await desk.balances()
    desk._round = first
    assert (await desk.pay(OutcomeKind.SUCCEEDED, reference="re_1")).status is CaseStatus.PAYING
    assert (await desk.pay(OutcomeKind.SUCCEEDED, reference="re_1")).status is CaseStatus.REFUNDED
    assert await desk.balances() == before


async def test_a_reset_whose_provider_cannot_be_reached_learns_the_end_that_was_recorded(desk: Desk) -> None:
    await desk.apply(application(amount=cny(500)))
    first = desk._round
    await desk.pay(OutcomeKind.SUCCEEDED)
    desk._round = first
    assert (await desk.pay(OutcomeKind.UNKNOWN, code="timeout")).status is CaseStatus.REFUNDED


async def test_a_reset_after_the_shops_last_look_meets_its_own_looks(desk: Desk) -> None:
    start = start_of(application(order_id="order-2"))
    look = Intake(number=start.number, round=1, now=desk.now, start=start)
    assert (await ActivityEnvironment().run(desk.steps.intake, look)).look_again
    late = look.model_copy(update={"now": desk.later(days=1), "last_look": True})
    assert (await ActivityEnvironment().run(desk.steps.intake, late)).look_again, "the round after it is the last look"


async def test_a_reset_that_has_room_for_a_message_that_had_none_gives_the_answer_of_then(desk: Desk) -> None:
    await desk.apply(application(amount=cny(500)))
    said = desk.signed(Withdrawal())
    first = desk._round
    refused = await desk.record(said, refusal=ErrorCode.TOO_LATE)
    desk._round = first
    assert await desk.record(said) == refused


async def test_another_payment_under_the_same_round_is_an_error_for_good(desk: Desk) -> None:
    await desk.apply()
    first = desk._round
    await desk.pay(OutcomeKind.SUCCEEDED, leg=1)
    desk._round = first
    with pytest.raises(ApplicationError, match="was done with another input"):
        await desk.pay(OutcomeKind.SUCCEEDED, leg=2)
