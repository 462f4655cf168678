from __future__ import annotations

from datetime import date

from activities.differences import Report
from activities.ports import Letter, MailRefusedError, StatementLine
from activities.rows import PlainMail
from aftersales.contract.values import Language

FINANCE = "finance@shop.example"


class FakeStatements:
    """A provider's statements by day, empty unless filled; `failures` come instead of a day's."""

    def __init__(self, provider: str = "stripe") -> None:
        self.provider = provider
        self.days: dict[date, list[StatementLine]] = {}
        self.failures: dict[date, Exception] = {}

    async def of(self, day: date) -> tuple[StatementLine, ...]:
        if failure := self.failures.get(day):
            raise failure
        return tuple(self.days.get(day, ()))


class FakeReportLetters:
    """One letter, to finance, with the ids of the findings in it; remembers the reports."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def report(self, report: Report) -> tuple[Letter, ...]:
        self.reports.append(report)
        found = " ".join(finding.finding_id for finding in report.findings)
        subject = f"{report.run.provider} {report.run.day} {report.run.state.value}"
        return (Letter(recipient=FINANCE, language=Language.EN, subject=subject, body=found),)


class FakeCourier:
    """A mail server for letters about no case: down or refusing while it is told to."""

    def __init__(self) -> None:
        self.sent: list[PlainMail] = []
        self.down = False
        self.refuses = False

    async def send(self, mail: PlainMail) -> None:
        if self.down:
            raise ConnectionError("the mail server does not answer")
        if self.refuses:
            raise MailRefusedError("550 no such mailbox")
        self.sent.append(mail)
