"""What the supervisors are written when the rules stopped approving by themselves (P5.1)."""

from __future__ import annotations

import re
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from activities.ports import Letter
from activities.precautions import Breaker
from domain.budgets import Cause
from integrations.letters.composer import TEMPLATES, LetterSettings
from integrations.letters.facts import moment

_GAPS: Final = re.compile(r"\n{3,}")
_CAUSES: Final = frozenset(Cause)


class BreakerLetters:
    """Implements `activities.alerting.AlarmLetters`, in the staff's language."""

    def __init__(self, settings: LetterSettings) -> None:
        self._settings = settings
        self._templates = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=select_autoescape(),  # html only: the letters are plain text
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def opened(self, breaker: Breaker) -> tuple[Letter, ...]:
        recipient, language = self._settings.supervisors_mail, self._settings.staff_language
        if not recipient:
            return ()
        at, zone = breaker.changed_at, ZoneInfo(self._settings.time_zone)
        text = self._templates.get_template(f"{language.value}/system/breaker.txt").render(
            cause=breaker.why if breaker.why in _CAUSES else "",
            why=" ".join(breaker.why.split()),
            seen=breaker.seen,
            against=breaker.against,
            at=moment(at, language, zone) if at else "",
            by=breaker.changed_by,
            shop=self._settings.shop_name,
        )
        subject, _, body = _GAPS.sub("\n\n", text).partition("\n")
        return (Letter(recipient=recipient, language=language, subject=subject.strip(), body=f"{body.strip()}\n"),)
