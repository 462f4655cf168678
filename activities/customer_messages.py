"""What the customer says to a case: evidence, withdrawal, appeal, survey answer (P2.2, P2.8, P4.2).

Every function refuses before it writes.
"""

from __future__ import annotations

from activities.approving import void_all
from activities.assessment import Rules, rule_on
from activities.casefile import AGENTS, SUPERVISORS, CaseFile
from activities.eligibility import check_free
from activities.reserving import as_asked, hold, nothing_moves, release_all
from activities.sentences import refusal, status_words
from activities.turns import back_to_review, order_of, out_of_turn
from aftersales.contract.messages import Appeal, EvidenceSupplied, SurveyAnswer, Withdrawal
from aftersales.contract.values import (
    OUTCOMES,
    CaseStatus,
    ErrorCode,
    EvidenceRef,
)

WITHDRAWN = "withdrawn"
APPEALED = "appealed"
_WITHDRAWABLE = frozenset(CaseStatus) - OUTCOMES


async def supply_evidence(file: CaseFile, message: EvidenceSupplied, rules: Rules) -> None:
    """What the policy asked for is assessed again; what a reviewer asked for goes back to the reviewer."""
    if file.row.status is CaseStatus.NEEDS_EVIDENCE:
        await _assess_again(file, message, rules)
    elif file.row.status is CaseStatus.AWAITING_CUSTOMER:
        await _add_evidence(file, message.evidence)
        await back_to_review(file, file.row.assignee or AGENTS)
    else:
        raise out_of_turn(file)


async def _assess_again(file: CaseFile, message: EvidenceSupplied, rules: Rules) -> None:
    """What still does not do leaves the customer the window that they were told of."""
    asked_until = file.row.due_at
    await _add_evidence(file, message.evidence)
    order = await file.unit.order(file.row.start.application.order_id, besides=file.row.number)
    await rule_on(file, order, await _with_what_was_said(file, rules))
    if file.row.status is CaseStatus.NEEDS_EVIDENCE:
        file.change(due_at=asked_until)


async def _with_what_was_said(file: CaseFile, rules: Rules) -> Rules:
    """Other systems are asked once, at the application; what they said then still holds."""
    earlier = await file.unit.assessments(file.row.number)
    return rules._replace(particulars=earlier[-1].particulars) if earlier else rules


async def withdraw(file: CaseFile, message: Withdrawal) -> None:
    """Give the case up, wherever nothing was executed and nothing could still be."""
    if file.row.status not in _WITHDRAWABLE:
        raise out_of_turn(file)
    if not nothing_moves(file.legs):
        status = status_words(file.row.status, file.language)
        raise refusal(ErrorCode.TOO_LATE, file.language, status=status)
    await release_all(file, WITHDRAWN)
    await void_all(file, WITHDRAWN)
    file.move(CaseStatus.WITHDRAWN, reason_code=WITHDRAWN, explanation=message.explanation)


async def appeal(file: CaseFile, message: Appeal) -> None:
    """Another look by a supervisor, once, at a case that was turned down on its merits (P2.8)."""
    row = file.row
    if row.appealed:
        raise refusal(ErrorCode.APPEAL_USED, file.language)
    if row.status is not CaseStatus.REJECTED:
        raise out_of_turn(file)
    if row.verdict is None or file.legs:
        raise refusal(ErrorCode.NOT_NOW, file.language, key="not_appealable")
    order = await order_of(file)
    check_free(row.start.application.items, order, file.language)
    await _add_evidence(file, message.evidence)
    await hold(file, order, as_asked(file))
    file.change(appealed=True)
    file.to_review(SUPERVISORS, reason_code=APPEALED)


async def answer_survey(file: CaseFile, message: SurveyAnswer) -> None:
    """One answer a case, once it has an outcome (P4.2)."""
    if file.row.survey_score is not None:
        raise refusal(ErrorCode.SURVEY_ANSWERED, file.language)
    if file.row.status not in OUTCOMES:
        raise out_of_turn(file)
    file.change(survey_score=message.score)
    file.note("survey_answered", after=str(message.score))


async def _add_evidence(file: CaseFile, refs: tuple[EvidenceRef, ...]) -> None:
    """Raises AftersalesError(evidence_unknown) for a reference to something that was never uploaded."""
    if refs and not await file.unit.evidence_known(refs, file.row.number, file.row.start.application.customer_id):
        raise refusal(ErrorCode.EVIDENCE_UNKNOWN, file.language)
    new = tuple(ref for ref in refs if ref not in file.row.evidence)
    file.change(evidence=file.row.evidence + new)
