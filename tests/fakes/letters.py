from __future__ import annotations

from datetime import datetime

from activities.ports import Account, CaseRow, LegRow, Letter
from activities.types import Stage


class FakeLetters:
    """One letter to the customer, if there is an address, and one to each of `others`."""

    def __init__(self, *others: str) -> None:
        self.others = others
        self.composed: list[Stage] = []

    def compose(
        self, stage: Stage, case: CaseRow, account: Account, legs: tuple[LegRow, ...], due_at: datetime | None
    ) -> tuple[Letter, ...]:
        self.composed.append(stage)
        body = f"{stage.value} {case.number} {case.status.value} legs={len(legs)} due={due_at}"
        recipients = [recipient for recipient in (account.email, *self.others) if recipient]
        return tuple(
            Letter(recipient=recipient, language=account.language, subject=stage.value, body=body)
            for recipient in recipients
        )
