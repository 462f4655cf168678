"""The catalogue of safeguards is about the product as it is now: it cannot rot unseen (R20)."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from bench.safeguards.__main__ import SOURCES
from bench.safeguards.catalogue import SAFEGUARDS
from bench.safeguards.safeguard import Edit, Safeguard, TextGoneError

NEEDED = {
    "row-before-the-call",
    "same-key-on-every-retry",
    "number-of-one-leg",
    "idempotency-key",
    "query-first-after-unknown",
    "accepted-is-never-not-found",
    "earlier-numbers-first",
    "lock-of-an-order-on-sqlite",
    "lock-of-an-order-on-postgresql",
    "reservation-while-unknown",
    "posting-of-one-event",
    "ledger-only-grows",
    "webhook-signature",
    "webhook-from-the-past",
    "webhook-from-the-future",
    "event-counts-once",
    "webhooks-only-hint",
    "proof-of-a-message",
    "destination-of-this-case",
    "disputed-never-goes-elsewhere",
    "four-eyes",
    "two-different-people",
    "approval-of-this-amount-and-destination",
    "role-held-now",
    "try-counted-before-password",
    "source-down-is-no-approval",
    "chargeback-blocks-the-rules",
    "chargeback-blocks-people-too",
    "budgets-are-spent",
    "open-breaker-stops-the-rules",
    "stored-step",
    "spacing-of-a-payment",
    "alipay-change-of-funds",
    "wechat-404-of-a-look",
    "failures-are-encrypted",
    "destinations-are-sealed",
    "exponent-of-a-currency",
    "content-of-a-log-entry",
    "seal-of-a-log",
    "nobody-in-the-chain",
}
"""What money, messages and secrets rest on; the catalogue may hold more and never less."""

TEXT = "if paid:\n    refuse()\n"


def functions_of(file: str) -> set[str]:
    """The tests of a file, by pytest's names without the file's."""
    found = set()
    for node in ast.parse((SOURCES / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if isinstance(each, ast.AsyncFunctionDef)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
    return found


@pytest.mark.parametrize("safeguard", SAFEGUARDS, ids=lambda safeguard: safeguard.name)
def test_a_safeguard_still_reads_as_it_does_in_the_catalogue(safeguard: Safeguard) -> None:
    for path, text in safeguard.without(SOURCES).items():
        assert text != path.read_text(encoding="utf-8")
        ast.parse(text)


@pytest.mark.parametrize("safeguard", SAFEGUARDS, ids=lambda safeguard: safeguard.name)
def test_the_tests_that_must_miss_it_are_there(safeguard: Safeguard) -> None:
    for test in safeguard.tests:
        file, _, name = test.partition("::")
        assert name.partition("[")[0] in functions_of(file), test


def test_every_safeguard_has_one_name_and_none_of_the_needed_ones_is_left_out() -> None:
    names = Counter(each.name for each in SAFEGUARDS)
    assert max(names.values()) == 1
    assert set(names) >= NEEDED


@pytest.mark.parametrize("old", ["if owed:", "\n"], ids=["not there any more", "there twice"])
def test_a_text_that_is_not_there_once_is_refused_loudly(tmp_path: Path, old: str) -> None:
    (tmp_path / "paying.py").write_text(TEXT)
    gone = Safeguard("paid-once", "it is paid twice", (Edit("paying.py", old, ""),), ("tests/test_paying.py",))
    with pytest.raises(TextGoneError, match=r"paying\.py has this text"):
        gone.without(tmp_path)


def test_several_edits_of_one_file_are_made_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "paying.py").write_text(TEXT)
    edits = (Edit("paying.py", "paid", "owed"), Edit("paying.py", "refuse", "pay"))
    assert Safeguard("both", "", edits, ()).without(tmp_path) == {tmp_path / "paying.py": "if owed:\n    pay()\n"}
    assert (tmp_path / "paying.py").read_text() == TEXT
