from datetime import UTC, datetime, timedelta

from activities.ports import Clock
from integrations.clock import SystemClock
from portal.ports import Clock as SleepingClock


async def test_the_clock_shows_the_machines_time_in_utc_and_sleeps_by_it() -> None:
    clock: Clock = SystemClock()
    now = clock.now()
    assert now.utcoffset() == timedelta()
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
    sleeping: SleepingClock = SystemClock()
    await sleeping.sleep(0.02)
    assert clock.now() - now > timedelta(seconds=0.01)
