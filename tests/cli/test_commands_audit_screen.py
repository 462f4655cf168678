"""How an operations log looks, on the screen and as rows."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from activities.rows import AuditEntry
from cli.commands.audit_screen import as_json, as_row, broken_sentence, log_as_json, log_table
from storage.audit import START, ChainBreak, ChainedEntry, chained
from tests.storage.builders import NUMBER, entry, said

BROKEN = ChainBreak(NUMBER, 2, "its content was changed")


def links(*entries: AuditEntry) -> list[ChainedEntry]:
    return chained(entries, START)


def shown(broken: ChainBreak | None, *entries: AuditEntry) -> str:
    screen = Console(width=200, color_system=None)
    with screen.capture() as capture:
        screen.print(log_table(links(*entries), broken))
    return capture.get()


def test_a_log_that_holds_or_was_tampered_with_is_said_to() -> None:
    assert "The chain of hashes holds." in shown(None, entry("received"))
    assert "The chain is broken at entry 2: its content was changed." in shown(BROKEN, entry("received"))


def test_a_person_stands_with_role_and_door_and_we_ourselves_without() -> None:
    told = shown(None, said("agent-1", "agent"), entry("assessed").model_copy(update={"channel": "system"}))
    assert "agent by portal" in told
    assert "system by" not in told


@pytest.mark.parametrize(
    ("reason", "why", "told"),
    [
        ("window_closed", "Too late by a day.", "window closed; Too late by a day."),
        ("window_closed", "", "window closed"),
        ("", "Too late by a day.", "Too late by a day."),
    ],
)
def test_why_is_the_code_and_the_persons_own_words(reason: str, why: str, told: str) -> None:
    said_so = said("agent-1", "agent", why).model_copy(update={"reason": reason})
    [line] = [line for line in shown(None, said_so).splitlines() if "agent-1" in line]
    assert line.rstrip().endswith(f"  {told}")


def test_words_of_people_drive_no_terminal() -> None:
    assert "\x1b" not in shown(None, said("agent-1", "agent", "\x1b[2J[bold]x"))
    assert "[bold]x" in shown(None, said("agent-1", "agent", "[bold]x"))


def test_a_row_is_flat_and_json_has_its_facts_as_an_object() -> None:
    [link] = links(said("agent-1", "agent", "Why.", said_for="customer-1"))
    row = as_row(link)
    assert (row["at"], row["seq"], row["prev_hash"]) == ("2026-11-02T12:00:00+00:00", 1, "0" * 64)
    assert json.loads(row["facts"]) == as_json(link)["facts"] == {"said_for": "customer-1"}
    assert as_json(links(entry("received"))[0])["facts"] == {}


def test_what_is_broken_is_told_with_its_place() -> None:
    assert broken_sentence(BROKEN) == f"Log {NUMBER}, entry 2: its content was changed."
    name = ChainBreak("p_" + "0" * 32, 0, "the person behind this pseudonym was changed")
    assert broken_sentence(name) == f"p_{'0' * 32}: the person behind this pseudonym was changed."
    told = json.loads(log_as_json(NUMBER, links(entry("received")), BROKEN))
    assert told["broken"] == {"seq": 2, "why": "its content was changed"}
