"""Small stand-ins for the ports of `activities.ports`; each is said what to answer and remembers what it was asked."""

from tests.fakes.clock import FakeClock
from tests.fakes.engine import FakeEngine
from tests.fakes.letters import FakeLetters
from tests.fakes.mailer import FakeMailer
from tests.fakes.payments import BANK_ACCOUNT, NO_LIMITS, FakePayees, FakePayments
from tests.fakes.policy import FakePolicy
from tests.fakes.statements import FakeCourier, FakeReportLetters, FakeStatements

__all__ = [
    "BANK_ACCOUNT",
    "NO_LIMITS",
    "FakeClock",
    "FakeCourier",
    "FakeEngine",
    "FakeLetters",
    "FakeMailer",
    "FakePayees",
    "FakePayments",
    "FakePolicy",
    "FakeReportLetters",
    "FakeStatements",
]
