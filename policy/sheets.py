"""The tables of a version: what each is asked with and what it answers (P2.1, P5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Generic, NamedTuple, TypeVar

from activities.rulings import Action, Ceilings, Eligibility, EvidenceRule, Facts, Goods, Standpoint
from aftersales.contract.values import Frozen
from policy.answers import (
    AftercareWaits,
    AmountRules,
    CheckedCeilings,
    CheckedEligibility,
    CheckedEvidence,
    Decided,
    LadderWaits,
    Routed,
)

ROW: Final = "row"
"""The output column that names the row itself: how the engine's answer is known for a row of ours."""

AnswerT_co = TypeVar("AnswerT_co", bound=Frozen, covariant=True)


class Sheet(NamedTuple, Generic[AnswerT_co]):
    """A table's name, the facts that it is asked with, what it answers, the strict form in which that is written down,
    and what its last row has to say."""

    name: str
    inputs: Mapping[str, type]
    answer: type[AnswerT_co]
    form: type[Frozen]
    otherwise: Mapping[str, object] = {}

    @property
    def outputs(self) -> dict[str, type]:
        """The output columns with the type of each."""
        return {ROW: str, **types_of(self.answer)}


def types_of(*models: type[Frozen]) -> dict[str, type]:
    """The fields that are words, numbers or yes-or-no, each with its type."""
    return {
        name: field.annotation
        for model in models
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, type)
    }


_FACTS: Final = types_of(Goods, Facts, Standpoint) | {"evidence_enough": bool, "action": Action, "reason_code": str}
_DECIDED_BY: Final = tuple(
    name for name in (*Facts.model_fields, *Standpoint.model_fields, "evidence_enough") if name != "goods"
)
LOWEST: Final[Mapping[str, int]] = {
    "amount_minor": 0,
    "days_since_delivery": -1,
    "evidence_count": 0,
    "picture_count": 0,
    "risk_score": 0,
}
"""The least value of a number, where it has one."""


def _asked_with(*facts: str) -> dict[str, type]:
    return {name: _FACTS[name] for name in facts}


ELIGIBILITY: Final[Sheet[Eligibility]] = Sheet(
    "eligibility", _asked_with("category", "final_sale", "reason", "kind", "channel"), Eligibility, CheckedEligibility
)
EVIDENCE: Final[Sheet[EvidenceRule]] = Sheet(
    "evidence", _asked_with("reason", "kind", "amount_minor", "currency", "risk_level"), EvidenceRule, CheckedEvidence
)
DECISION: Final[Sheet[Decided]] = Sheet(
    "decision", _asked_with(*_DECIDED_BY), Decided, Decided, {"action": Action.REVIEW}
)
AMOUNTS: Final[Sheet[AmountRules]] = Sheet(
    "amounts",
    _asked_with(
        "action",
        "reason",
        "kind",
        "right",
        "in_window",
        "goods_back",
        "unused",
        "packaging_intact",
        "amount_minor",
        "currency",
        "channel",
    ),
    AmountRules,
    AmountRules,
)
ROUTING: Final[Sheet[Routed]] = Sheet(
    "routing",
    _asked_with(
        "reason_code",
        "reason",
        "kind",
        "amount_minor",
        "currency",
        "channel",
        "account_active",
        "shipment",
        "risk_level",
        "listed",
        "chargeback_open",
        "source_down",
    ),
    Routed,
    Routed,
)
LADDER: Final[Sheet[LadderWaits]] = Sheet("ladder", _asked_with("reason", "kind"), LadderWaits, LadderWaits)
AFTERCARE: Final[Sheet[AftercareWaits]] = Sheet(
    "aftercare", _asked_with("reason", "kind"), AftercareWaits, AftercareWaits
)
CEILINGS: Final[Sheet[Ceilings]] = Sheet(
    "ceilings",
    _asked_with("currency"),
    Ceilings,
    CheckedCeilings,
    dict.fromkeys(("automatic_case", "automatic_customer_day", "automatic_product_day", "automatic_day"), 0),
)
SHEETS: Final[tuple[Sheet[Frozen], ...]] = (
    ELIGIBILITY,
    EVIDENCE,
    DECISION,
    AMOUNTS,
    ROUTING,
    LADDER,
    AFTERCARE,
    CEILINGS,
)
"""In the sequence in which people read them."""

RISK: Final = "risk"
BREAKING: Final = "breaking"
NAMES: Final = (*(sheet.name for sheet in SHEETS), RISK, BREAKING)
"""The files of a version."""
