"""The operations log on the screen and as rows: who did what, when, from what to what, and why (P6.3)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from cli.commands.screen import moment, plain, table, words

if TYPE_CHECKING:
    from storage.audit import ChainBreak, ChainedEntry


def log_table(links: Iterable[ChainedEntry], broken: ChainBreak | None) -> Group:
    """A line an entry, and whether the chain of hashes holds."""
    log = table("Seq", "At", "Who", "As", "Did", "From → to", "Why", title="Operations log")
    for link in links:
        entry = link.entry
        change = f"{entry.before} → {entry.after}" if entry.before else entry.after
        why = "; ".join(part for part in (words(entry.reason), entry.why) if part)
        role = f"{entry.role} by {entry.channel}" if entry.channel not in {"", entry.role} else entry.role
        cells = (str(link.seq), moment(entry.at), entry.actor, role, words(entry.action), change, why)
        log.add_row(*(plain(cell) for cell in cells))
    return Group(log, _verdict(broken))


def _verdict(broken: ChainBreak | None) -> Text:
    if broken is None:
        return Text("The chain of hashes holds.", style="green")
    return Text(f"The chain is broken at entry {broken.seq}: {broken.why}.", style="bold red")


def as_row(link: ChainedEntry) -> dict[str, Any]:
    """An entry as flat columns, times in UTC, facts as JSON text."""
    entry = link.entry
    return {
        "number": entry.number,
        "seq": link.seq,
        "at": entry.at.astimezone(UTC).isoformat(),
        "actor": entry.actor,
        "role": entry.role,
        "channel": entry.channel,
        "action": entry.action,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "why": entry.why,
        "facts": entry.facts,
        "prev_hash": link.prev_hash,
        "hash": link.hash,
    }


def as_json(link: ChainedEntry) -> dict[str, Any]:
    """An entry with its facts as an object."""
    facts = json.loads(link.entry.facts) if link.entry.facts else {}
    return as_row(link) | {"facts": facts}


def broken_sentence(broken: ChainBreak) -> str:
    """What is wrong, and where: a log and its entry, or a pseudonym."""
    place = f"Log {broken.number}, entry {broken.seq}" if broken.seq else broken.number
    return f"{place}: {broken.why}."


def log_as_json(number: str, links: Sequence[ChainedEntry], broken: ChainBreak | None) -> str:
    told = {
        "number": number,
        "entries": [as_json(link) for link in links],
        "broken": broken and {"seq": broken.seq, "why": broken.why},
    }
    return json.dumps(told, ensure_ascii=False)
