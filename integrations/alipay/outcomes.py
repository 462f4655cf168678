"""Alipay's words in ours: refusals by their code, refunds and transfers by their status (design: payments).

Only codes and statuses are looked at, never a text. Whatever is not understood is `unknown`.
Sources: https://docs.open.alipay.com/api_1/alipay.trade.refund, api_28/alipay.fund.trans.uni.transfer, common/105806.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from activities.types import OutcomeKind, PaymentOutcome
from integrations.alipay.gateway import Answer, NotSentError, UnclearError

LONGEST_SENTENCE: Final = 500


class Verdict(NamedTuple):
    """What a code means when it answers an order; `elsewhere` as in PaymentOutcome."""

    kind: OutcomeKind
    elsewhere: bool = False


_UNKNOWN: Final = Verdict(OutcomeKind.UNKNOWN)
_RETRY: Final = Verdict(OutcomeKind.RETRY_SAME)
_MERCHANT: Final = Verdict(OutcomeKind.NEEDS_MERCHANT)
_PAYEE: Final = Verdict(OutcomeKind.NEEDS_PAYEE, elsewhere=True)
_CONFLICT: Final = Verdict(OutcomeKind.CONFLICT)
_REJECTED: Final = Verdict(OutcomeKind.REJECTED)
_ELSEWHERE: Final = Verdict(OutcomeKind.REJECTED, elsewhere=True)

TABLE: Final[Mapping[str, Verdict]] = {
    # The gateway, by its code. 20000 may come from a business that executed.
    "20000": _UNKNOWN,
    "20001": _MERCHANT,
    "40001": _MERCHANT,
    "40002": _MERCHANT,
    "40003": _MERCHANT,
    "40005": _RETRY,
    "40006": _MERCHANT,
    # Refunds of a trade; their prefix `ACQ.` is left out, for not every page and version has it.
    "SYSTEM_ERROR": _UNKNOWN,
    "REFUND_CHARGE_ERROR": _UNKNOWN,
    "ENTERPRISE_PAY_BIZ_ERROR": _UNKNOWN,
    "DISCORDANT_REPEAT_REQUEST": _CONFLICT,
    "SELLER_BALANCE_NOT_ENOUGH": _MERCHANT,
    "REFUND_ACCOUNT_NOT_EXIST": _MERCHANT,
    "OVERDRAFT_AGREEMENT_NOT_MATCH": _MERCHANT,
    "OVERDRAFT_ASSIGN_ACCOUNT_INVALID": _MERCHANT,
    "REASON_TRADE_BEEN_FREEZEN": _MERCHANT,
    "REFUNDALLOC_UNAUTH_LIMIT": _MERCHANT,
    "REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST": _MERCHANT,
    "ALLOC_AMOUNT_VALIDATE_ERROR": _MERCHANT,
    "TRADE_SETTLE_ERROR": _MERCHANT,
    "USER_NOT_MATCH_ERR": _MERCHANT,
    "ACCESS_FORBIDDEN": _MERCHANT,
    "BUYER_NOT_EXIST": _PAYEE,
    "BUYER_ERROR": _PAYEE,
    "BUYER_ENABLE_STATUS_FORBID": _PAYEE,
    "CUSTOMER_VALIDATE_ERROR": _PAYEE,
    "TRADE_HAS_FINISHED": _ELSEWHERE,
    "TRADE_NOT_ALLOW_REFUND": _ELSEWHERE,
    "NOT_ALLOW_PARTIAL_REFUND": _ELSEWHERE,
    "ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND": _ELSEWHERE,
    # A closed trade was never paid or is refunded whole, in the console perhaps: elsewhere it would be paid twice.
    "TRADE_HAS_CLOSE": _REJECTED,
    "TRADE_STATUS_ERROR": _REJECTED,
    "REASON_TRADE_STATUS_INVALID": _REJECTED,
    "TRADE_NOT_EXIST": _REJECTED,
    "REFUND_AMT_NOT_EQUAL_TOTAL": _REJECTED,
    "REASON_TRADE_REFUND_FEE_ERR": _REJECTED,
    "REFUND_FEE_ERROR": _REJECTED,
    "CURRENCY_NOT_SUPPORT": _REJECTED,
    "INVALID_PARAMETER": _REJECTED,
    # Transfers to an account.
    "REQUEST_PROCESSING": _UNKNOWN,
    "RESOURCE_LIMIT_EXCEED": _RETRY,
    "PAYMENT_INFO_INCONSISTENCY": _CONFLICT,
    "PAYER_BALANCE_NOT_ENOUGH": _MERCHANT,
    "BALANCE_IS_NOT_ENOUGH": _MERCHANT,
    "PAYMENT_MONEY_NOT_ENOUGH": _MERCHANT,
    "PAYER_STATUS_ERROR": _MERCHANT,
    "PAYER_NOT_EXIST": _MERCHANT,
    "PAYER_USER_INFO_ERROR": _MERCHANT,
    "PAYER_CERTIFY_CHECK_FAIL": _MERCHANT,
    "PAYER_PERMLIMIT_CHECK_FAILURE": _MERCHANT,
    "PAYER_DATA_INCOMPLETE": _MERCHANT,
    "PAYER_CERT_EXPIRED": _MERCHANT,
    "INVALID_PAYER_ACCOUNT": _MERCHANT,
    "PAYCARD_UNABLE_PAYMENT": _MERCHANT,
    "PERMIT_CHECK_PERM_LIMITED": _MERCHANT,
    "PERMIT_CHECK_PERM_IDENTITY_THEFT": _MERCHANT,
    "PERMIT_PAYER_FORBIDDEN": _MERCHANT,
    "PERMIT_PAYER_LOWEST_FORBIDDEN": _MERCHANT,
    "CERT_MISS_TRANS_LIMIT": _MERCHANT,
    "CERT_MISS_ACC_LIMIT": _MERCHANT,
    "EXCEED_LIMIT_DM_AMOUNT": _MERCHANT,
    "EXCEED_LIMIT_DM_MAX_AMOUNT": _MERCHANT,
    "EXCEED_LIMIT_MM_AMOUNT": _MERCHANT,
    "NO_ACCOUNT_PAYMENT_PERMISSION": _MERCHANT,
    "NO_PERMISSION_ACCOUNT": _MERCHANT,
    "PRODUCT_NOT_SIGN": _MERCHANT,
    "SECURITY_CHECK_FAILED": _MERCHANT,
    "REMARK_HAS_SENSITIVE_WORD": _MERCHANT,
    "MEMO_REQUIRED_IN_TRANSFER_ERROR": _MERCHANT,
    "PAYEE_NOT_EXIST": _PAYEE,
    "PAYEE_ACCOUNT_NOT_EXSIT": _PAYEE,
    "PAYEE_USER_INFO_ERROR": _PAYEE,
    "PAYEE_ACC_OCUPIED": _PAYEE,
    "PAYEE_ACCOUNT_STATUS_ERROR": _PAYEE,
    "PAYEE_USERINFO_STATUS_ERROR": _PAYEE,
    "PAYER_PAYEE_CANNOT_SAME": _PAYEE,
    "PERM_AML_NOT_REALNAME_REV": _PAYEE,
    "PERMIT_NON_BANK_LIMIT_PAYEE": _PAYEE,
    "NO_ACCOUNT_RECEIVE_PERMISSION": _PAYEE,
    "EXCEED_LIMIT_UNRN_DM_AMOUNT": _PAYEE,
    "EXCEED_LIMIT_DC_RECEIVED": _PAYEE,
    "EXCEED_LIMIT_SM_AMOUNT": _ELSEWHERE,
    "EXCEED_LIMIT_SM_MIN_AMOUNT": _ELSEWHERE,
    "EXCEED_LIMIT_PERSONAL_SM_AMOUNT": _ELSEWHERE,
    "EXCEED_LIMIT_ENT_SM_AMOUNT": _ELSEWHERE,
    "PAYMENT_TIME_EXPIRE": _ELSEWHERE,
}
"""Code to verdict. A business code says more than the gateway's beside it, but for 20000."""

