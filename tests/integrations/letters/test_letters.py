import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from activities.ports import Letter, Letters
from activities.types import TO_BE_CONFIRMED, Notify, Stage
from aftersales.contract.values import Language, LegState
from aftersales.contract.views import VerdictView
from integrations.letters.audience import AUDIENCES, Audience
from tests.integrations.letters.cases import (
    ACCOUNT,
    DUE,
    LINKS,
    NOW,
    NUMBER,
    a_case,
    a_leg,
    by_hand,
    case_at,
    letters,
    stranded,
    usd,
)

LEGS = {
    Stage.REFUNDED: a_leg(LegState.SUCCEEDED),
    Stage.PAYMENT_CONFIRMING: a_leg(LegState.CONFIRMING),
    Stage.PAYMENT_ON_ITS_WAY: a_leg(LegState.PENDING),
    Stage.PAYMENT_BLOCKED: a_leg(LegState.BLOCKED),
    Stage.PAYMENT_FAILED: a_leg(LegState.FAILED),
    Stage.REVERSED: a_leg(LegState.REVERSED),
    Stage.DESTINATION_NEEDED: stranded(),
    Stage.DESTINATION_REMINDER: stranded(),
    Stage.PAY_BY_HAND: by_hand(),
    Stage.CONFIRM_BY_HAND: by_hand(failure_code=TO_BE_CONFIRMED),
}
MUST_SAY: dict[Stage, tuple[str, str]] = {
    Stage.RECEIVED: ("质量问题", "quality problem"),
    Stage.EVIDENCE_NEEDED: ("2026年11月24日 17:30", "24 November 2026, 17:30"),
    Stage.REVIEW_STARTED: ("2026年11月24日 17:30（GMT+08:00）", "24 November 2026, 17:30 (GMT+08:00)"),
    Stage.HANDLING_TIME: ("2026年11月24日 17:30", "24 November 2026, 17:30"),
    Stage.CUSTOMER_ASKED: ("> Which side of the lamp flickers?", "> Which side of the lamp flickers?"),
    Stage.APPROVED: ("US$1,234.50", "$1,234.50"),
    Stage.REJECTED: ("30 天内申诉一次", "appeal once within 30 days"),
    Stage.WITHDRAWN: ("没有发生任何退款", "No money was paid back"),
    Stage.EXPIRED: ("没有在期限内收到", "did not receive"),
    Stage.PAYMENT_CONFIRMING: ("正在核实", "are confirming"),
    Stage.PAYMENT_ON_ITS_WAY: ("尚未确认", "has not confirmed it yet"),
    Stage.PAYMENT_FAILED: ("无需重新申请", "no need to apply again"),
    Stage.REFUNDED: ("re_0001", "re_0001"),
    Stage.REVERSED: ("被退回", "came back"),
    Stage.DESTINATION_NEEDED: ("https://care.shop.example/payout/k1.", "https://care.shop.example/payout/k1."),
    Stage.DESTINATION_REMINDER: ("https://care.shop.example/payout/k1.", "https://care.shop.example/payout/k1."),
    Stage.SURVEY: ("https://care.shop.example/survey/k1.", "https://care.shop.example/survey/k1."),
    Stage.SURVEY_REMINDER: ("https://care.shop.example/survey/k1.", "https://care.shop.example/survey/k1."),
}
STAFF_MUST_SAY: dict[Stage, tuple[str, str]] = {
    Stage.REVIEW_STARTED: ("请在 2026年11月24日 17:30", "answer before 24 November 2026, 17:30"),
    Stage.REVIEW_REMINDER: ("仍未答复", "no answer yet"),
    Stage.REVIEW_ESCALATED: ("已升级给主管", "has come to you"),
    Stage.SECOND_APPROVAL: ("两位不同的同事", "two different people"),
    Stage.PAYMENT_BLOCKED: ("商户侧受阻", "blocked on our side"),
    Stage.PAYMENT_FAILED: ("card_gone", "card_gone"),
    Stage.REVERSED: ("账目已冲正", "ledger is balanced"),
    Stage.PAY_BY_HAND: (f"aftersales payout reveal {NUMBER}", f"aftersales payout reveal {NUMBER}"),
    Stage.CONFIRM_BY_HAND: ("请勿重复付款", "Do not pay it again"),
    Stage.LOW_SCORE: ("1 分", "1 out of 5"),
}


