"""The strict forms of what comes out of a policy's files; nothing is converted on the way."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from activities.ports import Action, Ruling
from activities.types import Timings
from domain.promotions import PromotionChoice
from domain.tenders import TenderOrder


class CheckedRuling(Ruling):
    """A ruling exactly as a table gives it: all its parts, each of its own type."""

    model_config = ConfigDict(strict=True, extra="forbid")

    action: Annotated[Action, Field(strict=False)]  # a table holds the name of an action
    row: Annotated[str, Field(min_length=1)]
    reason_code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
    refund_shipping: bool
    promotion: Annotated[PromotionChoice, Field(strict=False)]
    tender_order: Annotated[TenderOrder, Field(strict=False)]


class CheckedTimings(Timings):
    """`timings.json`: every waiting time stated, in whole seconds above zero, and the ladder in order."""

    model_config = ConfigDict(strict=True, extra="forbid")

    @model_validator(mode="after")
    def _all_stated_above_zero(self) -> Self:
        for name in type(self).model_fields:
            if name not in self.model_fields_set:
                raise ValueError(f"{name} is not stated")
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above zero")
        return self

    @model_validator(mode="after")
    def _ladder_in_order(self) -> Self:
        if not self.review_reminder_s < self.review_notice_s < self.review_escalation_s:
            raise ValueError("review_reminder_s, review_notice_s, review_escalation_s must rise (P2.7)")
        return self


def sentence_of(error: ValidationError) -> str:
    """The first thing a validation found wrong, as a sentence."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}." if place else f"{first['msg']}."
