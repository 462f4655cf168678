"""Small stand-ins for the ports of `activities.ports`; each is said what to answer and remembers what it was asked."""

from tests.fakes.clock import FakeClock
from tests.fakes.engine import FakeEngine
from tests.fakes.letters import FakeLetters
from tests.fakes.mailer import FakeMailer
from tests.fakes.payments import FakePayments
from tests.fakes.policy import FakePolicy

__all__ = ["FakeClock", "FakeEngine", "FakeLetters", "FakeMailer", "FakePayments", "FakePolicy"]
