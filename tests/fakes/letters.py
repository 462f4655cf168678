from __future__ import annotations

from activities.ports import Letter
from activities.rows import Account, CaseRow, LegRow
from activities.types import Notify, Stage


class FakeLetters:
    """One letter to the customer, if there is an address, and one to each of `others`; none of a stage in `untrue`."""

    def __init__(self, *others: str) -> None:
        self.others = others
        self.composed: list[Stage] = []
        self.untrue: set[Stage] = set()

    def compose(self, order: Notify, case: CaseRow, account: Account, legs: tuple[LegRow, ...]) -> tuple[Letter, ...]:
        if order.stage in self.untrue:
            return ()
        self.composed.append(order.stage)
        body = (
            f"{order.stage.value} {case.number} {case.status.value} legs={len(legs)} due={order.due_at} "
            f"approves={order.approves}"
        )
        recipients = [recipient for recipient in (account.email, *self.others) if recipient]
        return tuple(
            Letter(recipient=recipient, language=account.language, subject=order.stage.value, body=body)
            for recipient in recipients
        )
