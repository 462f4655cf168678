"""Start, signal, update, query and follow refund cases.

Names are loaded at first use: the pure rules import `aftersales.contract.values` without paying for, or
depending on, temporalio.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aftersales.client import AfterSales
    from aftersales.connection import connect
    from aftersales.contract.errors import AftersalesError
    from aftersales.contract.messages import (
        Answer,
        Appeal,
        Application,
        Decision,
        EvidenceSupplied,
        HandPayment,
        Item,
        PaymentChanged,
        PayoutChoice,
        SurveyAnswer,
        Withdrawal,
    )
    from aftersales.contract.numbers import parse_number
    from aftersales.contract.values import (
        OUTCOMES,
        CaseKind,
        CaseStatus,
        Channel,
        DecisionKind,
        ErrorCode,
        EvidenceRef,
        HandPaymentAct,
        Language,
        Money,
        PayoutMethod,
        Reason,
        Role,
    )
    from aftersales.contract.views import CaseView
    from aftersales.encryption import EncryptionSettings
    from aftersales.proof import ProofKey, Signer
    from aftersales.script import run
    from aftersales.sealing import EncryptionError, EncryptionKey
    from aftersales.search import FoundCase

__all__ = [
    "OUTCOMES",
    "AfterSales",
    "AftersalesError",
    "Answer",
    "Appeal",
    "Application",
    "CaseKind",
    "CaseStatus",
    "CaseView",
    "Channel",
    "Decision",
    "DecisionKind",
    "EncryptionError",
    "EncryptionKey",
    "EncryptionSettings",
    "ErrorCode",
    "EvidenceRef",
    "EvidenceSupplied",
    "FoundCase",
    "HandPayment",
    "HandPaymentAct",
    "Item",
    "Language",
    "Money",
    "PaymentChanged",
    "PayoutChoice",
    "PayoutMethod",
    "ProofKey",
    "Reason",
    "Role",
    "Signer",
    "SurveyAnswer",
    "Withdrawal",
    "connect",
    "parse_number",
    "run",
]

_MODULES = (
    "contract.values",
    "contract.errors",
    "contract.numbers",
    "contract.messages",
    "contract.views",
    "proof",
    "script",
    "sealing",
    "encryption",
    "connection",
    "search",
    "client",
)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in __all__:
            for module in _MODULES:
                found = vars(import_module(f"aftersales.{module}")).get(name)
                if found is not None:
                    return found
        raise AttributeError(f"module 'aftersales' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
