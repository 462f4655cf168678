"""When a payment and its lines agree, when they differ, and when it is too early to say (P3.3, R18)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.contract.values import LegState, Money, Movement
from domain.reconciling import Difference, Ours, Terms, compare, shows_return

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
GRACE_DAYS = 3
AROUND = frozenset((NOON + n * DAY).date() for n in range(-1, GRACE_DAYS + 1))


class Moved(NamedTuple):
    line_id: str = "txn-1"
    booked_at: datetime = NOON
    amount: Money = Money(minor=1000, currency="USD")
    provider_number: str = "A-1-1"
    reference: str = "re_1"
    returned: bool = False


def ours(state: LegState = LegState.SUCCEEDED, **changes: object) -> Ours:
    facts: dict[str, Any] = {
        "provider_number": "A-1-1",
        "reference": "re_1",
        "amount": Money(minor=1000, currency="USD"),
        "state": state,
        "began_at": NOON,
        "since": NOON,
    }
    return Ours(**facts | changes)


def difference(
    payment: Ours | None, *lines: Moved, at: datetime = NOON + 5 * DAY, read: frozenset[date] = AROUND
) -> Difference | None:
    """Of the only payment on either side."""
    [found] = compare(lines, [payment] if payment else [], Terms(at, GRACE_DAYS, read))
    return found.difference


PAID, BACK = Moved(), Moved("txn-2", returned=True)
S = LegState


@pytest.mark.parametrize(
    ("state", "lines", "verdict"),
    [
        (S.SUCCEEDED, [PAID], None),
        (S.SUCCEEDED, [PAID, BACK], Difference.STATE_DIFFERS),
        (S.SUCCEEDED, [BACK], Difference.STATE_DIFFERS),
        (S.SUCCEEDED, [PAID, PAID, BACK], None),
        (S.REVERSED, [PAID, BACK], None),
        (S.REVERSED, [PAID], Difference.STATE_DIFFERS),
        (S.REVERSED, [], None),
        (S.FAILED, [], None),
        (S.FAILED, [PAID, BACK], None),
        (S.FAILED, [PAID], Difference.MISSING_HERE),
        (S.PENDING, [PAID], None),
        (S.PENDING, [PAID, BACK], Difference.STATE_DIFFERS),
        *((state, [PAID], Difference.MISSING_HERE) for state in (S.RESERVED, S.SUBMITTING, S.CONFIRMING, S.BLOCKED)),
        (S.RESERVED, [], None),
        (S.SUCCEEDED, [], Difference.MISSING_THERE),
        (S.SUCCEEDED, [PAID, Moved("txn-3")], Difference.DOUBLE),
        (S.SUCCEEDED, [Moved(amount=Money(minor=1001, currency="USD"))], Difference.AMOUNT_DIFFERS),
        (S.SUCCEEDED, [Moved(amount=Money(minor=1000, currency="EUR"))], Difference.AMOUNT_DIFFERS),
        (S.FAILED, [PAID, Moved("txn-3")], Difference.DOUBLE),
    ],
)
def test_the_two_sides_agree_or_differ_in_one_way(
    state: LegState, lines: list[Moved], verdict: Difference | None
) -> None:
    assert difference(ours(state), *lines) is verdict


@pytest.mark.parametrize("lines", [[PAID], [PAID, PAID], [BACK], [PAID, BACK]])
def test_money_under_a_number_that_was_never_issued_is_missing_here(lines: list[Moved]) -> None:
    assert difference(None, *lines) is Difference.MISSING_HERE


@pytest.mark.parametrize("unread", sorted(AROUND))
def test_a_payment_is_missing_there_only_when_every_day_was_read_on_which_it_could_be_booked(unread: date) -> None:
    assert difference(ours(), read=AROUND) is Difference.MISSING_THERE
    assert difference(ours(), read=AROUND - {unread}) is None


def test_a_payment_that_was_sent_long_before_it_succeeded_may_be_booked_on_any_day_between() -> None:
    sent_early = ours(began_at=NOON - 3 * DAY)
    assert difference(sent_early) is None
    before = frozenset((NOON - n * DAY).date() for n in range(5))
    assert difference(sent_early, read=AROUND | before) is Difference.MISSING_THERE


def test_a_return_that_we_recorded_is_awaited_in_the_statement_for_the_days_of_grace() -> None:
    assert difference(ours(S.REVERSED), PAID, read=frozenset({NOON.date()})) is None


@pytest.mark.parametrize(
    ("state", "changes", "late_after"),
    [
        (S.PENDING, {"expected_by": NOON + 2 * DAY}, 2 * DAY + GRACE_DAYS * DAY),
        (S.PENDING, {}, 14 * DAY + GRACE_DAYS * DAY),
        (S.CONFIRMING, {}, DAY),
        (S.SUBMITTING, {}, DAY),
        (S.BLOCKED, {}, DAY),
    ],
)
def test_each_state_may_stay_open_for_its_own_time(
    state: LegState, changes: dict[str, object], late_after: timedelta
) -> None:
    payment = ours(state, since=None, **changes)
    assert difference(payment, at=NOON + late_after) is None
    assert difference(payment, at=NOON + late_after + timedelta(seconds=1)) is Difference.PENDING_TOO_LONG


def test_a_payment_that_was_never_sent_is_not_late() -> None:
    assert difference(ours(S.PENDING, began_at=None), at=NOON + 99 * DAY) is None


@pytest.mark.parametrize(
    ("provider", "shown"), [("stripe", True), ("bank", True), ("alipay", False), ("wechat", False)]
)
def test_a_refund_bill_that_is_written_once_is_silent_on_what_comes_back_later(provider: str, shown: bool) -> None:
    assert shows_return(provider, Movement.REFUND) is shown
    assert shows_return(provider, Movement.PAYOUT)


@pytest.mark.parametrize("state", [S.REVERSED, S.FAILED])
def test_a_silent_bill_is_overtaken_by_what_the_provider_said_later(state: LegState) -> None:
    payment = ours(state, shows_return=False, since=NOON + DAY)
    assert difference(payment, PAID) is None


def test_a_silent_bill_that_was_written_after_the_providers_no_is_not_overtaken() -> None:
    payment = ours(S.FAILED, shows_return=False, since=NOON - timedelta(hours=1))
    assert difference(payment, PAID) is Difference.MISSING_HERE


def test_a_line_without_our_number_belongs_to_the_only_payment_of_its_reference() -> None:
    assert difference(ours(), PAID._replace(provider_number="")) is None


def test_of_several_payments_with_one_reference_it_belongs_to_the_only_one_of_its_amount() -> None:
    other = ours(provider_number="B-1-1", amount=Money(minor=300, currency="USD"))
    found = compare([PAID._replace(provider_number="")], [other, ours()], Terms(NOON, GRACE_DAYS, frozenset()))
    assert [(each.subject, len(each.lines)) for each in found] == [("A-1-1", 1), ("B-1-1", 0)]


def test_a_line_that_could_be_of_two_payments_stands_alone() -> None:
    twin = ours(provider_number="B-1-1")
    found = compare([PAID._replace(provider_number="")], [twin, ours()], Terms(NOON, GRACE_DAYS, frozenset()))
    assert [each.subject for each in found if each.difference] == ["txn-1"]


def test_a_number_that_is_not_ours_is_not_excused_by_a_reference_that_is() -> None:
    found = compare([PAID._replace(provider_number="X")], [ours()], Terms(NOON, GRACE_DAYS, frozenset()))
    assert [(each.subject, each.difference) for each in found] == [("A-1-1", None), ("X", Difference.MISSING_HERE)]


def test_lines_that_name_nothing_are_told_apart_by_their_own_ids() -> None:
    lines = [Moved(name, provider_number="", reference="") for name in ("txn-8", "txn-9")]
    found = compare(lines, [ours(reference="")], Terms(NOON, GRACE_DAYS, frozenset()))
    assert [each.subject for each in found if each.difference] == ["txn-8", "txn-9"]


@pytest.mark.parametrize(
    ("payment", "lines", "known"),
    [
        (ours(), [PAID], 1),
        (ours(), [PAID, BACK], 1),
        (ours(), [PAID, Moved("txn-3")], 1),
        (ours(S.REVERSED), [PAID, BACK], 2),
        (ours(S.REVERSED), [PAID, Moved("txn-3"), Moved("txn-4"), BACK], 2),
        (ours(S.CONFIRMING), [PAID], 0),
        (None, [PAID], 0),
    ],
)
def test_what_our_ledger_has_of_a_statement_is_said_line_by_line(
    payment: Ours | None, lines: list[Moved], known: int
) -> None:
    [found] = compare(lines, [payment] if payment else [], Terms(NOON, GRACE_DAYS, frozenset()))
    assert len(found.recorded) == known


NUMBERS = st.sampled_from(["", "A-1-1", "B-1-1", "C-1-1"])
REFERENCES = st.sampled_from(["", "re_1", "re_2"])
AMOUNTS = st.builds(Money, minor=st.integers(1, 3), currency=st.sampled_from(["USD", "JPY"]))
LINES = st.builds(
    Moved,
    line_id=st.sampled_from(["t1", "t2", "t3"]),
    booked_at=st.integers(-3, 3).map(lambda n: NOON + n * DAY),
    amount=AMOUNTS,
    provider_number=NUMBERS,
    reference=REFERENCES,
    returned=st.booleans(),
)
PAYMENTS = st.lists(
    st.builds(
        Ours,
        provider_number=st.sampled_from(["A-1-1", "B-1-1", "C-1-1", "D-1-1"]),
        reference=REFERENCES,
        amount=AMOUNTS,
        state=st.sampled_from(LegState),
        began_at=st.none() | st.just(NOON),
        since=st.none() | st.just(NOON),
        expected_by=st.none() | st.just(NOON),
        shows_return=st.booleans(),
    ),
    unique_by=lambda each: each.provider_number,
)


@given(lines=st.lists(LINES), payments=PAYMENTS, data=st.data())
def test_nothing_depends_on_the_sequence_of_lines_or_payments(
    lines: list[Moved], payments: list[Ours], data: st.DataObject
) -> None:
    terms = Terms(NOON + 5 * DAY, GRACE_DAYS, AROUND)
    shuffled = compare(data.draw(st.permutations(lines)), data.draw(st.permutations(payments)), terms)
    assert shuffled == compare(lines, payments, terms)


@given(lines=st.lists(LINES), payments=PAYMENTS)
def test_every_line_is_in_one_comparison_and_every_payment_too(lines: list[Moved], payments: list[Ours]) -> None:
    found = compare(lines, payments, Terms(NOON, GRACE_DAYS, AROUND))
    assert sorted([line for each in found for line in each.lines], key=repr) == sorted(lines, key=repr)
    assert sorted([each.ours for each in found if each.ours], key=repr) == sorted(payments, key=repr)


@given(times=st.integers(2, 9), same_id=st.booleans())
def test_a_number_that_moved_more_than_once_is_always_a_double(times: int, same_id: bool) -> None:
    lines = [Moved("txn" if same_id else f"txn-{n}") for n in range(times)]
    assert difference(ours(), *lines) is Difference.DOUBLE
