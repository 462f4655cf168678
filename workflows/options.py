"""Every timeout and retry of the workflow, in one place, each with the reason for its number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from temporalio.common import RetryPolicy

# A database step normally takes milliseconds. Three tries within eight seconds ride out a lock or a restart of a
# connection pool without a second workflow task; a longer outage is the durable step's business.
LOCAL_STEP_TIMEOUT = timedelta(seconds=4)
LOCAL_STEP_LIMIT = timedelta(seconds=8)
LOCAL_STEP_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), backoff_coefficient=3, maximum_attempts=3)

# The same step while the database is down: slow tries, since each is a billable action, but never further apart
# than half a minute, so that a case goes on soon after the database does.
DURABLE_STEP_TIMEOUT = timedelta(seconds=30)
DURABLE_STEP_LIMIT = timedelta(days=30)
DURABLE_STEP_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=3), backoff_coefficient=1.7, maximum_interval=timedelta(seconds=30)
)

# One call of a provider, tried once: whatever happened to it, the workflow asks before it sends again. The adapter's
# own timeout is shorter, so that this one ends only what a killed worker left behind.
PROVIDER_CALL_TIMEOUT = timedelta(seconds=20)
PROVIDER_HEARTBEAT_TIMEOUT = timedelta(seconds=6)
PROVIDER_CALL_RETRY = RetryPolicy(maximum_attempts=1)

# A queue that no worker serves is told to people after this: longer than a deployment, or the backlog of a provider
# that takes few calls a second.
PROVIDER_QUEUE_LIMIT = timedelta(hours=1)

# Mail waits out a mail server that is away for days, and costs few actions meanwhile.
LETTER_TIMEOUT = timedelta(seconds=60)
LETTER_LIMIT = timedelta(days=3)
LETTER_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=5), backoff_coefficient=3, maximum_interval=timedelta(hours=1)
)

# Twenty pieces of evidence, a scan of two minutes each at worst. Nobody can open them before, so a scanner may be away
# over long holidays; after that the case must be able to end.
EVIDENCE_CHECK_TIMEOUT = timedelta(minutes=45)
EVIDENCE_CHECK_LIMIT = timedelta(days=10)
EVIDENCE_HEARTBEAT_TIMEOUT = timedelta(minutes=5)
EVIDENCE_CHECK_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=10), backoff_coefficient=3, maximum_interval=timedelta(hours=1)
)

# How often an order that the shop does not know yet is looked up.
ORDER_LOOKUP_PAUSE = timedelta(seconds=30)


def provider_pauses() -> Iterator[timedelta]:
    """Pauses between tries of a provider that cannot be reached: fast at first, then slow and cheap."""
    for seconds in (2, 10, 60, 180, 480, 900):
        yield timedelta(seconds=seconds)
    while True:
        yield timedelta(minutes=30)


def merchant_pauses(first: timedelta) -> Iterator[timedelta]:
    """Pauses while the merchant's own account needs somebody: an hour by default, some hours, then daily."""
    yield first
    yield first * 4
    while True:
        yield first * 24


def hand_pauses(poll: timedelta) -> Iterator[timedelta]:
    """Pauses between looks at a payment that two people make: their own word wakes the case, so this is a safety."""
    while True:
        yield poll * 24


def poll_pauses(first: timedelta) -> Iterator[timedelta]:
    """Pauses between looks at an accepted payment; the provider's own message usually comes first."""
    pause = first
    while True:
        yield pause
        pause = min(pause * 3, timedelta(days=1))
