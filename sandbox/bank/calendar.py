"""When a bank books an order: at once, or at the opening of its next working day."""

from datetime import UTC, datetime, timedelta

from sandbox.bank.settings import BankTerms

OPENING_HOUR = 8
SATURDAY = 5


def due_at(now: float, terms: BankTerms) -> float:
    """When an order taken ``now`` is booked; both in seconds since the epoch, days and hours in UTC."""
    moment = datetime.fromtimestamp(now, UTC)
    late = terms.cut_off_hour is not None and moment.hour >= terms.cut_off_hour
    if not late and _open(moment, terms):
        return now
    day = moment.replace(hour=OPENING_HOUR, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while not _open(day, terms):
        day += timedelta(days=1)
    return day.timestamp()


def _open(day: datetime, terms: BankTerms) -> bool:
    return not terms.closed_weekends or day.weekday() < SATURDAY
