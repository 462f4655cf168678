"""The program's frame: what it loads, how it fails, and what was typed wrongly."""

import inspect
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from pydantic import SecretStr

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Item
from aftersales.contract.values import ErrorCode
from cli import main as frame
from cli.commands import CATALOGUE, Entry
from cli.commands.errors import CommandError, MistypedError, explain, status_of
from cli.home import HomeError
from cli.servers.errors import ServerUnavailableError
from domain.errors import AmountUnreadable
from storage.errors import SchemaError
from storage.staff import NewStaff

NUMBER = "4AQC0-MYWYE-0F51"
APPLY = ("apply", "o-1", "customer-1", "--reason", "wrong_item")
STAFF = "admin, agent, finance, ops, policy_author, supervisor, warehouse"
HEAVY = {"pydantic", "temporalio", "sqlalchemy", "stripe", "fastapi"}


@pytest.mark.parametrize("entry", CATALOGUE, ids=[entry.name for entry in CATALOGUE])
def test_every_command_loads_and_its_summary_is_what_it_says_of_itself(entry: Entry) -> None:
    found = entry.load()
    assert entry.summary.endswith(".")
    if not isinstance(found, typer.Typer):
        assert (inspect.getdoc(found) or "").splitlines()[0] == entry.summary


def test_help_names_every_command_and_loads_none() -> None:
    script = f"import sys; from cli.main import run; run(['--help']); print(sorted({HEAVY!r} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
    assert [entry.name for entry in CATALOGUE if f" {entry.name} " not in ran.stdout] == []


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.run([]) == 0
    assert "Run the service" in capsys.readouterr().out


def test_the_version_is_that_of_the_installed_product(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.run(["--version"]) == 0
    assert capsys.readouterr().out == f"aftersales {version('aftersales-service')}\n"
    assert frame.run(["--help"]) == 0
    assert "--version" in capsys.readouterr().out


@pytest.mark.parametrize("entry", CATALOGUE, ids=[entry.name for entry in CATALOGUE])
def test_every_command_explains_itself(entry: Entry, capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.run([entry.name, "--help"]) == 0
    assert f"Usage: aftersales {entry.name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("sho",), "Did you mean 'show'? See `aftersales --help`."),
        (("show",), "NUMBER"),
        (("show", NUMBER, "--folow"), "--follow"),
        (("finance",), "Missing command. See `aftersales finance --help`."),
        (("finance", "paid", f"{NUMBER}-1-1"), "'--reference'. See `aftersales finance paid --help`."),
        (("payout", "choose", NUMBER, "--method", "card"), "See `aftersales payout choose --help`."),
        (("--verson",), "No such option: --verson"),
        (
            ("staff", "add", "wang", "--role", "king"),
            f"'king' is not one of {STAFF}. See `aftersales staff add --help`.",
        ),
        (("staff", "grant", "wang", "customer"), f"'customer' is not one of {STAFF}."),
        (("show", "4AQC0-MYWYE-0F52"), "a character is wrong"),
        (("show", "4AQC0-MYWYE-0F5"), "`aftersales queue --all` lists the latest"),
        (("show", ""), "one has 14 characters"),
        (("mails", "--number", "nonsense"), "one has 14 characters"),
        (("approve", "4AQC0"), "one has 14 characters"),
        (("approve", NUMBER, "--amount", ""), "'' is not an amount"),
        (("reject", NUMBER), "--explanation"),
        (("reject", NUMBER, "--explanation", " "), "--explanation is empty"),
        (("ask", NUMBER, "--question", ""), "--question is empty"),
        (("hand-over", NUMBER, "--to", ""), "--to is empty"),
        (("supply", NUMBER, "--note", " "), "--evidence FILE or --note TEXT"),
        (("ask", NUMBER, "--question", "x" * 4001), "explanation: is too long, at most 4000"),
        (("survey", NUMBER, "--score", "6"), "--score"),
        (("extend", NUMBER, "--hours", "0"), "--hours"),
        (("approve", NUMBER, "--role", "king"), "--role"),
        (("approve", NUMBER, "--item", "mugs=0"), "'mugs=0'"),
        (("approve", NUMBER, "--signal", "--message-id", "m-1"), "leave out --message-id or --signal"),
        (("supply", NUMBER), "--evidence FILE or --note TEXT"),
        (("appeal", NUMBER, "--explanation", ""), "explanation"),
        (("mails", "show", "0"), "N"),
        (("queue", "--limit", "0"), "--limit"),
        (("up", "--time-scale", "2"), "--time-scale 2 cannot be used"),
        (("up", "--order-lookup", "0"), "--order-lookup"),
        (("up", "--home", __file__), "Name another one with --home."),
        (("demo", "--orders", "/nowhere.csv"), "/nowhere.csv cannot be read"),
        (("demo", "--orders", __file__), "cannot be imported"),
        (("sandbox", "--port", "70000"), "--port"),
        (APPLY, "--item"),
        ((*APPLY, "--item", "mugs=two"), "'mugs=two'"),
        ((*APPLY, "--item", "=2"), "'=2'"),
        ((*APPLY, "--item", "mugs=１"), "'mugs=１'"),
        ((*APPLY, "--item", "a mug"), "line_id: may hold letters, digits and"),
        (("apply", "", "c-1", "--item", "m", "--reason", "wrong_size"), "order_id: must not be empty"),
        (("apply", "o-1", "c-1", "--item", "m", "--reason", "none"), "'--reason': 'none' is not one of"),
        ((*APPLY, "--item", "mugs", "--amount", ""), "'' is not an amount"),
        ((*APPLY, "--item", "mugs", "--amount", "5 cny"), '"12.30 CNY"'),
        ((*APPLY, "--item", "mugs", "--amount", "10.5 JPY"), "JPY"),
        ((*APPLY, "--item", "mugs", "--request-key", ""), "--request-key is empty"),
        ((*APPLY, "--item", "mugs", "--item", "mugs=2"), "each order line may appear once"),
        ((*APPLY, "--item", "mugs", "--evidence", "/nowhere.jpg"), "--evidence"),
        ((*APPLY, "--item", "mugs", "--language", "tlh"), "--language"),
        ((*APPLY, "--item", "mugs", "--amount", "0 CNY"), "amount: must be above zero"),
        ((*APPLY, "--item", "mugs", "--amount", "1 2 3"), "'1 2 3' is not an amount"),
        ((*APPLY, "--item", "mugs", "--amount", "5 XXX"), "'XXX' is not a currency"),
    ],
)
def test_what_is_typed_wrongly_is_named_in_one_line(
    typed: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = frame.run([*typed])
    written = capsys.readouterr()
    assert status in {1, 2}
    assert written.out == ""
    assert told in written.err
    assert len(written.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AftersalesError(ErrorCode.NOT_NOW, "Not now."), 1),
        (HomeError("No home."), 1),
        (ServerUnavailableError("No server."), 1),
        (SchemaError("Old schema."), 1),
        (CommandError("Refused."), 1),
        (MistypedError("Mistyped."), 2),
        (OSError("No space left."), 1),
    ],
)
def test_an_error_that_people_can_mend_is_its_own_sentence(error: Exception, status: int) -> None:
    assert explain(error) == str(error)
    assert status_of(error) == status


