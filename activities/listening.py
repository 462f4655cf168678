"""Recording what a person says, and doing what follows from it, in one transaction; a refusal is an answer.

A refused message is rolled back whole and then recorded by itself, so that it can have changed nothing.
"""

from __future__ import annotations

from activities.assessment import Rules
from activities.by_hand import record_hand_payment
from activities.casefile import ANY_WAY, NOT_PROVEN, CaseFile, actor_of
from activities.claiming import claim
from activities.customer_messages import answer_survey, appeal, supply_evidence, withdraw
from activities.decisions import decide
from activities.destinations import choose_payout
from activities.ports import Unit
from activities.rows import HeardMessage
from activities.rulings import Policies, Policy
from activities.sentences import in_words, refusal, status_words
from activities.speakers import check_speaker, proved
from activities.types import Message, RecordMessage, StepResult
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import (
    Answer,
    Appeal,
    Claim,
    Decision,
    EvidenceSupplied,
    HandPayment,
    PayoutChoice,
    Proof,
    SurveyAnswer,
    Withdrawal,
)
from aftersales.contract.values import ErrorCode, Role
from aftersales.proof import Keyring
from domain.errors import DomainError
from domain.rails import Ways


class RefusedError(Exception):
    """A message that counts for nothing; its text says why, in the case's language."""

    def __init__(self, why: AftersalesError) -> None:
        super().__init__(str(why))
        self.code = why.code


async def listen(
    unit: Unit, step: RecordMessage, policies: Policies, keyring: Keyring, ways: Ways = ANY_WAY
) -> StepResult:
    """Raises RefusedError for what is refused, upon which the transaction is rolled back."""
    file = await CaseFile.open(unit, step, ways)
    try:
        proof = await proved(step.message, step.number, keyring, file.language, unit)
        file.actor = actor_of(proof, account=keyring.vouches_for_staff(proof))
        await _accept(file, step, proof, policies)
    except AftersalesError as error:
        raise RefusedError(error) from error
    except DomainError as error:
        raise RefusedError(in_words(error, file.language)) from error
    return await file.accept()


async def record_refusal(unit: Unit, step: RecordMessage, refused: RefusedError, keyring: Keyring) -> StepResult:
    """Write down that it was heard and refused; nothing else of the case changes."""
    file = await CaseFile.open(unit, step)
    proof = _holding_proof(step, keyring)
    file.actor = actor_of(proof) if proof else NOT_PROVEN
    await unit.hear(_heard(step, proof, refused.code))
    file.note("refused", before=step.kind.value, after=file.row.status.value, reason=refused.code.value)
    answer = Answer(accepted=False, status=file.row.status, code=refused.code, sentence=str(refused))
    return await file.close(answer)


async def _accept(file: CaseFile, step: RecordMessage, proof: Proof, policies: Policies) -> None:
    if step.refusal is not None:
        raise refusal(step.refusal, file.language, status=status_words(file.row.status, file.language))
    if file.row.closed_at is not None:
        raise refusal(ErrorCode.CASE_CLOSED, file.language)
    check_speaker(step.kind, file.row, proof)
    if not await file.unit.hear(_heard(step, proof, None)):
        raise refusal(ErrorCode.NOT_NOW, file.language, key="heard_before")
    _note_heard(file, step, proof)
    await _follow(file, step.message, proof, policies)


async def _follow(file: CaseFile, said: Message, proof: Proof, policies: Policies) -> None:
    match said:
        case Decision() as decision:
            await decide(file, decision, await _policy_of(file, policies), proof)
        case EvidenceSupplied() as evidence:
            rules = Rules(await policies.version(file.row.policy_hash), await policies.shadow())
            await supply_evidence(file, evidence, rules)
        case Withdrawal() as withdrawal:
            await withdraw(file, withdrawal)
        case Appeal() as message:
            await appeal(file, message)
        case SurveyAnswer() as answer:
            await answer_survey(file, answer)
        case HandPayment() as payment:
            await record_hand_payment(file, payment, file.actor)
        case PayoutChoice() as choice:
            await choose_payout(file, choice, await _policy_of(file, policies))
        case Claim() as wish:
            await claim(file, wish, proof)


async def _policy_of(file: CaseFile, policies: Policies) -> Policy:
    """For its ceilings: the case's own version, else the present one; without any a person could decide nothing."""
    return await policies.version(file.row.policy_hash) or await policies.in_force(file.now)


def _note_heard(file: CaseFile, step: RecordMessage, proof: Proof) -> None:
    said = step.message
    customer_id = file.row.start.application.customer_id
    spoken_for = proof.role is not Role.CUSTOMER and not isinstance(said, Decision | Claim)
    file.note(
        step.kind.value,
        after=said.kind.value if isinstance(said, Decision) else "",
        reason=said.reason_code if isinstance(said, Decision) else "",
        facts={"said_for": customer_id} if spoken_for else None,
        why=_own_words(said),
    )


def _own_words(said: Message) -> str:
    match said:
        case EvidenceSupplied():
            return said.note
        case SurveyAnswer():
            return said.comment
        case Decision() | Withdrawal() | Appeal() | HandPayment():
            return said.explanation
    return ""


def _heard(step: RecordMessage, proof: Proof | None, code: ErrorCode | None) -> HeardMessage:
    """An unproven message gets a nonce of our own: a forger could otherwise use up a real one."""
    return HeardMessage(
        number=step.number,
        nonce=proof.nonce if proof else f"unproven-{step.round}",
        kind=step.kind,
        actor=proof.actor if proof else NOT_PROVEN.name,
        role=proof.role.value if proof else NOT_PROVEN.role,
        body=step.message.model_dump_json(exclude={"proof"}, exclude_defaults=True),
        received_at=step.now,
        accepted=code is None,
        code=code,
    )


def _holding_proof(step: RecordMessage, keyring: Keyring) -> Proof | None:
    try:
        return keyring.verify(step.message, step.number)
    except AftersalesError:
        return None
