"""No file is too large, too deep or too odd to be refused with a sentence (P5.1)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policy import PolicyError, load_policy
from policy.bounds import DEEPEST, LONGEST_TEXT, MOST_BYTES, MOST_ROWS
from policy.loader import faults_of, files_of, read_folder
from tests.policy.cases import Document, Spoil, row_of, spoilt, table_of


def with_risk(folder: Path, content: bytes) -> Path:
    """A version whose `risk.json` holds this."""
    spoilt(folder, "", lambda _: None)
    (folder / "risk.json").write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b" " * (MOST_BYTES + 1), "larger than 1,000,000 bytes"),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), f"nested more than {DEEPEST} deep"),
        (b"[" * 200_000, "no sound JSON"),
        ('{"说明": 1}'.encode("gb18030"), "no text in UTF-8"),
        (b"\xff\xfe{\x00}\x00", "no text in UTF-8 (byte 1)"),
        (rb'{"points": "\ud800"}', r"half a character ('\ud800')"),
        (b"9" * 5000, "no sound JSON"),
        (b"", "no sound JSON"),
    ],
)
def test_a_file_that_nobody_wrote_by_hand_is_refused_by_name(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(PolicyError, match="In table 'risk'") as refusal:
        read_folder(with_risk(tmp_path, content))
    assert sentence in str(refusal.value)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    spoilt(tmp_path, "", lambda _: None)
    (tmp_path / "risk.json").unlink()
    (tmp_path / "risk.json").mkdir()
    with pytest.raises(PolicyError, match=r"risk\.json is no file"):
        read_folder(tmp_path)


def test_a_mark_before_the_text_and_line_ends_of_another_system_say_nothing(tmp_path: Path) -> None:
    spoilt(tmp_path, "", lambda _: None)
    plain = load_policy(tmp_path).content_hash
    for file in tmp_path.glob("*.json"):
        lines = json.dumps(json.loads(file.read_text(encoding="utf-8")), indent=2).replace("\n", "\r\n")
        file.write_bytes(b"\xef\xbb\xbf" + lines.encode())
    assert load_policy(tmp_path).content_hash == plain


def test_what_is_kept_is_read_with_the_same_care() -> None:
    with pytest.raises(PolicyError, match="nested"):
        files_of('{"risk": ' + "[" * DEEPEST + "]" * DEEPEST + "}")


def a_row_too_many(document: Document) -> None:
    rules = table_of(document)["rules"]
    rules[:0] = [{**rules[0], "_id": f"row_{n}"} for n in range(MOST_ROWS)]


def an_endless_cell(document: Document) -> None:
    row_of(document, "fault_shown")["currency"] = '"CNY"' + " " * LONGEST_TEXT


def an_endless_description(document: Document) -> None:
    row_of(document, "fault_shown")["_description"] = "x" * (LONGEST_TEXT + 1)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (a_row_too_many, f"rows; at most {MOST_ROWS} are taken"),
        (an_endless_cell, "row 'fault_shown', column 'currency': it holds 1,005 characters"),
        (an_endless_description, "row 'fault_shown', column '_description': it holds 1,001 characters"),
    ],
)
def test_a_table_that_nobody_can_read_is_refused(tmp_path: Path, spoil: Spoil, sentence: str) -> None:
    [fault] = faults_of(read_folder(spoilt(tmp_path, "decision.json", spoil)))
    assert sentence in str(fault)
