"""A loaded policy version: its tables, asked one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property, partial
from typing import Final, NamedTuple

from activities.rulings import (
    Action,
    Breaking,
    Ceilings,
    Change,
    Doing,
    Eligibility,
    EvidenceRule,
    Facts,
    Fired,
    Goods,
    Right,
    RiskRules,
    Ruling,
    Standpoint,
)
from activities.types import Timings
from aftersales.contract.values import CaseKind, Frozen, Reason
from policy.answers import AftercareWaits, AmountRules, Decided, LadderWaits, Routed
from policy.changes import AS_RULED, what_would_change
from policy.pace import Pace
from policy.table import Row, Table

_STRICTEST_FIRST: Final = tuple(Right)
_CHANGEABLE: Final = {
    fact: field for fact, field in {**Facts.model_fields, **Goods.model_fields}.items() if field.annotation is not str
}


class Tables(NamedTuple):
    """All tables of a version."""

    eligibility: Table[Eligibility]
    evidence: Table[EvidenceRule]
    decision: Table[Decided]
    amounts: Table[AmountRules]
    routing: Table[Routed]
    ladder: Table[LadderWaits]
    aftercare: Table[AftercareWaits]
    ceilings: Table[Ceilings]

    def each(self) -> tuple[Table[Frozen], ...]:
        """In the sequence in which people read them."""
        return tuple(self)


class Narrowed(NamedTuple):
    """What is left of the decision table once reason, kind and currency are settled."""

    rows: tuple[Row[Decided], ...]
    boundaries: Mapping[str, tuple[object, ...]]


class ZenPolicy:
    """Implements `activities.rulings.Policy`. Built by `policy.loader`, which does the checking."""

    def __init__(self, content_hash: str, tables: Tables, risk: RiskRules, breaking: Breaking, pace: Pace) -> None:
        self.tables = tables
        self._content_hash = content_hash
        self._risk = risk
        self._breaking = breaking
        self._pace = pace
        self._timings: dict[tuple[Reason, CaseKind], Timings] = {}
        self._narrowed: dict[tuple[Reason, CaseKind, str], Narrowed] = {}

    @property
    def content_hash(self) -> str:
        """SHA-256 over the canonical content of the version's files."""
        return self._content_hash

    @property
    def risk(self) -> RiskRules:
        return self._risk

    @property
    def breaking(self) -> Breaking:
        return self._breaking

    def timings(self, reason: Reason, kind: CaseKind) -> Timings:
        """How long such a case waits, at the pace of this process."""
        found = self._timings.get((reason, kind))
        if found is None:
            asked = {"reason": reason, "kind": kind}
            ladder, aftercare = self.tables.ladder.row_for(asked).answer, self.tables.aftercare.row_for(asked).answer
            found = self._pace.of(Timings(**vars(ladder), **vars(aftercare)))
            self._timings[reason, kind] = found
        return found

    def ceilings(self, currency: str) -> Ceilings:
        return self.tables.ceilings.row_for({"currency": currency}).answer

    def rule(self, facts: Facts) -> Ruling:
        """Decide a case (P5.1). Raises PolicyError when the facts do not fit a table's schema."""
        tables = self.tables
        known, fired, standpoint, evidence = self._known(facts)
        decision = tables.decision.row_for(known)
        known |= vars(decision.answer)
        amounts = tables.amounts.row_for(known)
        routing = tables.routing.row_for(known)
        fired += [decision.fired, amounts.fired, routing.fired]
        return Ruling(
            row=decision.fired.row,
            **vars(decision.answer),
            **vars(amounts.answer),
            group=routing.answer.group,
            fired=tuple(fired),
            standpoint=standpoint,
            evidence=evidence,
        )

    def changes(self, facts: Facts, ruling: Ruling, gates: Doing = AS_RULED) -> tuple[Change, ...]:
        settled = (facts.reason, facts.kind, facts.currency)
        narrowed = self._narrowed.get(settled)
        if narrowed is None:
            rows = tuple(row for row in self.tables.decision.rows.values() if _can_hold(row, settled))
            narrowed = self._narrowed[settled] = Narrowed(rows, self._boundaries(rows))
        glance = partial(self._glance, narrowed.rows)
        amounts = {"amount_minor": (*narrowed.boundaries.get("amount_minor", ()), *gates.amounts())}
        return what_would_change(self.rule, {**narrowed.boundaries, **amounts}, facts, ruling, gates, glance)

    def description(self, fired: Fired) -> str:
        """Why a row is there, in its author's words; "" for a row that this version does not have."""
        found = [table.rows.get(fired.row) for table in self.tables.each() if table.sheet.name == fired.table]
        return found[0].description if found and found[0] else ""

    def _known(self, facts: Facts) -> tuple[dict[str, object], list[Fired], Standpoint, EvidenceRule]:
        """What the decision table is asked with, the rows that held before, and what came of them."""
        known = {**vars(facts)}
        granted, fired = self._eligibility(facts.goods, known)
        standpoint = standpoint_of(facts, granted)
        evidence = self.tables.evidence.row_for(known)
        known |= vars(standpoint)
        known["evidence_enough"] = is_enough(facts, evidence.answer)
        return known, [*fired, evidence.fired], standpoint, evidence.answer

    def _glance(self, rows: Iterable[Row[Decided]], facts: Facts) -> Action:
        """What is done by our own reading of these rows, several times as fast as the engine's."""
        known, *_ = self._known(facts)
        return next(
            row.answer.action for row in rows if all(asked.holds(known[fact]) for fact, asked in row.asks.items())
        )

    @cached_property
    def boundaries(self) -> Mapping[str, tuple[object, ...]]:
        """Values of single facts at which a decision may turn: from the cells of decision, evidence and eligibility.

        Words are those of the whole closed list; facts with words of their own, such as the currency, are left out.
        """
        return self._boundaries(self.tables.decision.rows.values())

    def _boundaries(self, decisive: Iterable[Row[Decided]]) -> Mapping[str, tuple[object, ...]]:
        turns: dict[str, set[object]] = {}
        for fact, value in self._turns(decisive):
            turns.setdefault(fact, set()).add(value)
        return {fact: _allowed(fact, values) for fact, values in turns.items()}

    def _turns(self, decisive: Iterable[Row[Decided]]) -> Iterable[tuple[str, object]]:
        tables = self.tables
        for row in (*decisive, *tables.evidence.rows.values(), *tables.eligibility.rows.values()):
            for fact, value in row.values_at_turns():
                if fact == "days_counted":
                    yield "days_since_delivery", value
                elif fact in _CHANGEABLE:
                    yield fact, value
        for granted in tables.eligibility.rows.values():
            for days in (granted.answer.window_days, granted.answer.fault_window_days):
                yield from (("days_since_delivery", days), ("days_since_delivery", days + 1))
        for asked in tables.evidence.rows.values():
            yield from (("evidence_count", asked.answer.pieces), ("picture_count", asked.answer.pictures))

    def _eligibility(self, goods: Iterable[Goods], known: Mapping[str, object]) -> tuple[Eligibility, list[Fired]]:
        """What is granted for all the goods together: of each part the strictest; and the rows, each once."""
        rows = [self.tables.eligibility.row_for({**known, **vars(each)}) for each in goods]
        first = rows[0].answer
        if len(rows) == 1:
            return first, [rows[0].fired]
        granted = [row.answer for row in rows]
        strictest = Eligibility(
            right=min((each.right for each in granted), key=_STRICTEST_FIRST.index),
            window_days=min(each.window_days for each in granted),
            fault_window_days=min(each.fault_window_days for each in granted),
            fallback_days=min(each.fallback_days for each in granted),
        )
        return strictest, list(dict.fromkeys(row.fired for row in rows))


