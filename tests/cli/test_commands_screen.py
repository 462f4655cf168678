"""How things look on the screen, whatever is in them."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len
from rich.console import Console

from aftersales.contract.values import Money
from cli.commands.errors import MistypedError
from cli.commands.parameters import TypedAmount, items_of
from cli.commands.screen import PIPE_WIDTH, amount, console, counted, due, plain, span, table

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(hours=3, minutes=10, seconds=5), "3 h 10 min"),
        (timedelta(days=2, seconds=1), "2 d 1 s"),
    ],
)
def test_a_length_of_time_is_told_by_its_two_largest_units(length: timedelta, told: str) -> None:
    assert span(length) == told


def test_a_deadline_says_how_far_off_it_is_or_how_long_past() -> None:
    assert due(NOON + timedelta(hours=3), NOON) == "2026-11-02 15:00:00 UTC (in 3 h)"
    assert due(NOON - timedelta(minutes=2), NOON) == "2026-11-02 11:58:00 UTC (2 min ago)"
    assert due(None, NOON) == ""


def test_an_amount_has_every_digit_of_its_currency() -> None:
    assert amount(Money(minor=500, currency="CNY")) == "5.00 CNY"
    assert amount(Money(minor=500, currency="JPY")) == "500 JPY"
    assert amount(None) == ""


def test_one_of_a_kind_is_told_in_the_singular() -> None:
    assert [counted(n, "case") for n in (0, 1, 2, 1200)] == ["0 cases", "1 case", "2 cases", "1,200 cases"]
    assert [counted(n, "entry", "entries") for n in (1, 2)] == ["1 entry", "2 entries"]


def test_control_characters_of_other_people_never_reach_the_terminal() -> None:
    assert plain("[bold]坏了[/]\x1b[2J\x07\u202e\n\tend").plain == "[bold]坏了[/]�[2J��\n\tend"


def test_a_pipe_gets_wide_lines_unless_somebody_says_how_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console().width == PIPE_WIDTH
    monkeypatch.setenv("COLUMNS", "60")
    assert console().width == 60


def test_a_table_keeps_its_first_column_whole_and_folds_the_others() -> None:
    shown = table("Number", "Text")
    shown.add_row("4AQC0-MYWYE-0F51", "很长的中文说明" * 10)
    screen = Console(width=40, color_system=None)
    with screen.capture() as capture:
        screen.print(shown)
    assert "4AQC0-MYWYE-0F51" in capture.get()
    assert max(cell_len(line) for line in capture.get().splitlines()) <= 40
    assert capture.get().count("很") == 10


def test_items_are_lines_with_their_quantities() -> None:
    items = items_of(["mugs=2", "lamp", "sku/b=3"])
    assert [(item.line_id, item.quantity) for item in items] == [("mugs", 2), ("lamp", 1), ("sku/b", 3)]
    assert items_of(None) == ()


@pytest.mark.parametrize("typed", ["mugs=", "mugs=-1", "mugs=0", "mugs=1000000", "mugs=1.5", "=1"])
def test_an_item_without_a_sensible_quantity_is_refused(typed: str) -> None:
    with pytest.raises(MistypedError, match="LINE=QTY"):
        items_of([typed])


@pytest.mark.parametrize(
    ("typed", "minor", "currency"),
    [("12.30", 1230, "CNY"), (" 12.3 EUR ", 1230, "EUR"), ("500JPY", 500, "JPY")],
)
def test_an_amount_is_in_its_own_currency_or_in_the_orders(typed: str, minor: int, currency: str) -> None:
    assert TypedAmount(typed).money("CNY") == Money(minor=minor, currency=currency)