def test_a_file_that_cannot_be_used_is_named_with_what_to_do(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere" / "cases.csv"
    with pytest.raises(OSError, match="nowhere") as caught:
        missing.open("w")
    assert explain(caught.value) == f"{missing} cannot be used: No such file or directory. Name another file or folder."


def test_a_refusal_by_a_rule_is_something_typed_wrongly() -> None:
    error = AmountUnreadable("12,30")
    assert "'12,30' is not an amount" in explain(error)
    assert status_of(error) == 2


def test_a_wrong_field_is_named_and_what_was_typed_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="quantity") as caught:
        Item(line_id="my secret", quantity=0)
    told = explain(caught.value)
    assert "line_id: may hold letters, digits" in told
    assert "quantity: Input should be greater" in told
    assert "my secret" not in told


@pytest.mark.parametrize("account", ["王五", "wang wu", "-wang"])
def test_the_rule_for_an_accounts_name_is_told_in_words(account: str) -> None:
    with pytest.raises(ValueError, match="staff_id") as caught:
        NewStaff(staff_id=account, display_name=account, password=SecretStr("four words make one"))
    assert "staff_id: may hold small letters" in explain(caught.value)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program whose only command has a mistake in it."""
    entry = Entry("break", f"{__name__}:_break", "Break.", "Broken")
    monkeypatch.setattr(frame, "CATALOGUE", (entry,))


def _break() -> None:
    raise KeyError("a mistake of ours")


@pytest.mark.usefixtures("broken")
def test_a_mistake_of_ours_is_admitted_and_traced_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.run(["break"]) == 1
    told = capsys.readouterr().err
    assert "This should not have happened: KeyError" in told
    assert "--debug" in told
    assert "Traceback" not in told
    for typed in (["--debug", "break"], ["break", "--debug"]):
        assert frame.run(typed) == 1
        assert "Traceback" in capsys.readouterr().err
