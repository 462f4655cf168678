"""What the supervisors are written when the rules stopped approving by themselves (P5.1)."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from activities.ports import Letter
from activities.precautions import Breaker
from domain.budgets import Cause
from integrations.letters.composer import LetterSettings
from integrations.letters.facts import moment
from integrations.letters.written import Templates

_CAUSES: Final = frozenset(Cause)


class BreakerLetters:
    """Implements `activities.alerting.AlarmLetters`, in the staff's language."""

    def __init__(self, settings: LetterSettings) -> None:
        self._settings = settings
        self._templates = Templates()

    def opened(self, breaker: Breaker) -> tuple[Letter, ...]:
        recipient, language = self._settings.supervisors_mail, self._settings.staff_language
        if not recipient:
            return ()
        at, zone = breaker.changed_at, ZoneInfo(self._settings.time_zone)
        written = self._templates.write(
            language,
            "system/breaker",
            cause=breaker.why if breaker.why in _CAUSES else "",
            why=" ".join(breaker.why.split()),
            seen=breaker.seen,
            against=breaker.against,
            at=moment(at, language, zone) if at else "",
            by=breaker.changed_by,
            shop=self._settings.shop_name,
        )
        return (Letter(recipient=recipient, language=language, **written._asdict()),)