def telling(stage: Stage, due_at: datetime | None = None, *, approves: bool = False) -> Notify:
    return Notify(number=NUMBER, stage=stage, round=1, now=NOW, due_at=due_at, approves=approves)


def compose(
    stage: Stage, language: Language = Language.EN, changes: Mapping[str, object] | None = None
) -> dict[str, Letter]:
    """The stage's letters by recipient; staff read the same language here."""
    legs = (LEGS[stage],) if stage in LEGS else ()
    case = case_at(stage, language, changes)
    written = letters(staff_language=language).compose(telling(stage, DUE), case, ACCOUNT, legs)
    return {letter.recipient: letter for letter in written}


def to_customer(stage: Stage, language: Language = Language.EN, **changes: object) -> str:
    return compose(stage, language, changes)[ACCOUNT.email].body


def verdict(action: str) -> VerdictView:
    return VerdictView(action=action, policy_hash="h", row="r")


def test_the_letters_are_what_the_activities_ask_for() -> None:
    port: Letters = letters()
    assert port is not None


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("stage", Stage)
def test_every_stage_reaches_its_readers_and_says_what_it_must(stage: Stage, language: Language) -> None:
    written = compose(stage, language)
    assert len(written) == len(AUDIENCES[stage])
    place = 0 if language is Language.ZH_CN else 1
    for recipient, letter in written.items():
        demanded = MUST_SAY if recipient == ACCOUNT.email else STAFF_MUST_SAY
        assert demanded[stage][place] in letter.body
        assert NUMBER in letter.subject
        assert NUMBER in letter.body
        assert "\n" not in letter.subject
        assert re.search(r"\n\n(申请号：|Application number: )", letter.body)
        assert letter.language is language
        assert not re.search(r"\{[{%]|\n\n\n|None|Undefined", letter.body)


@pytest.mark.parametrize("stage", Stage)
def test_english_letters_hold_no_chinese_of_ours(stage: Stage) -> None:
    for letter in compose(stage).values():
        own_words = letter.body.replace(ACCOUNT.name, "")
        assert not re.search(r"[\u4e00-\u9fff]", own_words + letter.subject)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("stage", Stage)
def test_a_bare_case_has_its_letters_too(stage: Stage, language: Language) -> None:
    bare = {"amount": None, "break_down": None, "explanation": "", "survey_score": None}
    account = ACCOUNT.model_copy(update={"name": ""})
    legs = (LEGS[stage],) if stage in LEGS else ()
    written = letters().compose(telling(stage), case_at(stage, language, bare), account, legs)
    assert len(written) == len(AUDIENCES[stage])
    assert all(letter.subject and letter.body for letter in written)


def test_a_customer_without_an_address_gets_no_letter_and_staff_still_do() -> None:
    nobody = ACCOUNT.model_copy(update={"email": ""})
    case = a_case(Language.EN)
    assert letters().compose(telling(Stage.RECEIVED), case, nobody, ()) == ()
    [letter] = letters().compose(telling(Stage.REVIEW_STARTED, DUE), case, nobody, ())
    assert letter.recipient == "agents@shop.example"


def test_staff_without_an_address_are_not_written_to() -> None:
    assert letters(agents_mail="").compose(telling(Stage.REVIEW_REMINDER, DUE), a_case(Language.EN), ACCOUNT, ()) == ()


def test_each_audience_has_its_own_address() -> None:
    blocked = compose(Stage.PAYMENT_BLOCKED)
    assert set(blocked) == {"finance@shop.example", "ops@shop.example"}
    assert AUDIENCES[Stage.LOW_SCORE] == (Audience.SUPERVISORS,)


def test_a_refund_is_told_line_by_line() -> None:
    text = to_customer(Stage.REFUNDED)
    assert "Goods L1 × 2: $1,244.50" in text
    assert "Deduction (restocking fee): -$10.00" in text
    assert "Total: $1,234.50" in text


def test_only_confirmed_money_is_called_refunded() -> None:
    legs = (a_leg(LegState.SUCCEEDED, 100000), a_leg(LegState.PENDING, 23450))
    [letter] = letters().compose(telling(Stage.REFUNDED), a_case(Language.EN), ACCOUNT, legs)
    assert "A refund of $1,000.00 was paid" in letter.body
    assert "part of the approved amount of $1,234.50" in letter.body
    assert "$234.50, reference" not in letter.body


FOLLOWS_APPROVAL = (
    Stage.REFUNDED,
    Stage.PAYMENT_ON_ITS_WAY,
    Stage.PAYMENT_CONFIRMING,
    Stage.PAYMENT_FAILED,
    Stage.DESTINATION_NEEDED,
)


