"""What the survey's form says, and what is wrong with it (P4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs

from pydantic import ValidationError

from aftersales.contract.messages import SurveyAnswer

LONGEST_COMMENT: Final = 2000
"""As the browser counts; it sends a line's end as two characters, and the contract takes twice as many."""

_FORM_FIELDS: Final = 4


class Flaw(StrEnum):
    """What the customer is asked to mend; the page has words for each."""

    NO_SCORE = "no_score"
    TOO_LONG = "too_long"
    TOO_SLOW = "too_slow"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Filled:
    """A form as it was filled in, to be shown again; `score` as it was sent."""

    score: str = ""
    comment: str = ""


def read_form(body: bytes) -> tuple[Filled, SurveyAnswer | Flaw]:
    """What was filled in, and the answer that it makes or its first flaw."""
    try:
        fields = parse_qs(body.decode(), max_num_fields=_FORM_FIELDS)
    except ValueError:
        return Filled(), Flaw.UNREADABLE
    # NUL: no keyboard makes it and no page shows it, so nothing that the customer wrote is lost with it.
    filled = Filled(fields.get("score", [""])[0], fields.get("comment", [""])[0].replace("\0", ""))
    return filled, _answer_of(filled)


def _answer_of(filled: Filled) -> SurveyAnswer | Flaw:
    try:
        return SurveyAnswer.model_validate({"score": filled.score, "comment": filled.comment})
    except ValidationError as why:
        wrong = {str(error["loc"][0]) for error in why.errors()}
        return Flaw.NO_SCORE if "score" in wrong else Flaw.TOO_LONG
