"""A safeguard that nobody misses is found, and a run that proves nothing is never taken for a proof (R20)."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.safeguards.__main__ import SOURCES, NotGreenError, chosen, main, prove
from bench.safeguards.catalogue import SAFEGUARDS
from bench.safeguards.safeguard import Edit, Safeguard, TextGoneError
from bench.safeguards.trial import Verdict

TILL = """
def pay(paid, amount):
    if amount in paid:
        return paid
    return [*paid, amount]
"""
TESTS = """
import pytest

from till import pay

@pytest.mark.parametrize("amount", [1, 2])
def test_an_amount_is_paid_once(amount):
    assert pay(pay([], amount), amount) == [amount]

def test_an_amount_is_paid():
    assert pay([], 1) == [1]

class TestTwoAmounts:
    def test_both_are_paid(self):
        assert pay(pay([], 1), 2) == [1, 2]
"""
ONCE = "tests/test_till.py::test_an_amount_is_paid_once"
TWO = "tests/test_till.py::TestTwoAmounts::test_both_are_paid"
TAKEN = Edit("till.py", "if amount in paid:", "if amount is None:")


@pytest.fixture(name="shop")
def small_shop(tmp_path: Path) -> Path:
    """Sources of two files, and one safeguard."""
    sources = tmp_path / "shop"
    (sources / "tests").mkdir(parents=True)
    (sources / "till.py").write_text(TILL)
    (sources / "tests" / "test_till.py").write_text(TESTS)
    (sources / "pytest.ini").write_text("[pytest]\n")
    return sources


def paid_once(edit: Edit = TAKEN, *tests: str) -> Safeguard:
    return Safeguard("paid-once", "an amount is paid twice", (edit,), tests or (ONCE,))


async def test_a_safeguard_that_is_missed_is_proven_and_its_sources_stay_as_they_were(shop: Path) -> None:
    [trial] = await prove([paid_once()], shop, jobs=1)
    assert (trial.verdict, trial.why) == (Verdict.FAILED, "")
    assert (shop / "till.py").read_text() == TILL


async def test_each_safeguard_is_tried_with_all_others_in_place(shop: Path) -> None:
    missed = [paid_once(), paid_once(Edit("till.py", "[*paid, amount]", "[amount]"), TWO), paid_once()]
    trials = await prove(missed, shop, jobs=1)
    assert [trial.verdict for trial in trials] == [Verdict.FAILED] * 3


async def test_a_single_case_may_be_what_must_fail(shop: Path) -> None:
    only_two = Edit("till.py", "if amount in paid:", "if amount in paid and amount != 2:")
    seen, unseen = await prove([paid_once(only_two, f"{ONCE}[2]"), paid_once(only_two, f"{ONCE}[1]")], shop, jobs=1)
    assert (seen.verdict, unseen.verdict) == (Verdict.FAILED, Verdict.SURVIVED)


async def test_a_test_that_passes_without_it_is_named(shop: Path) -> None:
    blind = "tests/test_till.py::test_an_amount_is_paid"
    [trial] = await prove([paid_once(TAKEN, ONCE, blind)], shop, jobs=1)
    assert (trial.verdict, trial.why) == (Verdict.SURVIVED, blind)


@pytest.mark.parametrize(
    ("broken", "why"), [("if amount in", "SyntaxError"), ("raise SystemExit(3)", "")], ids=["no Python", "no tests"]
)
async def test_sources_that_do_not_even_run_prove_nothing(shop: Path, broken: str, why: str) -> None:
    [trial] = await prove([paid_once(Edit("till.py", "\ndef pay(paid, amount):\n", f"\n{broken}\n"))], shop, jobs=1)
    assert trial.verdict is Verdict.BROKEN
    assert why in trial.why or "error" in trial.why


async def test_a_case_whose_preparation_breaks_once_is_run_again(shop: Path) -> None:
    """As a server that was slow to come up; a test that merely fails is not given a second chance."""
    conftest = (
        "import pathlib, pytest\n@pytest.fixture(autouse=True)\ndef server():\n"
        "    up = pathlib.Path('up')\n    was_up = up.exists()\n    up.touch()\n    assert was_up\n"
    )
    (shop / "tests" / "conftest.py").write_text(conftest)
    [trial] = await prove([paid_once(TAKEN, f"{ONCE}[1]")], shop, jobs=1)
    assert trial.verdict is Verdict.FAILED


async def test_tests_that_fail_with_everything_in_place_prove_nothing(shop: Path) -> None:
    (shop / "till.py").write_text(TILL.replace("if amount in paid", "if not amount"))
    with pytest.raises(NotGreenError, match="test_an_amount_is_paid_once"):
        await prove([paid_once(Edit("till.py", "if not amount", "if amount"))], shop, jobs=1)


async def test_a_text_that_is_gone_stops_everything_before_any_test_runs(shop: Path) -> None:
    with pytest.raises(TextGoneError):
        await prove([paid_once(), paid_once(Edit("till.py", "no such text", ""))], shop, jobs=1)


def test_one_may_be_chosen_by_its_name_and_a_wrong_name_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert [each.name for each in chosen(["four-eyes"])] == ["four-eyes"]
    assert chosen([]) == list(SAFEGUARDS)
    assert main(["--only", "five-eyes"]) == 2
    assert "no safeguard is called five-eyes" in capsys.readouterr().out


def test_the_list_names_each_with_what_is_taken_away(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--only", "four-eyes"]) == 0
    assert capsys.readouterr().out == "four-eyes: one finance person pays by hand and confirms it, too\n"


@pytest.mark.timeout(600)
async def test_of_the_product_itself_two_are_taken_away_and_missed() -> None:
    """`make safeguards` takes all of them away, which takes minutes."""
    trials = await prove(chosen(["paid-is-never-sent", "spacing-of-a-payment"]), SOURCES, jobs=1)
    assert [trial.verdict for trial in trials] == [Verdict.FAILED] * 2
