"""Why money did not arrive, in words for the customer: kind, and of nobody's secrets (P3.2).

Codes are the providers' own, by which each adapter tells `elsewhere`, and those of `domain.rails`.
"""

from __future__ import annotations

from typing import Final

from aftersales.contract.values import Language
from integrations.letters.words import Phrases

_OTHERWISE: Final = ("支付机构未能完成这笔付款", "the payment provider did not carry it out")
_TOO_LATE: Final = ("已超过该支付方式的退款期限", "the provider's time for refunds is over")
_TAKES_NONE: Final = ("该支付方式不支持这笔退款", "that way of paying does not take this refund")
_CARD_EXPIRED: Final = ("银行卡已过期或已注销", "the card has expired or was cancelled")
_UNKNOWN: Final = ("没有找到该账户", "the account is not known there")
_CLOSED: Final = ("该账户已注销", "the account is closed")
_BARRED: Final = ("该账户状态异常，暂不能收款", "the account cannot take money just now")
_NAME: Final = ("姓名与账户不符", "the name is not that of the account's holder")
_BANK_CODE: Final = ("银行代码有误", "the bank's code is not right")
_DISPUTED: Final = ("该笔付款正在拒付争议中", "the payment is being disputed at your bank")
_LIMIT: Final = ("该账户的收款金额受限", "the account may not take this much")

FAILURES: Final[Phrases] = {
    "not_offered": _TAKES_NONE,
    "currency_not_offered": ("该渠道不支持此币种", "that way does not take this currency"),
    "past_refund_deadline": _TOO_LATE,
    "too_many_parts": ("该笔支付的退款次数已用完", "the provider takes no further part refunds"),
    "chargeback_lost": ("款项已由银行通过拒付退还", "your bank has given the payment back to you already"),
    "chargeback_open": _DISPUTED,
    # Stripe
    "charge_disputed": _DISPUTED,
    "refund_disputed_payment": _DISPUTED,
    "charge_already_refunded": ("这笔付款此前已全额退回", "the payment was given back in full before"),
    "expired_or_canceled_card": _CARD_EXPIRED,
    "expired_card": _CARD_EXPIRED,
    "expired_payment_method": _CARD_EXPIRED,
    "lost_or_stolen_card": ("银行卡已挂失", "the card was reported lost or stolen"),
    "declined": ("发卡银行拒收", "the card's bank did not take it"),
    "account_closed": _CLOSED,
    "no_account": _UNKNOWN,
    "bank_account_restricted": _BARRED,
    "bank_account_unusable": _BARRED,
    "payment_method_bank_account_blocked": _BARRED,
    # Alipay
    "TRADE_HAS_FINISHED": _TOO_LATE,
    "TRADE_NOT_ALLOW_REFUND": _TAKES_NONE,
    "NOT_ALLOW_PARTIAL_REFUND": _TAKES_NONE,
    "BUYER_NOT_EXIST": _UNKNOWN,
    "BUYER_ERROR": _BARRED,
    "BUYER_ENABLE_STATUS_FORBID": _BARRED,
    "PAYEE_NOT_EXIST": _UNKNOWN,
    "PAYEE_ACCOUNT_NOT_EXSIT": _UNKNOWN,  # so spelled by Alipay
    "PAYEE_USER_INFO_ERROR": _NAME,
    "PAYEE_ACCOUNT_STATUS_ERROR": _BARRED,
    "PAYEE_USERINFO_STATUS_ERROR": _BARRED,
    "NO_ACCOUNT_RECEIVE_PERMISSION": _BARRED,
    "EXCEED_LIMIT_DC_RECEIVED": _LIMIT,
    "PERMIT_NON_BANK_LIMIT_PAYEE": _LIMIT,
    # WeChat Pay
    "TRADE_OVERDUE": _TOO_LATE,
    "USER_ACCOUNT_ABNORMAL": _BARRED,
    "ABNORMAL": _BARRED,
    # banks, by ISO 20022
    "AC01": _UNKNOWN,
    "AC03": _UNKNOWN,
    "AC04": _CLOSED,
    "AC06": _BARRED,
    "AC07": _CLOSED,
    "AC14": ("该类账户不能收款", "that kind of account takes no transfers"),
    "AG01": ("该类账户不能收款", "that kind of account takes no transfers"),
    "BE01": _NAME,
    "RC01": _BANK_CODE,
    "RC04": _BANK_CODE,
    "RC07": _BANK_CODE,
}


def failure(code: str, language: Language) -> str:
    """The words for a code, whose family may stand before a dot; for one without words what is true of all."""
    chinese, english = FAILURES.get(code.rpartition(".")[2], _OTHERWISE)
    return chinese if language is Language.ZH_CN else english
