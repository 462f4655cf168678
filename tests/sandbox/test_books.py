"""The oracle's arithmetic and the store beneath it."""

from contextlib import suppress
from pathlib import Path

import pytest

from sandbox.books import Books, Execution
from sandbox.clock import SandboxClock
from sandbox.store import Store


@pytest.fixture
def store() -> Store:
    """A store in memory."""
    return Store(None)


@pytest.fixture
def books(store: Store) -> Books:
    """Books without an entry."""
    return Books(store)


def execution(refund: str, amount_minor: int, leg: str | None = "leg-1", currency: str = "usd") -> Execution:
    return Execution("stripe", refund, leg, "ch_1", amount_minor, currency, executed_at=0.0)


def test_every_execution_of_a_leg_is_counted(books: Books) -> None:
    for number in range(3):
        books.record(execution(f"re_{number}", 100))
    line = books.by_leg()["leg-1"]
    assert (line["executions"], line["executed_minor"], line["not_reversed"]) == (3, 300, 3)


def test_a_reversal_lowers_only_what_is_not_reversed(books: Books) -> None:
    books.record(execution("re_1", 100))
    books.record(execution("re_2", 50))
    books.undo("stripe", "re_1", "usd", 100)
    line = books.by_leg()["leg-1"]
    assert (line["executions"], line["executed_minor"]) == (2, 150)
    assert (line["not_reversed"], line["not_reversed_minor"]) == (1, 50)


def test_currencies_are_never_added_up(books: Books) -> None:
    books.record(execution("re_1", 100))
    books.record(execution("re_2", 7, leg="leg-2", currency="jpy"))
    assert {name: line["executed_minor"] for name, line in books.by_currency().items()} == {"usd": 100, "jpy": 7}


def test_one_leg_can_be_asked_for(books: Books) -> None:
    books.record(execution("re_1", 1, leg="leg-1"))
    books.record(execution("re_2", 2, leg="leg-2"))
    books.record(execution("re_3", 3, leg=None))
    assert list(books.by_leg("leg-2")) == ["leg-2"]
    assert set(books.by_leg()) == {"leg-1", "leg-2"}
    assert books.without_leg() == 1


def test_a_balance_not_set_is_endless(books: Books) -> None:
    assert books.covers("stripe", "usd", 10**12)
    books.set_balance("stripe", "usd", 0)
    assert not books.covers("stripe", "usd", 1)
    assert books.covers("stripe", "eur", 1)


def test_executions_and_reversals_move_the_balance(books: Books) -> None:
    books.set_balance("stripe", "usd", 100)
    books.record(execution("re_1", 60))
    assert not books.covers("stripe", "usd", 41)
    books.undo("stripe", "re_1", "usd", 60)
    assert books.covers("stripe", "usd", 100)


class GivenUpError(Exception):
    """What a transaction fails with here."""


def test_a_failed_transaction_leaves_no_trace(store: Store, books: Books) -> None:
    with suppress(GivenUpError), store.transaction():
        books.record(execution("re_1", 100))
        raise GivenUpError
    assert books.by_leg() == {}


def test_an_inner_transaction_falls_with_the_outer_one(store: Store, books: Books) -> None:
    with suppress(GivenUpError), store.transaction():
        with store.transaction():
            books.record(execution("re_1", 100))
        raise GivenUpError
    assert books.by_leg() == {}


def test_facts_keep_their_type_and_none_removes_them(store: Store) -> None:
    for value in (True, 1.5, "text", {"a": [1]}):
        store.set_fact("name", value)
        assert store.fact("name") == value
    store.set_fact("name", None)
    assert store.fact("name") is None


def test_a_file_keeps_what_memory_forgets(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    first = Store(path)
    first.set_fact("name", 1)
    first.close()
    assert Store(path).fact("name") == 1
    assert Store(None).fact("name") is None


def test_clearing_empties_every_table_and_keeps_it_usable(store: Store, books: Books) -> None:
    books.record(execution("re_1", 100))
    store.set_fact("name", 1)
    store.count_up("draws")
    store.clear()
    assert (books.by_leg(), store.fact("name"), store.count_up("draws")) == ({}, None, 1)


def test_the_clock_keeps_its_offset_in_the_store(store: Store) -> None:
    SandboxClock(store).advance(90)
    SandboxClock(store).advance(10)
    assert SandboxClock(store).offset_s == 100


def test_a_reversal_gives_back_in_its_own_currency_and_marks_its_own_refund(books: Books) -> None:
    for currency in ("usd", "jpy"):
        books.set_balance("stripe", currency, 100)
    books.record(execution("re_1", 60, leg="leg-1"))
    books.record(execution("re_2", 30, leg="leg-2", currency="jpy"))
    books.undo("stripe", "re_2", "jpy", 30)
    assert {str(line["currency"]): line["amount_minor"] for line in books.balances()} == {"usd": 40, "jpy": 100}
    assert [line["not_reversed"] for line in books.by_leg().values()] == [1, 0]


def test_a_balance_belongs_to_one_provider(books: Books) -> None:
    books.set_balance("stripe", "usd", 0)
    assert books.covers("another", "usd", 1)
    books.record(Execution("another", "re_1", "leg-1", "p_1", 50, "usd", executed_at=0.0))
    assert [line["amount_minor"] for line in books.balances()] == [0]


def test_setting_a_balance_again_replaces_it_and_none_takes_it_away(books: Books) -> None:
    books.set_balance("stripe", "usd", 100)
    books.set_balance("stripe", "usd", 70)
    assert [line["amount_minor"] for line in books.balances()] == [70]
    books.set_balance("stripe", "usd", None)
    assert books.balances() == []


def test_forgetting_executions_leaves_the_balance(books: Books) -> None:
    books.set_balance("stripe", "usd", 100)
    books.record(execution("re_1", 60))
    books.forget_executions()
    assert (books.by_leg(), books.without_leg()) == ({}, 0)
    assert not books.covers("stripe", "usd", 41)
