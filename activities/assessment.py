"""Assessing an application by the policy and following its ruling (P2.1, P5.1)."""

from __future__ import annotations

from typing import NamedTuple

from activities.amounts import Grant, amounts_of, clawed_back_minor, holds_shipping
from activities.casefile import AGENTS, SYSTEM, CaseFile
from activities.eligibility import check_eligible
from activities.ports import Action, Facts, Policy, Ruling
from activities.reserving import hold, reserve, start_paying
from activities.rows import Order, OrderLine
from activities.sentences import explanation_of, in_words, sentence
from aftersales.contract.messages import Application
from aftersales.contract.values import BreakDown, CaseKind, CaseStatus, Money, WaitsFor
from aftersales.contract.views import VerdictView
from domain.display import display_amount
from domain.errors import DomainError
from domain.promotions import PromotionChoice

SEVERAL_CATEGORIES = "several"
POLICY_MISSING = "policy_version_missing"


class Assessment(NamedTuple):
    """What the policy says of an application that may be made, and what it would give."""

    order: Order
    facts: Facts
    ruling: Ruling
    grant: Grant
    amounts: BreakDown


async def rule_on(file: CaseFile, order: Order | None, policy: Policy) -> None:
    """Assess the case by the version it was applied under, and do what that says (P2.1).

    Raises AftersalesError when the application may not be made.
    """
    version = policy.version(file.row.policy_hash)
    if version is None:
        await refer(file, order)
    else:
        await follow(file, assess(file, order, version), version)


def assess(file: CaseFile, order: Order | None, policy: Policy) -> Assessment:
    """Pure: writes nothing. Windows count to the moment of the application, however late evidence came.

    Raises AftersalesError, its sentence in the application's language, when the application may not be made.
    """
    application = file.row.start.application
    found = check_eligible(application, order)
    grant = Grant(application.items, application.amount)
    try:
        facts = _facts(file, found, amounts_of(found, grant))
        ruling = policy.rule(facts)
        grant = grant._replace(shipping=ruling.refund_shipping and application.amount is None)
        # What is turned down breaks no promotion, and is turned down for the policy's reason.
        promotion = PromotionChoice.KEEP if ruling.action is Action.REJECT else ruling.promotion
        return Assessment(found, facts, ruling, grant, amounts_of(found, grant, promotion))
    except DomainError as error:
        raise in_words(error, application.language) from error


async def follow(file: CaseFile, assessed: Assessment, policy: Policy) -> None:
    """Write the verdict down and do what it says. Returns and exchanges go to a person until they exist."""
    ruling, language = assessed.ruling, file.language
    action = ruling.action
    if file.row.start.application.kind is not CaseKind.REFUND_ONLY:
        action = Action.REVIEW
    file.actor = SYSTEM
    _write_verdict(file, assessed, action, policy)
    match action:
        case Action.APPROVE:
            await reserve(file, assessed.order, assessed.grant)
            start_paying(file, reason_code=ruling.reason_code, explanation=_of_the_amount(file))
        case Action.REJECT:
            await file.unit.release_units(file.row.number)
            file.change(break_down=assessed.amounts, amount=assessed.amounts.total)
            explanation = explanation_of(ruling.reason_code, language)
            file.move(CaseStatus.REJECTED, reason_code=ruling.reason_code, explanation=explanation)
        case Action.ASK_EVIDENCE:
            await hold(file, assessed.order, assessed.grant)
            file.move(
                CaseStatus.NEEDS_EVIDENCE,
                WaitsFor.CUSTOMER,
                due_in_s=file.row.timings.evidence_window_s,
                reason_code=ruling.reason_code,
                explanation=sentence("evidence_needed", language),
            )
        case Action.REVIEW:
            await hold(file, assessed.order, assessed.grant)
            file.to_review(WaitsFor.AGENT, AGENTS, reason_code=ruling.reason_code, explanation="")


def _of_the_amount(file: CaseFile) -> str:
    """Why it is less than what was paid for the goods, where it is."""
    clawed_back = clawed_back_minor(file.row.break_down)
    if not (clawed_back and file.row.amount):
        return ""
    taken = Money(minor=clawed_back, currency=file.row.amount.currency)
    return sentence("promotion_clawed_back", file.language, amount=display_amount(taken, file.language))


async def refer(file: CaseFile, order: Order | None) -> None:
    """To a person, since the version that the case was applied under is not here; never another one instead (P2.1).

    Raises AftersalesError when the application may not be made.
    """
    application = file.row.start.application
    found = check_eligible(application, order)
    grant = Grant(application.items, application.amount, shipping=holds_shipping(file.row.break_down))
    file.actor = SYSTEM
    try:
        await hold(file, found, grant)
    except DomainError as error:
        raise in_words(error, application.language) from error
    file.note("not_assessed", reason=POLICY_MISSING, facts={"policy_hash": file.row.policy_hash})
    file.to_review(WaitsFor.AGENT, AGENTS, reason_code=POLICY_MISSING, explanation="")


def _write_verdict(file: CaseFile, assessed: Assessment, action: Action, policy: Policy) -> None:
    verdict = VerdictView(
        action=action.value,
        policy_hash=policy.content_hash,
        row=assessed.ruling.row,
        reason_code=assessed.ruling.reason_code,
        promotion=assessed.ruling.promotion.value,
        tender_order=assessed.ruling.tender_order.value,
    )
    file.change(verdict=verdict, policy_hash=policy.content_hash)
    inputs = assessed.facts.model_dump(mode="json")
    file.note("assessed", after=action.value, reason=verdict.reason_code, facts={**inputs, **verdict.model_dump()})


def _facts(file: CaseFile, order: Order, amounts: BreakDown) -> Facts:
    application, applied_at = file.row.start.application, file.row.opened_at
    delivered_at = order.delivered_at
    lines = _lines(application, order)
    return Facts(
        reason=application.reason,
        kind=application.kind.value,
        amount_minor=amounts.total.minor,
        currency=order.currency,
        days_since_delivery=-1 if delivered_at is None else max((applied_at - delivered_at).days, 0),
        days_since_purchase=max((applied_at - order.bought_at).days, 0),
        delivered=delivered_at is not None,
        evidence_count=len(file.row.evidence),
        final_sale=any(line.final_sale for line in lines),
        goods_back=application.goods_back,
        unused=application.unused,
        category=_category(lines),
        account_active=order.account.state == "active",
    )


def _lines(application: Application, order: Order) -> list[OrderLine]:
    asked = {item.line_id for item in application.items}
    return [line for line in order.lines if line.line_id in asked]


def _category(lines: list[OrderLine]) -> str:
    categories = {line.category for line in lines}
    return categories.pop() if len(categories) == 1 else SEVERAL_CATEGORIES
