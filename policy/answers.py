"""The strict forms of what comes out of a policy's files; nothing is converted on the way, everything has a bound."""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from activities.rulings import Action, Breaking, Ceilings, Eligibility, EvidenceRule, RiskRules
from aftersales.contract.values import Frozen
from domain.promotions import PromotionChoice
from domain.tenders import TenderOrder

_STRICT: Final = ConfigDict(strict=True, extra="forbid")
_TEN_YEARS_S: Final = 10 * 366 * 86400

Days = Annotated[int, Field(ge=0, le=3650)]
Seconds = Annotated[int, Field(ge=1, le=_TEN_YEARS_S)]
Minor = Annotated[int, Field(ge=0, le=10**13)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Points = Annotated[int, Field(ge=0, le=1000)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]


class CheckedEligibility(Eligibility):
    model_config = _STRICT

    window_days: Days
    fault_window_days: Days
    fallback_days: Days


class CheckedEvidence(EvidenceRule):
    model_config = _STRICT

    pieces: Annotated[int, Field(ge=0, le=20)]
    pictures: Annotated[int, Field(ge=0, le=20)]

    @model_validator(mode="after")
    def _pictures_are_pieces(self) -> Self:
        if self.pictures > self.pieces:
            raise ValueError("pictures are pieces of evidence, too: there cannot be more of them")
        return self


class Decided(Frozen):
    """What the decision table says."""

    model_config = _STRICT

    action: Action
    reason_code: Code


class AmountRules(Frozen):
    """What the amounts table says; `restocking_fee_bp` in hundredths of a per cent of the goods."""

    model_config = _STRICT

    refund_shipping: bool
    restocking_fee_bp: Annotated[int, Field(ge=0, le=10_000)]
    promotion: PromotionChoice
    tender_order: TenderOrder


class Routed(Frozen):
    """Which group of the staff reviews."""

    model_config = _STRICT

    group: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=64)]


class LadderWaits(Frozen):
    """The 24-hour ladder (P2.7) and what else is waited for while a case is open; seconds."""

    model_config = _STRICT

    review_reminder_s: Seconds
    review_notice_s: Seconds
    review_escalation_s: Seconds
    review_repeat_s: Seconds
    evidence_window_s: Seconds
    payment_poll_s: Seconds
    payout_reminder_s: Seconds
    payout_window_s: Seconds
    order_lookup_s: Seconds

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.review_reminder_s < self.review_notice_s < self.review_escalation_s:
            raise ValueError("review_reminder_s, review_notice_s, review_escalation_s must rise (P2.7)")
        if not self.payout_reminder_s < self.payout_window_s:
            raise ValueError("payout_reminder_s must be below payout_window_s")
        return self


class AftercareWaits(Frozen):
    """Survey (P4.2), appeal (P2.8) and how long money may still come back; seconds."""

    model_config = _STRICT

    survey_after_s: Seconds
    survey_reminder_s: Seconds
    survey_window_s: Seconds
    appeal_window_s: Seconds
    reversal_window_s: Seconds

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.survey_reminder_s < self.survey_window_s:
            raise ValueError("survey_reminder_s must be below survey_window_s")
        return self


class CheckedCeilings(Ceilings):
    model_config = _STRICT

    automatic_case: Minor
    automatic_customer_day: Minor
    automatic_product_day: Minor
    automatic_day: Minor
    agent_case: Minor
    supervisor_case: Minor
    finance_case: Minor
    four_eyes: Minor
    customer_period: Minor
    period_days: Annotated[int, Field(ge=1, le=366)]
    order: Minor

    @model_validator(mode="after")
    def _rising(self) -> Self:
        for rising in (
            ("agent_case", "supervisor_case", "finance_case"),
            ("automatic_case", "automatic_customer_day", "automatic_day"),
            ("automatic_case", "automatic_product_day", "automatic_day"),
        ):
            if sorted(rising, key=lambda name: int(getattr(self, name))) != list(rising):
                raise ValueError(f"{', '.join(rising)} must not fall")
        return self


SIGNS: Final = frozenset(
    {
        "contact_not_verified",
        "guest",
        "young_account",
        "many_cases_customer",
        "many_cases_payment",
        "many_cases_address",
        "high_refund_rate",
        "keep_items",
        "empty_boxes",
        "not_received_before",
        "large_amount_for_customer",
        "evidence_reused",
        "weight_differs",
        "listed_block",
    }
)
"""The signs of fraud that are counted (P6.1)."""


class CheckedRiskRules(RiskRules):
    """`risk.json`: each sign with its points, and two levels that rise."""

    model_config = _STRICT

    points: dict[str, Points]
    medium_from: Annotated[int, Field(ge=1)]
    high_from: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _each_sign_once(self) -> Self:
        missing, unknown = sorted(SIGNS - self.points.keys()), sorted(self.points.keys() - SIGNS)
        if missing or unknown:
            raise ValueError(f"missing signs: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}")
        if not self.medium_from < self.high_from <= sum(self.points.values()):
            raise ValueError(
                "medium_from must be below high_from, and that at most all points together, or no risk is ever high"
            )
        return self


class CheckedBreaking(Breaking):
    """`breaking.json`."""

    model_config = _STRICT

    days: Annotated[int, Field(ge=1, le=90)]
    least_cases: Count
    refund_rate_percent: Annotated[int, Field(ge=101, le=100_000)]
    least_calls: Count
    failure_percent: Annotated[int, Field(ge=1, le=100)]


class Complaint(NamedTuple):
    """What a validation found wrong, as a sentence; `column`: the field, or "" if it is several together."""

    column: str
    sentence: str


def complaints(error: ValidationError) -> list[Complaint]:
    """All that a validation found wrong."""
    return [_complaint(found) for found in error.errors(include_url=False)]


def _complaint(found: ErrorDetails) -> Complaint:
    place = ".".join(str(part) for part in found["loc"])
    said = found["msg"].removeprefix("Value error, ")
    return Complaint(str(next(iter(found["loc"]), "")), f"{place}: {said}." if place else f"{said}.")
