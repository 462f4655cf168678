"""What the bank's answers mean for a leg. Codes and statuses alone are looked at, never a text (design: payments)."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from integrations.bank.accounts import masked
from integrations.bank.amounts import money_of
from integrations.bank.api import BankAnswer
from integrations.bank.reasons import BY_HTTP_STATUS, REASONS, REJECTED, STATUSES
from integrations.bank.wire import PayoutList, Refused, SeenPayout

UNREADABLE: Final = "unreadable_answer"
_OK: Final = 200
_TAKEN: Final = frozenset({200, 201, 202})
_SERVER_ERROR: Final = 500
# Of several payouts of one number the first of these is told; those that may still move money come before all.
_RANK: Final = (OutcomeKind.CONFLICT, OutcomeKind.REVERSED, OutcomeKind.NEEDS_PAYEE, OutcomeKind.REJECTED)


def outcome_of_order(answer: BankAnswer, leg: LegRow) -> PaymentOutcome:
    """What the answer to an order means."""
    if answer.status not in _TAKEN:
        return _outcome_of_refusal(answer)
    try:
        payout = SeenPayout.model_validate_json(answer.body)
    except ValidationError:
        return _unreadable(answer)
    return _outcome_of_payouts([payout], leg)


def outcome_of_look(answer: BankAnswer, leg: LegRow) -> PaymentOutcome:
    """What the answer to a look-up means; a failed look says nothing about the leg."""
    if answer.status == _OK:
        try:
            payouts = PayoutList.model_validate_json(answer.body).payouts
        except ValidationError:
            return _unreadable(answer)
        return _outcome_of_payouts(payouts, leg)
    refusal = _outcome_of_refusal(answer)
    kind = refusal.kind if refusal.kind is OutcomeKind.NEEDS_MERCHANT else OutcomeKind.UNKNOWN
    return refusal.model_copy(update={"kind": kind, "elsewhere": False})


def unknown(code: str, sentence: str) -> PaymentOutcome:
    """Whether money moved cannot be told from what we have."""
    return PaymentOutcome(kind=OutcomeKind.UNKNOWN, code=code, sentence=sentence)


def _outcome_of_payouts(payouts: list[SeenPayout], leg: LegRow) -> PaymentOutcome:
    """What the payouts of our number mean together; normally there is one at most."""
    if any(payout.end_to_end_id != leg.leg.provider_number for payout in payouts):
        return unknown(UNREADABLE, "The bank answered with a payout of another number.")
    if not payouts:
        return PaymentOutcome(kind=OutcomeKind.NOT_FOUND)
    alive = [payout for payout in payouts if payout.status not in REJECTED and payout.sent_back is None]
    if len(alive) > 1:
        sentence = "The bank has more than one payout with this number; the money may have been sent twice."
        return _of(alive[0], OutcomeKind.CONFLICT, "paid_twice", sentence)
    if alive:
        return _outcome_of_payout(alive[0], leg)
    return min((_outcome_of_payout(payout, leg) for payout in payouts), key=lambda each: _RANK.index(each.kind))


def _outcome_of_payout(payout: SeenPayout, leg: LegRow) -> PaymentOutcome:
    try:
        same = money_of(payout.amount, payout.currency) == leg.leg.amount
    except ValueError:
        return unknown(UNREADABLE, "The amount in the bank's answer cannot be read.")
    if not same:
        return _of(payout, OutcomeKind.CONFLICT, "other_amount", "The bank has this number with another amount.")
    if payout.sent_back is not None:
        return _returned(payout, payout.sent_back.reason or "no_reason")
    if payout.status in REJECTED:
        return _ended(payout, payout.reason or payout.status)
    kind = STATUSES.get(payout.status, OutcomeKind.UNKNOWN)
    if kind is OutcomeKind.SUCCEEDED:
        return _of(payout, kind, "", "")
    return _of(payout, kind, payout.status, f"The bank says the payout is {payout.status}.")


def _returned(payout: SeenPayout, code: str) -> PaymentOutcome:
    meaning = REASONS.get(code)
    sentence = f"The money came back: {meaning.words if meaning else 'no known reason'} ({code})."
    outcome = _of(payout, OutcomeKind.REVERSED, code, sentence)
    return outcome.model_copy(update={"elsewhere": meaning is None or meaning.elsewhere})


def _ended(payout: SeenPayout, code: str) -> PaymentOutcome:
    meaning = REASONS.get(code)
    if meaning is None:
        return _of(payout, OutcomeKind.REJECTED, code, f"The bank rejected the payout ({code}).")
    outcome = _of(payout, meaning.ended, code, f"The bank rejected the payout: {meaning.words} ({code}).")
    return outcome.model_copy(update={"elsewhere": meaning.elsewhere})


def _outcome_of_refusal(answer: BankAnswer) -> PaymentOutcome:
    try:
        code = Refused.model_validate_json(answer.body).error.code
    except ValidationError:
        return _unreadable(answer)
    meaning = REASONS.get(code)
    kind = meaning.at_door if meaning else BY_HTTP_STATUS.get(answer.status, OutcomeKind.UNKNOWN)
    if answer.status >= _SERVER_ERROR:
        kind = OutcomeKind.UNKNOWN
    words = meaning.words if meaning else f"HTTP {answer.status}"
    return PaymentOutcome(
        kind=kind,
        code=code,
        sentence=f"The bank did not take the order: {words} ({code}).",
        elsewhere=meaning is not None and meaning.elsewhere and kind is not OutcomeKind.UNKNOWN,
    )


def _unreadable(answer: BankAnswer) -> PaymentOutcome:
    return unknown(UNREADABLE, f"The bank's answer (HTTP {answer.status}) cannot be read.")


def _of(payout: SeenPayout, kind: OutcomeKind, code: str, sentence: str) -> PaymentOutcome:
    return PaymentOutcome(
        kind=kind,
        provider_reference=payout.id,
        trace=payout.uetr or payout.id,
        code=code,
        sentence=sentence,
        destination=masked(payout.creditor.account) if payout.creditor else "",
    )
