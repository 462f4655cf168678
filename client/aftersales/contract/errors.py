"""What each error code means: its HTTP status, whether trying again can help, and who is to be told."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from aftersales.contract.values import ErrorCode


class Tell(StrEnum):
    """Who can do something about an error."""

    CALLER = "caller"
    CUSTOMER = "customer"
    OPS = "ops"


class ErrorRule(NamedTuple):
    http_status: int
    retryable: bool
    tell: Tell


RULES: dict[ErrorCode, ErrorRule] = {
    ErrorCode.ORDER_UNKNOWN: ErrorRule(404, retryable=True, tell=Tell.CUSTOMER),
    ErrorCode.NOT_YOUR_ORDER: ErrorRule(403, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.ORDER_NOT_PAID: ErrorRule(409, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.ITEM_NOT_IN_ORDER: ErrorRule(422, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.QUANTITY_TOO_HIGH: ErrorRule(422, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.UNIT_ALREADY_CLAIMED: ErrorRule(409, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.AMOUNT_REFUSED: ErrorRule(422, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.WRONG_CURRENCY: ErrorRule(422, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.REQUEST_KEY_REUSED: ErrorRule(409, retryable=False, tell=Tell.CALLER),
    ErrorCode.PROOF_MISSING: ErrorRule(401, retryable=False, tell=Tell.CALLER),
    ErrorCode.PROOF_INVALID: ErrorRule(401, retryable=False, tell=Tell.CALLER),
    ErrorCode.ROLE_NOT_ALLOWED: ErrorRule(403, retryable=False, tell=Tell.CALLER),
    ErrorCode.FRESH_LOGIN_NEEDED: ErrorRule(403, retryable=False, tell=Tell.CALLER),
    ErrorCode.NOT_YOUR_CASE: ErrorRule(403, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.NOT_NOW: ErrorRule(409, retryable=False, tell=Tell.CALLER),
    ErrorCode.TOO_LATE: ErrorRule(409, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.CASE_CLOSED: ErrorRule(410, retryable=False, tell=Tell.CALLER),
    ErrorCode.CASE_UNKNOWN: ErrorRule(404, retryable=False, tell=Tell.CALLER),
    ErrorCode.APPEAL_USED: ErrorRule(409, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.SURVEY_ANSWERED: ErrorRule(409, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.EVIDENCE_UNKNOWN: ErrorRule(422, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.DECISION_INCOMPLETE: ErrorRule(422, retryable=False, tell=Tell.CALLER),
    ErrorCode.PAYEE_UNKNOWN: ErrorRule(422, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.PAYOUT_NOT_POSSIBLE: ErrorRule(422, retryable=False, tell=Tell.CUSTOMER),
    ErrorCode.PAYMENT_UNKNOWN: ErrorRule(404, retryable=False, tell=Tell.CALLER),
    ErrorCode.SAME_PERSON: ErrorRule(403, retryable=False, tell=Tell.CALLER),
    ErrorCode.CEILING_EXCEEDED: ErrorRule(403, retryable=False, tell=Tell.CALLER),
    ErrorCode.CLAIMED_BY_ANOTHER: ErrorRule(409, retryable=True, tell=Tell.CALLER),
    ErrorCode.CHARGEBACK_OPEN: ErrorRule(409, retryable=False, tell=Tell.CALLER),
    ErrorCode.REASON_NEEDED: ErrorRule(422, retryable=False, tell=Tell.CALLER),
    ErrorCode.GROUP_UNKNOWN: ErrorRule(422, retryable=False, tell=Tell.CALLER),
    ErrorCode.NUMBER_INVALID: ErrorRule(422, retryable=False, tell=Tell.CALLER),
    ErrorCode.NOBODY_ANSWERS: ErrorRule(503, retryable=True, tell=Tell.OPS),
    ErrorCode.ENGINE_UNAVAILABLE: ErrorRule(503, retryable=True, tell=Tell.OPS),
    ErrorCode.STEP_CONFLICT: ErrorRule(409, retryable=False, tell=Tell.OPS),
}


class AftersalesError(Exception):
    """A rule was not met. `code` is stable; `str(error)` is one readable sentence."""

    def __init__(self, code: ErrorCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code

    @property
    def rule(self) -> ErrorRule:
        return RULES[self.code]
