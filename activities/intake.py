"""Taking an application in: who made it, whether it may be made, what the policy says, in one act (P1, P2.1)."""

from __future__ import annotations

from datetime import timedelta

from activities.assessment import Rules, rule_on
from activities.casefile import ANY_WAY, CaseFile, actor_of
from activities.eligibility import GUESSES_COUNT_FOR, MOST_GUESSES, known_to
from activities.ports import Unit
from activities.rows import CaseRow, Order
from activities.rulings import Policies
from activities.sentences import refusal
from activities.speakers import check_applicant, proved
from activities.types import Intake, StepResult
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import CaseStart, Proof
from aftersales.contract.values import CaseStatus, ErrorCode, EvidenceRef, Role, WaitsFor
from aftersales.proof import Keyring
from domain.rails import Ways


async def take_in(
    unit: Unit, step: Intake, rules: Rules, policies: Policies, keyring: Keyring, ways: Ways = ANY_WAY
) -> StepResult:
    """The case as it stands after its intake. What may not be applied for is a case too, turned down.

    `rules` are those in force; a case that is there already keeps its own.
    """
    file = await _open_or_create(unit, step, rules, ways)
    result = await _opened(file, step, await rules.kept_by(file.row, policies), keyring)
    return result.model_copy(update={"life": step.life})


async def _opened(file: CaseFile, step: Intake, rules: Rules, keyring: Keyring) -> StepResult:
    if file.row.status is not CaseStatus.RECEIVED:
        return await file.close()  # withdrawn while the shop was asked for the order
    try:
        return await _take_in(file, step, rules, keyring)
    except AftersalesError as error:
        file.note("refused", reason=error.code.value)
        file.move(CaseStatus.REJECTED, reason_code=error.code.value, explanation=str(error))
        return await file.close()


async def _take_in(file: CaseFile, step: Intake, rules: Rules, keyring: Keyring) -> StepResult:
    """Raises AftersalesError before it writes anything but the claim of the request key."""
    application = step.start.application
    proof = await proved(application, step.number, keyring, application.language, file.unit)
    check_applicant(application, proof)
    if file.is_new:
        _note_received(file, proof)
        file.change(entered_by="" if proof.role is Role.CUSTOMER else proof.actor)
    if not await file.unit.claim_request(step.start):
        raise refusal(ErrorCode.REQUEST_KEY_REUSED, application.language)
    order = await _order_of(file, proof.role)
    if order is None and not step.last_look:
        file.move(CaseStatus.RECEIVED, WaitsFor.SHOP)
        file.change(due_at=file.row.opened_at + timedelta(seconds=file.row.timings.order_lookup_s))
        return await file.close(look_again=True)
    file.change(evidence=await known_evidence(file.unit, step.start))
    await rule_on(file, order, rules)
    return await file.close()


async def _order_of(file: CaseFile, role: Role) -> Order | None:
    """The order, locked, if there is one that whoever applies may know of."""
    application, number = file.row.start.application, file.row.number
    order = known_to(application, await file.unit.order(application.order_id, besides=number), role)
    if order is None or not order.account.guest or role is not Role.CUSTOMER:
        return order
    since = file.row.opened_at - GUESSES_COUNT_FOR
    guesses = await file.unit.guesses(application.order_id, since, besides=number)
    return order if guesses < MOST_GUESSES else None


async def known_evidence(unit: Unit, start: CaseStart) -> tuple[EvidenceRef, ...]:
    """Those that were really uploaded; what was not counts for nothing, and the policy asks for it."""
    refs, whose = start.application.evidence, (start.number, start.application.customer_id)
    if not refs or await unit.evidence_known(refs, *whose):
        return refs
    return tuple([ref for ref in refs if await unit.evidence_known((ref,), *whose)])


async def _open_or_create(unit: Unit, step: Intake, rules: Rules, ways: Ways) -> CaseFile:
    if await unit.case(step.number) is not None:
        return await CaseFile.open(unit, step, ways)
    assert rules.policy is not None, "a version is always in force"
    application = step.start.application
    row = CaseRow(
        number=step.number,
        start=step.start,
        status=CaseStatus.RECEIVED,
        waits_for=WaitsFor.NOBODY,
        opened_at=step.now,
        updated_at=step.now,
        timings=rules.policy.timings(application.reason, application.kind),
        policy_hash=rules.policy.content_hash,
    )
    return CaseFile.create(unit, row, ways)


def _note_received(file: CaseFile, proof: Proof) -> None:
    application = file.row.start.application
    facts = {"channel": application.channel.value, "caller": file.row.start.caller}
    if proof.role is not Role.CUSTOMER:
        facts["entered_for"] = application.customer_id
    file.note("received", after=CaseStatus.RECEIVED.value, facts=facts, actor=actor_of(proof))
