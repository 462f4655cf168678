import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from aftersales.contract import schema_lock
from aftersales.contract.schema_lock import LOCK_FILE, contract_shape, differences, main, rendered


def test_the_schema_lock_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """If this fails, read the printed differences: they say what to do."""
    status = main(["--check"])
    assert status == 0, capsys.readouterr().err


def test_the_lock_holds_every_part_of_the_contract() -> None:
    locked = json.loads(LOCK_FILE.read_text(encoding="utf-8"))
    assert {"Application", "Decision", "CaseView", "Money", "Proof", "CaseResult"} <= locked["models"].keys()
    assert locked["wire"]["messages"]["decide"] == {"decision": "Decision", "return": "Answer"}
    assert locked["wire"]["search_attributes"]["AmountMinor"] == "INT"
    assert locked["errors"]["too_late"] == [409, False, "customer"]


def test_the_same_contract_is_always_written_the_same_way() -> None:
    assert rendered(contract_shape()) == rendered(contract_shape())


def test_a_better_docstring_is_no_change_of_the_contract() -> None:
    shape = rendered(contract_shape())
    assert "An application for a refund, return or exchange" not in shape
    assert '"description": {' in shape, "the application's own field of that name stays"


def test_each_difference_is_named_by_its_path() -> None:
    locked: JsonValue = {"models": {"A": {"x": 1, "gone": 1}}}
    present: JsonValue = {"models": {"A": {"x": 2, "new": 1}}}
    assert differences(locked, present) == [
        "models.A.gone: removed",
        "models.A.new: added",
        "models.A.x: changed from 1 to 2",
    ]


def test_a_contract_that_changed_is_refused_with_what_to_do_and_accepted_by_writing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "schema.lock.json"
    monkeypatch.setattr(schema_lock, "LOCK_FILE", lock)
    shape = contract_shape()
    del shape["wire"]
    lock.write_text(rendered(shape), encoding="utf-8")

    assert main([]) == 1
    explanation = capsys.readouterr().err
    assert "wire: added" in explanation
    assert "python -m aftersales.contract.schema_lock --write" in explanation
    assert main(["--write"]) == 0
    assert main(["--check"]) == 0


def test_an_unknown_argument_is_answered_with_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--force"]) == 2
    assert "usage" in capsys.readouterr().err
