"""What a customer hears of a decision: kind, in their language, and nothing that is not theirs to know."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import product

import pytest

from activities.explaining_decisions import for_the_customer
from activities.precautions import AssessmentRow, Held, Risk, RiskPart
from activities.rulings import Action, Change, EvidenceRule, RiskLevel
from aftersales.contract.values import ErrorCode, Language, Reason
from tests.policy.cases import facts
from tests.support.assessed import NOON, NUMBER, assessment, packaged

APPLIED = NOON
CODES = sorted(
    {row.answer.reason_code for row in packaged().tables.decision.rows.values()} | {*ErrorCode, "code_of_tomorrow"}
)
HELD = [(), *((why,) for why in Held)]
FORBIDDEN = re.compile(
    r"risk|score|fraud|list\b|block|ceiling|budget|limit|bound|breaker|chargeback|dispute|four.eyes|threshold|"
    r"another case|other case|duplicate|suspicious|"
    r"风险|评分|欺诈|名单|黑|上限|限额|预算|熔断|拒付|阈值|其他申请|重复|可疑|_|[0-9a-f]{12}|wang\.li"
)
EVERY_CHANGE = tuple(
    Change(fact=fact, now=now, otherwise=otherwise, action=Action.APPROVE, row="secret_row")
    for fact, now, otherwise in (
        ("risk_level", "high", "low"),
        ("risk_score", "77", "59"),
        ("listed", "block", "none"),
        ("chargeback_open", "true", "false"),
        ("evidence_reused", "true", "false"),
        ("account_active", "false", "true"),
        ("amount_minor", "25000", "20000"),
        ("goods_back", "false", "true"),
        ("unused", "false", "true"),
    )
)


def decided(action: Action, code: str, **changes: object) -> AssessmentRow:
    row = assessment().model_copy(update=changes)
    ruling = row.ruling.model_copy(
        update={"action": action, "reason_code": code, "row": "secret_row", "group": "wang.li"}
    )
    done = Action.REVIEW if row.held else action
    return row.model_copy(update={"ruling": ruling, "action": done})


@pytest.mark.parametrize("language", list(Language))
def test_no_sentence_ever_tells_what_only_the_staff_may_know(language: Language) -> None:
    risk = Risk(level=RiskLevel.HIGH, score=77, parts=(RiskPart(sign="velocity", points=77, seen="7 refunds"),))
    for code, action, held in product(CODES, Action, HELD):
        row = decided(action, code, held=held, risk=risk, changes=EVERY_CHANGE)
        said = for_the_customer(row, APPLIED, language)
        assert said
        assert not (found := FORBIDDEN.search(said.lower())), f"{code} {action} {held}: {found} in {said}"
        assert "77" not in said
        assert NUMBER not in said


@pytest.mark.parametrize("held", list(Held))
def test_what_was_held_back_sounds_like_any_application_that_a_person_looks_at(held: Held) -> None:
    plainly = decided(Action.REVIEW, "no_rule", changes=())
    row = decided(Action.APPROVE, "merchant_fault", held=(held,), changes=EVERY_CHANGE)
    for language in Language:
        assert for_the_customer(row, APPLIED, language) == for_the_customer(plainly, APPLIED, language)


@pytest.mark.parametrize("code", ["risk_high", "risk_unknown", "listed", "chargeback_open", "evidence_reused"])
def test_what_the_tables_held_back_sounds_the_same(code: str) -> None:
    assert for_the_customer(decided(Action.REVIEW, code, changes=()), APPLIED, Language.EN) == for_the_customer(
        decided(Action.REVIEW, "no_rule", changes=()), APPLIED, Language.EN
    )


def test_every_reason_of_the_policy_for_turning_down_has_a_sentence_of_its_own() -> None:
    rejected = {
        row.answer.reason_code for row in packaged().tables.decision.rows.values() if row.answer.action is Action.REJECT
    }
    told = {for_the_customer(decided(Action.REJECT, code, changes=()), APPLIED, Language.EN) for code in rejected}
    general = for_the_customer(decided(Action.REJECT, "code_of_tomorrow", changes=()), APPLIED, Language.EN)
    assert len(told) == len(rejected)
    assert general not in told


def test_chinese_sentences_have_chinese_punctuation_and_no_blanks_between_them() -> None:
    for code, action in product(CODES, Action):
        said = for_the_customer(decided(action, code), APPLIED, Language.ZH_CN)
        assert said.endswith("。")
        assert not re.search(r"[,;:!?]|。 ", said), said


def test_a_closed_window_names_its_last_day_and_the_appeal() -> None:
    declared = {"goods_back": True, "unused": True, "packaging_intact": True}
    known = facts(reason=Reason.CHANGED_MIND, days_since_delivery=12, **declared)
    changes = packaged().changes(known, packaged().rule(known))
    row = assessment(known, at=NOON + timedelta(days=9), changes=changes)
    assert row.action is Action.REJECT
    english, chinese = (for_the_customer(row, APPLIED, language) for language in (Language.EN, Language.ZH_CN))
    assert "October 28, 2026" in english  # applied on November 2, the 12th day; the 7th was the last
    assert "appeal" in english
    assert "2026年10月28日" in chinese
    assert "申诉" in chinese


def test_whoever_has_to_show_a_fault_hears_how_many_pieces_are_needed() -> None:
    row = decided(Action.ASK_EVIDENCE, "evidence_needed")
    several = row.ruling.model_copy(update={"evidence": EvidenceRule(pieces=3, pictures=2)})
    assert "3" in for_the_customer(row.model_copy(update={"ruling": several}), APPLIED, Language.EN)


def test_a_review_that_more_evidence_would_spare_says_so_and_one_that_less_would_does_not() -> None:
    more = Change(fact="picture_count", now="0", otherwise="2", action=Action.APPROVE, row="x")
    less = Change(fact="picture_count", now="3", otherwise="2", action=Action.APPROVE, row="x")
    said = [
        for_the_customer(decided(Action.REVIEW, "no_rule", changes=(change,)), APPLIED, Language.EN)
        for change in (more, less)
    ]
    assert "at least 2 photos" in said[0]
    assert "photos" not in said[1]


def test_a_change_that_would_only_make_it_worse_is_no_hint() -> None:
    worse = Change(fact="picture_count", now="0", otherwise="2", action=Action.REJECT, row="x")
    row = decided(Action.REVIEW, "no_rule", changes=(worse,))
    assert "photos" not in for_the_customer(row, APPLIED, Language.EN)
