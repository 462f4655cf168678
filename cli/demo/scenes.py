"""The scenes: one for each path of the process, with what must come of it."""

from __future__ import annotations

from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode, Language, LegState, Reason, Role
from cli.demo.cast import Cast
from cli.demo.money_scenes import MONEY_SCENES
from cli.demo.scene import BACK, COAT, LAMP, MUG, PIANO, PLATE, Goods, Part, Scene


async def photo(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.NEEDS_EVIDENCE)
    await cast.photograph(part.number, part.customer_id)


async def nobody_decides_for_a_day(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.UNDER_REVIEW)
    await cast.told(part.number, "review_escalated")
    await cast.review(part.number, DecisionKind.APPROVE)


async def asks_and_approves_part(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.UNDER_REVIEW)
    await cast.decide(part.number, DecisionKind.ASK, explanation="Which of the two does not fit?")
    await cast.reach(part.number, CaseStatus.AWAITING_CUSTOMER)
    await cast.photograph(part.number, part.customer_id)
    await cast.reach(part.number, CaseStatus.UNDER_REVIEW)
    await cast.decide(part.number, DecisionKind.APPROVE_PART, items=[{"line_id": "1", "quantity": 1}])


async def rejects(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.UNDER_REVIEW)
    await cast.decide(
        part.number, DecisionKind.REJECT, reason_code="as_ordered", explanation="The item sent is the one ordered."
    )


async def changes_their_mind(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.UNDER_REVIEW)
    await cast.withdraw(part.number, part.customer_id)


async def appeals_and_wins(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.REJECTED)
    await cast.appeal(part.number, part.customer_id, "The parcel lay at the neighbour's for two weeks.")
    await cast.reach(part.number, CaseStatus.UNDER_REVIEW)
    why = {"reason_code": "goodwill", "explanation": "The neighbour confirms it."}
    await cast.decide(part.number, DecisionKind.APPROVE, Role.SUPERVISOR, **why)


async def answer_is_lost(cast: Cast, part: Part) -> None:
    await cast.next_call("execute_then_drop", part.charge)


async def answer_comes_later(cast: Cast, part: Part) -> None:
    await cast.next_call("pending", part.charge)


async def finishes_later(cast: Cast, part: Part) -> None:
    await cast.leg_is(part.number, LegState.PENDING)
    await cast.finish_refund(part.charge)


async def merchant_is_broke(cast: Cast, _part: Part) -> None:
    await cast.merchant_balance("hkd", 0)


async def merchant_pays_in(cast: Cast, part: Part) -> None:
    await cast.leg_is(part.number, LegState.BLOCKED)
    await cast.merchant_balance("hkd", None)


async def bank_disputes(cast: Cast, part: Part) -> None:
    await cast.dispute(part.charge)


async def nobody_refunds_a_disputed_payment(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.UNDER_REVIEW)
    await cast.refused(part.number, ErrorCode.CHARGEBACK_OPEN, DecisionKind.APPROVE, Role.SUPERVISOR)
    await cast.settle_dispute(part.charge)
    await cast.decide(part.number, DecisionKind.APPROVE)


async def one_card_is_closed(cast: Cast, part: Part) -> None:
    await cast.leg_is(part.number, LegState.PENDING)
    await cast.finish_refund(part.charge, "fail")
    await finance_gives_up(cast, part)


async def two_people_agree(cast: Cast, part: Part) -> None:
    why = {"reason_code": "wrong_item", "explanation": "The warehouse confirms it."}
    await cast.reach(part.number, CaseStatus.UNDER_REVIEW)
    await cast.refused(part.number, ErrorCode.CEILING_EXCEEDED, DecisionKind.APPROVE, Role.AGENT, **why)
    await cast.decide(part.number, DecisionKind.APPROVE, Role.SUPERVISOR, **why)
    await cast.refused(part.number, ErrorCode.SAME_PERSON, DecisionKind.APPROVE, Role.SUPERVISOR, **why)
    await cast.decide(part.number, DecisionKind.APPROVE, Role.FINANCE, **why)


async def finance_gives_up(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.PAYMENT_FAILED)
    await cast.decide(
        part.number, DecisionKind.REJECT, Role.FINANCE, explanation="Your bank returns this payment by itself."
    )