NOT_THERE: Final = frozenset({"TRADE_NOT_EXIST", "ORDER_NOT_EXIST"})
"""What a look answers that found nothing."""


def bare(sub_code: str) -> str:
    """The code without the name of the system before it."""
    return sub_code.rpartition(".")[2]


def verdict_on(answer: Answer) -> Verdict:
    """What a refused order means."""
    if TABLE.get(answer.code) is _UNKNOWN:
        return _UNKNOWN
    return TABLE.get(bare(answer.sub_code)) or TABLE.get(answer.code, _UNKNOWN)


def outcome_of_refusal(answer: Answer, spacing_s: int) -> PaymentOutcome:
    """What an answer other than 10000 means when it answers an order."""
    kind, elsewhere = verdict_on(answer)
    return PaymentOutcome(
        kind=kind,
        code=_code(answer),
        sentence=_sentence(answer),
        elsewhere=elsewhere,
        retry_after_s=spacing_s if kind is OutcomeKind.RETRY_SAME else 0,
    )


def outcome_of_failed_look(answer: Answer) -> PaymentOutcome:
    """What an answer other than 10000 means when it answers a look: nothing about the leg, but for `not_found`."""
    code = _code(answer)
    if bare(answer.sub_code) in NOT_THERE:
        return PaymentOutcome(kind=OutcomeKind.NOT_FOUND, code=code, sentence=_sentence(answer))
    kind = verdict_on(answer).kind
    kind = kind if kind is OutcomeKind.NEEDS_MERCHANT else OutcomeKind.UNKNOWN
    return PaymentOutcome(kind=kind, code=code, sentence=_sentence(answer))


def outcome_of_silence(error: NotSentError | UnclearError) -> PaymentOutcome:
    """What no answer means for an order."""
    if isinstance(error, NotSentError):
        return PaymentOutcome(kind=OutcomeKind.RETRY_SAME, code="not_connected", sentence=str(error))
    return unknown(error.code, str(error))


def unknown(code: str, sentence: str) -> PaymentOutcome:
    """Whether money moved cannot be told from what we have."""
    return PaymentOutcome(kind=OutcomeKind.UNKNOWN, code=code, sentence=sentence)


def unreadable() -> PaymentOutcome:
    """An answer of Alipay's that is not of the shape it should have."""
    return unknown("unreadable_answer", "Alipay's answer cannot be read.")


def _code(answer: Answer) -> str:
    return answer.sub_code or answer.code or "no_code"


def _sentence(answer: Answer) -> str:
    return f"Alipay: {answer.message or _code(answer)}"[:LONGEST_SENTENCE]
