"""Taking an application in: who made it, whether it may be made, what the policy says, in one act (P1, P2.1)."""

from __future__ import annotations

from datetime import timedelta

from activities.assessment import rule_on
from activities.casefile import ANY_WAY, CaseFile, actor_of
from activities.ports import Policy, Unit
from activities.rows import CaseRow
from activities.sentences import refusal
from activities.speakers import check_applicant, proved
from activities.types import Intake, StepResult
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Proof
from aftersales.contract.values import CaseStatus, ErrorCode, EvidenceRef, Role, WaitsFor
from aftersales.proof import Keyring
from domain.rails import Ways


async def take_in(unit: Unit, step: Intake, policy: Policy, keyring: Keyring, ways: Ways = ANY_WAY) -> StepResult:
    """The case as it stands after its intake. What may not be applied for is a case too, turned down."""
    result = await _opened(await _open_or_create(unit, step, policy, ways), step, policy, keyring)
    return result.model_copy(update={"life": step.life})


async def _opened(file: CaseFile, step: Intake, policy: Policy, keyring: Keyring) -> StepResult:
    if file.row.status is not CaseStatus.RECEIVED:
        return await file.close()  # withdrawn while the shop was asked for the order
    try:
        return await _take_in(file, step, policy, keyring)
    except AftersalesError as error:
        file.note("refused", reason=error.code.value)
        file.move(CaseStatus.REJECTED, reason_code=error.code.value, explanation=str(error))
        return await file.close()


async def _take_in(file: CaseFile, step: Intake, policy: Policy, keyring: Keyring) -> StepResult:
    """Raises AftersalesError before it writes anything but the claim of the request key."""
    application = step.start.application
    proof = proved(application, step.number, keyring, application.language)
    check_applicant(application, proof)
    if file.is_new:
        _note_received(file, proof)
    if not await file.unit.claim_request(step.start):
        raise refusal(ErrorCode.REQUEST_KEY_REUSED, application.language)
    order = await file.unit.order(application.order_id, besides=step.number)
    if order is None and not step.last_look:
        file.move(CaseStatus.RECEIVED, WaitsFor.SHOP)
        file.change(due_at=file.row.opened_at + timedelta(seconds=file.row.timings.order_lookup_s))
        return await file.close(look_again=True)
    file.change(evidence=await known_evidence(file.unit, application.evidence))
    await rule_on(file, order, policy)
    return await file.close()


async def known_evidence(unit: Unit, refs: tuple[EvidenceRef, ...]) -> tuple[EvidenceRef, ...]:
    """Those that were really uploaded; what was not counts for nothing, and the policy asks for it."""
    if not refs or await unit.evidence_known(refs):
        return refs
    return tuple([ref for ref in refs if await unit.evidence_known((ref,))])


async def _open_or_create(unit: Unit, step: Intake, policy: Policy, ways: Ways) -> CaseFile:
    if await unit.case(step.number) is not None:
        return await CaseFile.open(unit, step, ways)
    row = CaseRow(
        number=step.number,
        start=step.start,
        status=CaseStatus.RECEIVED,
        waits_for=WaitsFor.NOBODY,
        opened_at=step.now,
        updated_at=step.now,
        timings=policy.timings,
        policy_hash=policy.content_hash,
    )
    return CaseFile.create(unit, row, ways)


def _note_received(file: CaseFile, proof: Proof) -> None:
    application = file.row.start.application
    facts = {"channel": application.channel.value, "caller": file.row.start.caller}
    if proof.role is not Role.CUSTOMER:
        facts["entered_for"] = application.customer_id
    file.note("received", after=CaseStatus.RECEIVED.value, facts=facts, actor=actor_of(proof))
