"""WeChat Pay's words in ours: refunds by their status, refusals by their code (design: payments).

Only codes and statuses are looked at, never a text. Whatever is not understood is `unknown`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.values import LegState
from integrations.wechat.wire import Answer, Refusal

CURRENCY: Final = "CNY"
SENTENCE_LIMIT: Final = 500
UNREADABLE: Final = "unreadable_answer"


class Meaning(NamedTuple):
    """What a word means; `elsewhere`: another destination would do."""

    kind: OutcomeKind
    elsewhere: bool = False


REFUSALS: Final = {
    "SYSTEM_ERROR": Meaning(OutcomeKind.UNKNOWN),
    # Of the gate, or of the minute between two refunds of one order; WeChat Pay has one code for both.
    "FREQUENCY_LIMITED": Meaning(OutcomeKind.RETRY_SAME),
    "NOT_ENOUGH": Meaning(OutcomeKind.NEEDS_MERCHANT),
    "SIGN_ERROR": Meaning(OutcomeKind.NEEDS_MERCHANT),
    "NO_AUTH": Meaning(OutcomeKind.NEEDS_MERCHANT),
    "MCH_NOT_EXISTS": Meaning(OutcomeKind.NEEDS_MERCHANT),
    "APPID_MCHID_NOT_MATCH": Meaning(OutcomeKind.NEEDS_MERCHANT),
    "REQUEST_BLOCKED": Meaning(OutcomeKind.NEEDS_MERCHANT),
    "USER_ACCOUNT_ABNORMAL": Meaning(OutcomeKind.NEEDS_PAYEE, elsewhere=True),
    "TRADE_OVERDUE": Meaning(OutcomeKind.REJECTED, elsewhere=True),
    "REFUND_FEE_MISMATCH": Meaning(OutcomeKind.CONFLICT),
    # Over the amount, too many parts, in dispute: the code does not tell, so it opens no other way for the money.
    "INVALID_REQUEST": Meaning(OutcomeKind.REJECTED),
    "PARAM_ERROR": Meaning(OutcomeKind.REJECTED),
    "RESOURCE_NOT_EXISTS": Meaning(OutcomeKind.REJECTED),
}
_BY_HTTP_STATUS: Final = {
    400: Meaning(OutcomeKind.REJECTED),
    401: Meaning(OutcomeKind.NEEDS_MERCHANT),
    403: Meaning(OutcomeKind.NEEDS_MERCHANT),
    404: Meaning(OutcomeKind.REJECTED),
    429: Meaning(OutcomeKind.RETRY_SAME),
}
# An abnormal refund waits for a bank card that WeChat Pay is to send it to instead. We hold no card of the payer's
# (P3.2: a card is only ever the original channel), so the customer is asked for another destination.
STATUSES: Final = {
    "PROCESSING": Meaning(OutcomeKind.PENDING),
    "SUCCESS": Meaning(OutcomeKind.SUCCEEDED),
    "CLOSED": Meaning(OutcomeKind.REJECTED),
    "ABNORMAL": Meaning(OutcomeKind.NEEDS_PAYEE, elsewhere=True),
}
_FAILED: Final = (OutcomeKind.REJECTED, OutcomeKind.NEEDS_PAYEE)


class Amount(BaseModel):
    """In fen."""

    model_config = ConfigDict(strict=True, frozen=True)

    refund: int
    currency: str


class SeenRefund(BaseModel):
    """What is read of a refund, and no more. An answer that is not of this shape decides nothing."""

    model_config = ConfigDict(strict=True, frozen=True)

    refund_id: str = Field(min_length=1)
    out_refund_no: str
    status: str
    amount: Amount
    user_received_account: str | None = None


def outcome_of_answer(answer: Answer, leg: LegRow, *, spacing_s: int) -> PaymentOutcome:
    """What the answer to an order or to a look means for the leg. A 404 to a look is for the caller to read."""
    if answer.status == HTTPStatus.OK:
        try:
            return _outcome_of_refund(SeenRefund.model_validate_json(answer.body), leg)
        except ValidationError:
            return unknown(UNREADABLE, "WeChat Pay's answer cannot be read.")
    refusal = refusal_of(answer)
    if refusal is None:
        return unknown(UNREADABLE, f"WeChat Pay's answer (HTTP {answer.status}) cannot be read.")
    meaning = _meaning(answer.status, refusal.code)
    return PaymentOutcome(
        kind=meaning.kind,
        elsewhere=meaning.elsewhere,
        code=refusal.code,
        sentence=f"WeChat Pay: {refusal.message or 'no message'}"[:SENTENCE_LIMIT],
        retry_after_s=spacing_s if meaning.kind is OutcomeKind.RETRY_SAME else 0,
    )


def refusal_of(answer: Answer) -> Refusal | None:
    """The error as WeChat Pay sent it; None if the body is none of its own."""
    try:
        return Refusal.model_validate_json(answer.body)
    except ValidationError:
        return None


def unknown(code: str, sentence: str) -> PaymentOutcome:
    """Whether money moved cannot be told from what we have."""
    return PaymentOutcome(kind=OutcomeKind.UNKNOWN, code=code, sentence=sentence)


def _meaning(status: int, code: str) -> Meaning:
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Meaning(OutcomeKind.UNKNOWN)  # 202 says no more than 500 does
    return REFUSALS.get(code) or _BY_HTTP_STATUS.get(status) or Meaning(OutcomeKind.UNKNOWN)


def _outcome_of_refund(refund: SeenRefund, leg: LegRow) -> PaymentOutcome:
    if refund.out_refund_no != leg.leg.provider_number:
        return unknown("other_refund", "WeChat Pay answered with another refund than the one asked for.")
    meaning = STATUSES.get(refund.status, Meaning(OutcomeKind.UNKNOWN))
    kind, code, sentence = meaning.kind, refund.status, f"WeChat Pay says the refund is {refund.status}."
    if (refund.amount.refund, refund.amount.currency) != (leg.leg.amount.minor, leg.leg.amount.currency):
        kind, code = OutcomeKind.CONFLICT, "other_amount"
        sentence = "WeChat Pay has this number with another amount."
    elif kind in _FAILED and leg.leg.state in (LegState.SUCCEEDED, LegState.REVERSED):
        kind = OutcomeKind.REVERSED
    elif kind is OutcomeKind.SUCCEEDED:
        code = sentence = ""
    return PaymentOutcome(
        kind=kind,
        provider_reference=refund.refund_id,
        code=code,
        sentence=sentence,
        elsewhere=meaning.elsewhere and kind is not OutcomeKind.CONFLICT,
        destination=refund.user_received_account or "",
    )
