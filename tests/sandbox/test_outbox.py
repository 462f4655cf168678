"""What is owed to the receiver of webhooks, to the single delivery, over order, faults and the process's end."""

from pathlib import Path

import pytest

from sandbox.faults import FaultKind
from sandbox.outbox import Due, Event, Met, Outbox
from sandbox.store import Store

URL = "http://127.0.0.1:9/hooks"
NONE: frozenset[FaultKind] = frozenset()


@pytest.fixture
def store() -> Store:
    """A store in memory."""
    return Store(None)


@pytest.fixture
def outbox(store: Store) -> Outbox:
    """An outbox that owes nothing, and lets what was held back follow at once."""
    return Outbox(store, URL, gap_s=0)


def event(name: str, about: str = "re_1") -> Event:
    return Event(f"evt_{name}", "stripe", f"refund.{name}", about, f'{{"id": "evt_{name}"}}'.encode())


def claimed(outbox: Outbox, limit: int = 100) -> list[str]:
    return [due.event.id for due in outbox.claim(limit)]


def acknowledge(outbox: Outbox, due: Due) -> None:
    outbox.settle(due, Met(200), None, acknowledged=True)


def states(outbox: Outbox) -> list[object]:
    return [row["state"] for row in outbox.attempts(None)]


def test_of_one_object_the_next_event_waits_until_the_first_was_answered(outbox: Outbox) -> None:
    for name in ("created", "updated"):
        outbox.publish(event(name), NONE)
    outbox.publish(event("other", "re_2"), NONE)
    first, other = outbox.claim(100)
    assert (first.event.id, other.event.id) == ("evt_created", "evt_other")
    assert claimed(outbox) == []
    acknowledge(outbox, first)
    assert claimed(outbox) == ["evt_updated"]


def test_no_more_are_taken_than_there_is_room_for(outbox: Outbox) -> None:
    for number in range(5):
        outbox.publish(event(str(number), f"re_{number}"), NONE)
    assert [len(claimed(outbox, 2)) for _ in range(4)] == [2, 2, 1, 0]


def test_what_was_under_way_when_the_process_ended_goes_again(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    before = Store(path)
    ending = Outbox(before, URL, gap_s=0)
    ending.publish(event("created"), NONE)
    [lost] = ending.claim(1)
    before.close()
    [again] = Outbox(Store(path), URL, gap_s=0).claim(1)
    assert (again.event, again.attempt) == (lost.event, 1)


def test_what_is_due_later_stays_due_over_a_restart_with_its_count_of_tries(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    before = Store(path)
    ending = Outbox(before, URL, gap_s=0)
    ending.publish(event("created"), NONE)
    [due] = ending.claim(1)
    ending.settle(due, Met(500), 0.0, acknowledged=False)
    before.close()
    after = Outbox(Store(path), URL, gap_s=0)
    assert (after.waiting(), after.claim(1)[0].attempt) == (1, 2)


def test_what_is_due_later_is_not_taken_now(outbox: Outbox) -> None:
    outbox.publish(event("created"), NONE)
    [due] = outbox.claim(1)
    outbox.settle(due, Met(500), 3_600, acknowledged=False)
    assert claimed(outbox) == []
    assert outbox.waiting() == 1


def test_given_up_is_owed_no_more(outbox: Outbox) -> None:
    outbox.publish(event("created"), NONE)
    [due] = outbox.claim(1)
    outbox.settle(due, Met(error="ConnectError"), None, acknowledged=False)
    assert (outbox.waiting(), claimed(outbox), states(outbox)) == (0, [], ["given_up"])


def test_twice_is_two_deliveries_and_not_more(outbox: Outbox) -> None:
    outbox.publish(event("created"), frozenset({FaultKind.CALL_BACK_TWICE}))
    assert outbox.waiting() == 2


def test_a_forged_signature_is_followed_by_a_genuine_one(outbox: Outbox) -> None:
    outbox.publish(event("created"), frozenset({FaultKind.BAD_SIGNATURE}))
    [forged] = outbox.claim(1)
    outbox.settle(forged, Met(400), 0.0, acknowledged=False)
    [genuine] = outbox.claim(1)
    assert (forged.forged, genuine.forged) == (True, False)


def test_what_is_withheld_is_owed_and_released_by_the_next_event_of_its_object_alone(outbox: Outbox) -> None:
    disorder = frozenset({FaultKind.OUT_OF_ORDER})
    outbox.publish(event("created"), disorder)
    outbox.publish(event("other", "re_2"), NONE)
    assert (claimed(outbox), outbox.waiting()) == (["evt_other"], 2)
    outbox.publish(event("updated"), disorder)
    first, *_ = outbox.claim(100)
    acknowledge(outbox, first)
    [second] = outbox.claim(100)
    assert {first.event.id, second.event.id} == {"evt_created", "evt_updated"}


def test_what_was_delivered_is_not_delivered_again_by_a_later_event(outbox: Outbox) -> None:
    outbox.publish(event("created"), NONE)
    acknowledge(outbox, outbox.claim(1)[0])
    outbox.publish(event("updated"), NONE)
    assert claimed(outbox) == ["evt_updated"]
    assert outbox.waiting() == 1


def test_only_the_first_event_of_an_object_is_held_back(outbox: Outbox) -> None:
    outbox.publish(event("created"), NONE)
    acknowledge(outbox, outbox.claim(1)[0])
    outbox.publish(event("updated"), frozenset({FaultKind.OUT_OF_ORDER}))
    assert claimed(outbox) == ["evt_updated"]


def test_an_event_that_was_never_sent_can_be_sent_by_hand(outbox: Outbox) -> None:
    outbox.publish(event("created"), frozenset({FaultKind.NEVER_CALL_BACK}))
    assert (outbox.waiting(), claimed(outbox)) == (0, [])
    assert outbox.redeliver("evt_created", 2)
    assert outbox.waiting() == 2
    assert not outbox.redeliver("evt_nowhere", 1)


def test_a_delivery_by_hand_counts_its_tries_anew(outbox: Outbox) -> None:
    outbox.publish(event("created"), NONE)
    [due] = outbox.claim(1)
    outbox.settle(due, Met(500), None, acknowledged=False)
    outbox.redeliver("evt_created", 1)
    [again] = outbox.claim(1)
    assert (again.attempt, again.id != due.id, again.event.body) == (1, True, due.event.body)


def test_events_and_attempts_are_told_for_one_object_or_for_all(outbox: Outbox) -> None:
    for name, about in (("created", "re_1"), ("other", "re_2")):
        outbox.publish(event(name, about), NONE)
    for due in outbox.claim(2):
        acknowledge(outbox, due)
    assert [row["id"] for row in outbox.events("re_2")] == ["evt_other"]
    assert [row["event"] for row in outbox.attempts("re_2")] == ["evt_other"]
    assert len(outbox.events(None)) == len(outbox.attempts(None)) == 2


def test_the_address_falls_back_to_the_setting(store: Store) -> None:
    outbox = Outbox(store, None, gap_s=0)
    assert outbox.url is None
    outbox.set_url(URL)
    assert outbox.url == URL
    outbox.set_url(None)
    assert outbox.url is None


async def test_whoever_delivers_is_woken_by_what_becomes_due(outbox: Outbox) -> None:
    for act in (
        lambda: outbox.publish(event("created"), NONE),
        lambda: outbox.set_url(URL),
        lambda: outbox.redeliver("evt_created", 1),
    ):
        outbox.changed.clear()
        act()
        assert outbox.changed.is_set()
