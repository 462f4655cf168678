"""Payouts of a bank: JSON orders, ISO 20022 statuses and reasons, camt.053 statements.

No single bank's API, but what theirs have in common (https://www.iso20022.org/catalogue-messages/additional-content-messages/external-code-sets).
"""

from sandbox.bank.admin import router
from sandbox.bank.provider import BankProvider, open_bank
from sandbox.bank.settings import BankSettings

__all__ = ["BankProvider", "BankSettings", "open_bank", "router"]
