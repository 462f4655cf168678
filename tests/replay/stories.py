"""The paths of a case, each as its story; a story gives the status that the case is closed with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from activities.rulings import Action
from activities.types import OutcomeKind, Stage
from aftersales.contract.messages import Appeal, EvidenceSupplied, SurveyAnswer
from aftersales.contract.values import (
    CaseStatus,
    DecisionKind,
    EvidenceRef,
    HandPaymentAct,
    PayoutMethod,
    Role,
    WaitsFor,
)
from storage.portal import PortalStore
from tests.activities.shop import CUSTOMER
from tests.fakes.payments import SUCCESS
from tests.replay.scene import Scene, accepted, outcome

Story = Callable[[Scene], Awaitable[CaseStatus]]

PHOTO: Final = EvidenceRef(sha256="5f" * 32, media_type="image/jpeg", size_bytes=184_320)


async def automatic_refunded(case: Scene) -> CaseStatus:
    await case.apply()
    return CaseStatus.REFUNDED


async def automatic_rejected(case: Scene) -> CaseStatus:
    case.world.policy.says(Action.REJECT, "window_closed")
    await case.apply()
    return CaseStatus.REJECTED


async def unknown_found_by_query(case: Scene) -> CaseStatus:
    case.provider_answers(outcome(OutcomeKind.UNKNOWN, "timeout"))
    case.provider_knows(SUCCESS)
    await case.apply()
    return CaseStatus.REFUNDED


async def pending_then_webhook(case: Scene) -> CaseStatus:
    case.provider_answers(outcome(OutcomeKind.PENDING))
    case.provider_knows(SUCCESS)
    await case.apply()
    await case.hear(Stage.PAYMENT_ON_ITS_WAY)
    await case.pass_time(minutes=10)
    await case.provider_has_news()
    return CaseStatus.REFUNDED


async def reviewed_within_a_day(case: Scene) -> CaseStatus:
    await _under_review(case)
    await case.pass_time(hours=5)
    await case.review(DecisionKind.APPROVE)
    return CaseStatus.REFUNDED


async def reviewed_after_whole_ladder(case: Scene) -> CaseStatus:
    await _under_review(case)
    await case.pass_time(hours=25)
    await case.hear(Stage.REVIEW_ESCALATED)
    await case.review(DecisionKind.APPROVE)
    return CaseStatus.REFUNDED


async def asked_and_answered(case: Scene) -> CaseStatus:
    await _under_review(case)
    await case.pass_time(hours=3)
    await case.decide(DecisionKind.ASK, explanation="Which side did the handle come off?")
    await case.hear(Stage.CUSTOMER_ASKED)
    await case.pass_time(hours=30)
    await _supply_evidence(case)
    await case.hear(Stage.REVIEW_REMINDER)
    await case.pass_time(hours=2)
    await case.decide(DecisionKind.APPROVE)
    return CaseStatus.REFUNDED


async def evidence_supplied(case: Scene) -> CaseStatus:
    case.world.policy.says(Action.ASK_EVIDENCE, "photo_needed")
    await case.apply()
    await case.hear(Stage.EVIDENCE_NEEDED)
    await case.pass_time(days=1)
    case.world.policy.says(Action.APPROVE)
    await _supply_evidence(case)
    return CaseStatus.REFUNDED


async def withdrawn(case: Scene) -> CaseStatus:
    await _under_review(case)
    await case.pass_time(hours=2)
    accepted(await case.world.shop.withdraw(case.number, actor=CUSTOMER, message_id="withdrawal"))
    return CaseStatus.WITHDRAWN


async def rejected_then_appeal_approved(case: Scene) -> CaseStatus:
    case.world.policy.says(Action.REJECT, "window_closed")
    await case.apply()
    await case.hear(Stage.REJECTED)
    await case.pass_time(days=2)
    appeal = Appeal(explanation="The parcel came a week after the day you count from.")
    accepted(await case.world.shop.appeal(case.number, appeal, actor=CUSTOMER, message_id="appeal"))
    await case.hear(Stage.REVIEW_STARTED)
    await case.pass_time(hours=4)
    await case.decide(DecisionKind.APPROVE, Role.SUPERVISOR, "The carrier's record says so.", reason_code="late_parcel")
    return CaseStatus.REFUNDED


async def payment_failed_then_retried(case: Scene) -> CaseStatus:
    case.provider_answers(outcome(OutcomeKind.REJECTED, "expired_or_canceled_card"))
    await case.apply()
    await case.hear(Stage.PAYMENT_FAILED)
    await case.pass_time(hours=6)
    await case.decide(DecisionKind.APPROVE, Role.FINANCE)
    return CaseStatus.REFUNDED


async def payment_failed_then_found_paid(case: Scene) -> CaseStatus:
    case.provider_answers(outcome(OutcomeKind.REJECTED, "expired_or_canceled_card"))
    await case.apply()
    await case.hear(Stage.PAYMENT_FAILED)
    await case.pass_time(hours=6)
    case.provider_knows(SUCCESS)
    await case.provider_has_news()
    return CaseStatus.REFUNDED


async def reversed_within_window(case: Scene) -> CaseStatus:
    await case.apply()
    await case.hear(Stage.REFUNDED)
    await case.pass_time(days=2)
    case.provider_knows(outcome(OutcomeKind.REVERSED, "lost_or_stolen_card"))
    await case.provider_has_news()
    await case.hear(Stage.REVERSED)
    await case.pass_time(hours=6)
    await case.decide(DecisionKind.APPROVE, Role.FINANCE)
    return CaseStatus.REFUNDED


async def reversed_then_sent_elsewhere(case: Scene) -> CaseStatus:
    await case.apply()
    await case.hear(Stage.REFUNDED)
    await case.pass_time(days=2)
    case.provider_knows(outcome(OutcomeKind.REVERSED, "account_closed", elsewhere=True))
    await case.provider_has_news()
    await case.hear(Stage.DESTINATION_NEEDED)
    await case.pass_time(days=8)
    await case.hear(Stage.DESTINATION_REMINDER)
    await case.choose(PayoutMethod.STORE_CREDIT)
    return CaseStatus.REFUNDED


async def paid_by_hand(case: Scene) -> CaseStatus:
    case.provider_answers(outcome(OutcomeKind.REJECTED, "card_closed", elsewhere=True))
    case.provider_knows(outcome(OutcomeKind.REJECTED, "card_closed", elsewhere=True))
    await case.apply()
    await case.hear(Stage.DESTINATION_NEEDED)
    await case.pass_time(hours=5)
    await case.choose(PayoutMethod.WECHAT_PAY, "wxid-of-the-customer")
    await case.hear(Stage.PAY_BY_HAND)
    await case.pass_time(hours=3)
    await case.paid_by_hand(HandPaymentAct.PAID, "finance-1", reference="4200001234")
    await case.pass_time(minutes=20)  # else the second word meets the look that the first one brought about
    await case.paid_by_hand(HandPaymentAct.CONFIRMED, "finance-2")
    return CaseStatus.REFUNDED


async def provider_out_of_reach(case: Scene) -> CaseStatus:
    case.provider_answers(*[outcome(OutcomeKind.RETRY_SAME, "connection_refused")] * 5)
    await case.apply()
    return CaseStatus.REFUNDED


async def needs_merchant(case: Scene) -> CaseStatus:
    case.provider_answers(*[outcome(OutcomeKind.NEEDS_MERCHANT, "balance_insufficient")] * 2)
    await case.apply()
    return CaseStatus.REFUNDED


async def order_unknown_then_known(case: Scene) -> CaseStatus:
    await case.apply(order_known=False)
    await case.wait_for(WaitsFor.SHOP)
    await case.learn_of_the_order()
    return CaseStatus.REFUNDED


async def expired(case: Scene) -> CaseStatus:
    case.world.policy.says(Action.ASK_EVIDENCE, "photo_needed")
    await case.apply()
    return CaseStatus.EXPIRED


async def survey_answered_low(case: Scene) -> CaseStatus:
    await case.apply()
    await case.hear(Stage.REFUNDED)
    await case.pass_time(days=4)
    await case.hear(Stage.SURVEY)
    said = SurveyAnswer(score=1, comment="I had to explain it three times.")
    accepted(await case.world.shop.answer_survey(case.number, said, actor=CUSTOMER, message_id="survey"))
    return CaseStatus.REFUNDED


async def _under_review(case: Scene) -> None:
    case.world.policy.says(Action.REVIEW, "needs_a_person")
    await case.apply()
    await case.hear(Stage.REVIEW_STARTED)


async def _supply_evidence(case: Scene) -> None:
    await PortalStore(case.world.engine).take_evidence(case.number, PHOTO, case.number, datetime.now(UTC))
    photo = EvidenceSupplied(evidence=(PHOTO,), note="The left one.")
    accepted(await case.world.shop.supply_evidence(case.number, photo, actor=CUSTOMER, message_id="photo"))


STORIES: Final[dict[str, Story]] = {
    story.__name__: story
    for story in (
        automatic_refunded,
        automatic_rejected,
        unknown_found_by_query,
        pending_then_webhook,
        reviewed_within_a_day,
        reviewed_after_whole_ladder,
        asked_and_answered,
        evidence_supplied,
        withdrawn,
        rejected_then_appeal_approved,
        payment_failed_then_retried,
        payment_failed_then_found_paid,
        reversed_within_window,
        reversed_then_sent_elsewhere,
        paid_by_hand,
        provider_out_of_reach,
        needs_merchant,
        order_unknown_then_known,
        expired,
        survey_answered_low,
    )
}