def _can_hold(row: Row[Decided], settled: tuple[Reason, CaseKind, str]) -> bool:
    asked = zip(("reason", "kind", "currency"), settled, strict=True)
    return all(row.asks[fact].holds(value) for fact, value in asked if fact in row.asks)


def standpoint_of(facts: Facts, granted: Eligibility) -> Standpoint:
    """Days count from delivery; where none is known, from `fallback_days` after the purchase (P2.1)."""
    days = facts.days_since_delivery
    if days < 0:
        days = facts.days_since_purchase - granted.fallback_days
    return Standpoint(
        right=granted.right,
        days_counted=days,
        in_window=days <= granted.window_days,
        in_fault_window=days <= granted.fault_window_days,
    )


def is_enough(facts: Facts, asked: EvidenceRule) -> bool:
    """Whether what was shown is what is asked for (P2.2)."""
    return facts.evidence_count >= asked.pieces and facts.picture_count >= asked.pictures


def _allowed(fact: str, values: set[object]) -> tuple[object, ...]:
    """The values as the fact's own type has them, those that it cannot have left out."""
    annotation = _CHANGEABLE[fact].annotation
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return tuple(annotation)
    if annotation is bool:
        return (False, True)
    return tuple(sorted(value for value in values if isinstance(value, int) and value >= -1))
