"""What is printed for people to type works where they are."""

from pathlib import Path

import pytest

from cli.commands.calling import calling
from cli.home import DEFAULT
from tests.support.programs import write_program


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with an environment of its own, in which people are."""
    write_program(tmp_path / ".venv" / "bin" / "aftersales")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_program_in_the_checkouts_environment_is_called_by_its_path(place: Path) -> None:
    started, path = place / ".venv" / "bin" / "aftersales", {"PATH": str(place / ".venv" / "bin")}
    assert calling(DEFAULT, str(started), path).line("queue") == ".venv/bin/aftersales queue"


def test_an_installed_program_is_called_by_its_name(place: Path) -> None:
    write_program(place / "bin" / "aftersales")
    started, path = place / ".venv" / "bin" / "aftersales", {"PATH": f"{place}/.venv/bin:{place}/bin"}
    assert calling(DEFAULT, str(started), path).line("queue") == "aftersales queue"


def test_a_program_elsewhere_is_called_by_its_whole_path(place: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    started = tmp_path_factory.mktemp("else where") / "aftersales"
    assert calling(place / DEFAULT, str(started), {}).line("queue") == f"'{started}' queue"


def test_a_folder_of_its_own_is_named_where_a_command_needs_the_stack(place: Path) -> None:
    call = calling(place / "my stack", "-m", {})
    assert call.line("queue") == f"aftersales queue --home '{place}/my stack'"
    assert call.alone("apply --help") == "aftersales apply --help"
