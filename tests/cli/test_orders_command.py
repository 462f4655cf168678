"""`aftersales orders`: what a person sees of an import, and the exit status."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import typer

from cli.commands.errors import CommandError
from cli.home import Home
from cli.orders.command import app
from cli.orders.importing import OrderFileError
from storage.errors import StorageError
from tests.integrations.shop.statements import json_lines, order, retail_file, row


def run_orders(arguments: Sequence[str | Path]) -> None:
    """Run the command as the program does; it raises what the program then explains."""
    command = typer.main.get_command(app)
    command.main([str(each) for each in arguments], prog_name="orders", standalone_mode=False)


@pytest.fixture
def home(home: Home) -> Home:
    """Of a stack that has stopped."""
    home.forget()
    return home


def written(folder: Path, content: bytes, name: str = "orders.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_the_report_names_what_came_in_and_what_did_not(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, json_lines(order(), "{"))
    run_orders(["import", path, "--home", home.folder])
    shown = capsys.readouterr().out
    assert [line.split() for line in shown.splitlines() if line.startswith((" new", "new"))] == [["new", "1"]]
    assert "left out: not json" in shown
    assert f"{path}.left-out.csv" in shown


def test_importing_again_says_that_nothing_changed(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, json_lines(order()))
    for _ in range(2):
        run_orders(["import", path, "--home", home.folder])
    last = capsys.readouterr().out.rpartition("there already, unchanged")[2]
    assert last.split()[0] == "1"
    assert "left out" not in last


def test_a_file_without_a_single_order_is_a_failure_that_names_where_the_reasons_stand(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left_out = tmp_path / "left.csv"
    path = written(tmp_path, json_lines("{"))
    with pytest.raises(CommandError, match=f"No order of {path} came in: .* {left_out} says why"):
        run_orders(["import", path, "--left-out", left_out, "--home", home.folder])
    assert left_out.is_file()
    assert "left out: not json" in capsys.readouterr().out


def test_retail_dates_can_be_made_recent_and_the_shift_is_printed(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, retail_file(row()), "sales.csv")
    run_orders(["import", path, "--recent", "2", "--home", home.folder])
    assert "All dates are shifted by " in capsys.readouterr().out


def test_what_is_wrong_with_a_file_is_one_paragraph(home: Home, tmp_path: Path) -> None:
    with pytest.raises(OrderFileError) as refused:
        run_orders(["import", tmp_path / "nothing.jsonl", "--home", home.folder])
    assert "\n" not in str(refused.value)
    with pytest.raises(OrderFileError, match="layout is not known"):
        run_orders(["import", written(tmp_path, b"a;b\n", "sales.csv"), "--home", home.folder])


def test_a_database_without_our_schema_is_refused_before_anything_is_stored(tmp_path: Path) -> None:
    home = Home(tmp_path / "empty")
    home.prepare()
    with pytest.raises((StorageError, CommandError), match="upgrade"):
        run_orders(["import", written(tmp_path, json_lines(order())), "--home", home.folder])


def test_the_example_can_be_imported_as_it_is_written(
    home: Home, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    run_orders(["example"])
    path = written(tmp_path, capsysbinary.readouterr().out)
    run_orders(["import", path, "--home", home.folder])
    assert b"left out" not in capsysbinary.readouterr().out


def test_the_examples_shipments_and_stock_come_in_after_their_orders(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_orders(["example", "--into", tmp_path])
    with pytest.raises(CommandError, match=f"No row of {tmp_path}/shipments.jsonl was taken in; .* says why"):
        run_orders(["shipments", tmp_path / "shipments.jsonl", "--home", home.folder])
    assert "left out: unknown order" in capsys.readouterr().out
    for command in ("import", "shipments", "stock"):
        file = {"import": "orders"}.get(command, command)
        run_orders([command, tmp_path / f"{file}.jsonl", "--home", home.folder])
        assert "left out" not in capsys.readouterr().out


def test_examples_are_written_to_a_folder_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Name a folder that is there"):
        run_orders(["example", "--into", tmp_path / "nowhere"])
