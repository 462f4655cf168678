"""Bank payouts behind the port of `activities.ports.Payments`, by ISO 20022's words (P3.2, P3.3; design: payments).

No single bank's API but what theirs have in common; docs/providers/bank.md says what to compare before going live.
"""

from integrations.bank.account_words import AccountProblem
from integrations.bank.accounts import (
    AccountField,
    AccountRefusedError,
    EnteredAccount,
    alipay_login,
    bank_account,
    masked,
)
from integrations.bank.adapter import BankPayments
from integrations.bank.api import BankAccess
from integrations.bank.block import BankBlock
from integrations.bank.statements import BankStatements
from integrations.bank.webhook import BankWebhooks

__all__ = [
    "AccountField",
    "AccountProblem",
    "AccountRefusedError",
    "BankAccess",
    "BankBlock",
    "BankPayments",
    "BankStatements",
    "BankWebhooks",
    "EnteredAccount",
    "alipay_login",
    "bank_account",
    "masked",
]
