"""An independent reading of a table, straight from its cells: the engine's answers are compared with it."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from activities.rulings import Eligibility, Facts
from policy import ZenPolicy
from policy.engine import is_enough, standpoint_of
from tests.policy.cases import Document, table_of

_COMPARE: Final[dict[str, Callable[[int, int], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "": operator.eq,
}


def row_by_reading(document: Document, facts: Mapping[str, object]) -> str:
    """The id of the first row whose cells all hold."""
    table = table_of(document)
    for rule in table["rules"]:
        if all(holds(rule[column["id"]], facts[column["field"]]) for column in table["inputs"]):
            return str(rule["_id"])
    raise AssertionError("no row holds")


def holds(cell: str, value: object) -> bool:
    """Whether a condition, as a person reads it, holds for a value."""
    if not cell:
        return True
    if isinstance(value, bool):
        return cell == json.dumps(value)
    if isinstance(value, int):
        parts = cell.split(" and ")
        return all(_any_part(part, value) for part in parts)
    return value in json.loads(f"[{cell}]")


def _any_part(cell: str, value: int) -> bool:
    return any(_part(part.strip(), value) for part in cell.split(","))


def _part(part: str, value: int) -> bool:
    if ends := re.fullmatch(r"\[(-?\d+)\.\.(-?\d+)\]", part):
        return int(ends[1]) <= value <= int(ends[2])
    bound = re.fullmatch(r"(<=|>=|<|>|) ?(-?\d+)", part)
    assert bound, part
    return _COMPARE[bound[1]](value, int(bound[2]))


def known_of(policy: ZenPolicy, facts: Facts) -> dict[str, object]:
    """Everything that a table may be asked with, of an application with one kind of goods."""
    known = dict(facts) | dict(facts.goods[0])
    granted: Eligibility = policy.tables.eligibility.row_for(known).answer
    known |= dict(standpoint_of(facts, granted))
    known["evidence_enough"] = is_enough(facts, policy.tables.evidence.row_for(known).answer)
    ruling = policy.rule(facts)
    return known | {"action": ruling.action, "reason_code": ruling.reason_code}
