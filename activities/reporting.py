"""Telling the staff of a run of the reconciliation: once for what it has to say (P3.3).

A letter's id is made of what the run found, so a run that finds the same again has nothing to send; letters are kept
with what became of them, so one that was cut off is sent by the next try.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date

from activities.differences import Book, BookUnit, Courier, Report, ReportLetters, RunState, SystemLetter
from activities.ports import Clock, MailRefusedError
from activities.rows import MailState


class Reporting:
    """`host` is the domain of message ids."""

    def __init__(self, book: Book, letters: ReportLetters, courier: Courier, clock: Clock, host: str) -> None:
        self._book = book
        self._letters = letters
        self._courier = courier
        self._clock = clock
        self._host = host

    async def compose(self, unit: BookUnit, report: Report) -> None:
        """Write the report's letters down, unless they are there."""
        await unit.add_letters(tuple(self._written(report)))

    async def send(self, provider: str, day: date) -> None:
        """Hand over what is not sent yet; one that the server refuses for good is kept as refused.

        Raises whatever else kept a letter from being handed over.
        """
        async with self._book.begin(provider) as unit:
            letters = await unit.unsent(provider, day)
        for letter in letters:
            changes = await self._handed_over(letter)
            async with self._book.begin(provider) as unit:
                await unit.update_letter(letter.model_copy(update=changes))

    def _written(self, report: Report) -> Iterator[SystemLetter]:
        provider, day, now = report.run.provider, report.run.day, self._clock.now()
        for n, letter in enumerate(self._letters.report(report), start=1):
            yield SystemLetter(
                message_id=f"<reconciliation.{provider}.{day}.{_digest(report)}.{n}@{self._host}>",
                provider=provider,
                day=day,
                created_at=now,
                **dict(letter),
            )

    async def _handed_over(self, letter: SystemLetter) -> dict[str, object]:
        try:
            await self._courier.send(letter)
        except MailRefusedError as error:
            return {"state": MailState.REFUSED, "failure": str(error)}
        return {"state": MailState.SENT, "sent_at": self._clock.now()}


def _digest(report: Report) -> str:
    """The same for the same news: a statement that stays away is told once, an unreadable one once for each reason."""
    run = report.run
    reason = [run.sentence] if run.state is RunState.FAILED else []
    facts = [run.state.value, *reason, *sorted(finding.finding_id for finding in report.findings)]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]