async def bank_takes_it_back(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.REFUNDED)
    await cast.reverse_refund(part.charge)
    await cast.reach(part.number, CaseStatus.PAYMENT_FAILED)
    await cast.decide(part.number, DecisionKind.APPROVE, Role.FINANCE)


async def complains_in_the_survey(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.REFUNDED)
    await cast.answer_survey(part.number, 1, "Took too long.")


SCENES: tuple[Scene, ...] = (
    Scene("back", "approved by rule", MUG, Reason.CHANGED_MIND, CaseStatus.REFUNDED, BACK, language=Language.ZH_CN),
    Scene(
        "yen",
        "approved by rule, no minor units",
        Goods("湯呑 Cup", 1_800),
        Reason.WRONG_SIZE,
        CaseStatus.REFUNDED,
        BACK,
        currency="JPY",
    ),
    Scene(
        "two-cards",
        "paid with two cards, refunded to each",
        LAMP,
        Reason.NOT_AS_DESCRIBED,
        CaseStatus.REFUNDED,
        {**BACK, "quantity": 2},
        paid_by=("stripe", "stripe"),
        second_minor=10_000,
    ),
    Scene(
        "final-sale",
        "rejected by rule",
        Goods("清仓 Clearance plate", 2_500, final_sale=True),
        Reason.CHANGED_MIND,
        CaseStatus.REJECTED,
    ),
    Scene(
        "not-theirs", "somebody else's order", MUG, Reason.CHANGED_MIND, CaseStatus.REJECTED, BACK, somebody_elses=True
    ),
    Scene(
        "photo",
        "evidence asked for and supplied",
        MUG,
        Reason.QUALITY_PROBLEM,
        CaseStatus.REFUNDED,
        play=photo,
        language=Language.ZH_CN,
    ),
    Scene(
        "keep-it",
        "a fault of little worth: refunded, the goods stay",
        PLATE,
        Reason.DAMAGED_IN_TRANSIT,
        CaseStatus.REFUNDED,
        play=photo,
    ),
    Scene(
        "two-people",
        "a large amount: two people have to agree",
        PIANO,
        Reason.WRONG_ITEM,
        CaseStatus.REFUNDED,
        play=two_people_agree,
    ),
    Scene("no-photo", "evidence never came", MUG, Reason.DAMAGED_IN_TRANSIT, CaseStatus.EXPIRED),
    Scene(
        "ladder",
        "nobody answered for 24 hours",
        COAT,
        Reason.WRONG_ITEM,
        CaseStatus.REFUNDED,
        play=nobody_decides_for_a_day,
    ),
    Scene(
        "asked",
        "the reviewer asked, then approved part",
        LAMP,
        Reason.WRONG_SIZE,
        CaseStatus.REFUNDED,
        {"quantity": 2},
        play=asks_and_approves_part,
    ),
    Scene("rejected", "rejected by a person", LAMP, Reason.WRONG_ITEM, CaseStatus.REJECTED, play=rejects),
    Scene(
        "withdrawn", "withdrawn under review", COAT, Reason.CHANGED_MIND, CaseStatus.WITHDRAWN, play=changes_their_mind
    ),
    Scene(
        "appeal",
        "rejected by rule, appealed, approved",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        play=appeals_and_wins,
        delivered_days_ago=20,
    ),
    Scene(
        "lost-answer",
        "the provider's answer was lost",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        before=answer_is_lost,
    ),
    Scene(
        "later",
        "the provider answered later",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        before=answer_comes_later,
        play=finishes_later,
    ),
    Scene(
        "balance",
        "the merchant's balance was empty",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        before=merchant_is_broke,
        play=merchant_pays_in,
        currency="HKD",
    ),
    Scene(
        "dispute",
        "disputed at the bank: refused until that is over",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        before=bank_disputes,
        play=nobody_refunds_a_disputed_payment,
    ),
    Scene(
        "one-of-two",
        "two cards, one of them closed",
        LAMP,
        Reason.NOT_AS_DESCRIBED,
        CaseStatus.PARTLY_REFUNDED,
        {**BACK, "quantity": 2},
        before=answer_comes_later,
        play=one_card_is_closed,
        paid_by=("stripe", "stripe"),
        second_minor=10_000,
    ),
    Scene(
        "reversed",
        "reversed by the bank, paid again",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        play=bank_takes_it_back,
    ),
    Scene(
        "survey",
        "a low score in the survey",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        play=complains_in_the_survey,
    ),
    *MONEY_SCENES,
)