@pytest.mark.parametrize(
    ("language", "says"), [(Language.ZH_CN, "\n您的申请已批准。"), (Language.EN, "\nYour application is approved.")]
)
@pytest.mark.parametrize("stage", FOLLOWS_APPROVAL)
def test_a_letter_about_the_money_tells_the_approval_and_its_reasons_if_no_letter_did(
    stage: Stage, language: Language, says: str
) -> None:
    case = case_at(stage, language, {"explanation": "We saw the fault."})
    approving, later = (
        letters().compose(telling(stage, approves=approves), case, ACCOUNT, (LEGS[stage],))[0].body
        for approves in (True, False)
    )
    assert says in approving
    assert "> We saw the fault." in approving
    assert says not in later
    assert "We saw the fault." not in later


def test_a_rules_refusal_stands_in_the_letter_as_our_own_words() -> None:
    ruled = {"verdict": verdict("reject"), "reason_code": "window_closed", "explanation": "该商品的申请期限已过。"}
    text = compose(Stage.REJECTED, Language.ZH_CN, ruled)[ACCOUNT.email].body
    assert "\n该商品的申请期限已过。" in text


def test_an_application_that_was_never_a_case_offers_no_appeal() -> None:
    refused = {"verdict": None, "reason_code": "order_unknown", "explanation": "We could not find it."}
    text = compose(Stage.REJECTED, Language.EN, refused)[ACCOUNT.email].body
    assert "\nWe could not find it." in text
    assert "appeal" not in text


def test_a_refund_that_finance_gave_up_is_not_called_an_unapproved_application() -> None:
    given_up = case_at(Stage.REJECTED, changes={"verdict": verdict("approve")})
    [letter] = letters().compose(telling(Stage.REJECTED), given_up, ACCOUNT, (a_leg(LegState.FAILED),))
    assert "could not carry out your refund" in letter.body
    assert "approved" not in letter.subject + letter.body
    assert "appeal" not in letter.body


def test_a_withdrawal_after_a_part_was_refunded_does_not_deny_it() -> None:
    [letter] = letters().compose(
        telling(Stage.WITHDRAWN), a_case(Language.EN), ACCOUNT, (a_leg(LegState.SUCCEEDED, 1000),)
    )
    assert "$10.00 was refunded before" in letter.body
    assert "No money" not in letter.body


def test_a_reviewers_reason_is_told_in_their_own_words() -> None:
    text = to_customer(Stage.REJECTED, explanation="The damage came after delivery.")
    assert "> The damage came after delivery." in text


def test_a_second_rejection_offers_no_second_appeal() -> None:
    assert "appeal" not in to_customer(Stage.REJECTED, verdict=verdict("review"), appealed=True)


def test_what_a_customer_wrote_stands_as_a_quotation_in_staff_mail() -> None:
    agents = compose(Stage.REVIEW_STARTED)["agents@shop.example"]
    assert "> The lamp flickers.\n> Subject: you are paid" in agents.body
    assert "https://ops.shop.example/cases/" + NUMBER in agents.body


def test_a_template_mark_in_the_customers_text_is_only_text() -> None:
    text = to_customer(Stage.CUSTOMER_ASKED, explanation="{{ 7 * 7 }} {% raw")
    assert "> {{ 7 * 7 }} {% raw" in text


def test_the_survey_link_is_bound_to_the_case_and_ends_with_its_window() -> None:
    text = to_customer(Stage.SURVEY)
    token = text.split("/survey/")[1].split()[0]
    link = LINKS.read_survey(token, NOW)
    assert (link.number, link.customer_id, link.language) == (NUMBER, "c-7", Language.EN)
    assert link.expires_at == int(DUE.timestamp())


def test_without_a_named_end_the_survey_link_lives_as_long_as_the_policy_says() -> None:
    [letter] = letters().compose(telling(Stage.SURVEY), case_at(Stage.SURVEY), ACCOUNT, ())
    token = letter.body.split("/survey/")[1].split()[0]
    assert LINKS.read_survey(token, NOW).expires_at == int((NOW + timedelta(days=21)).timestamp())


def test_the_amount_has_every_digit_of_its_currency() -> None:
    yen = usd(0).model_copy(update={"minor": 1200, "currency": "JPY"})
    assert "¥1,200." in to_customer(Stage.APPROVED, amount=yen, break_down=None)
