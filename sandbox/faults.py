"""Scripted and random faults: which of the next calls goes wrong, and how."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS faults (id INTEGER PRIMARY KEY AUTOINCREMENT, spec TEXT NOT NULL);
"""
RANDOM = "random_faults"
MAX_WAIT_S = 600


class FaultKind(StrEnum):
    """What can go wrong with one call; kinds may be combined (``pending`` and ``call_back_twice``)."""

    DROP_REQUEST = "drop_request"
    EXECUTE_THEN_DROP = "execute_then_drop"
    EXECUTE_THEN_500 = "execute_then_500"
    ERROR_500 = "error_500"
    RATE_LIMITED = "429"
    SLOW = "slow"
    TRUNCATE = "truncate"
    UNREADABLE = "unreadable"
    HOLD_BEFORE_EXECUTE = "hold_before_execute"
    HOLD_AFTER_EXECUTE = "hold_after_execute"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    NEVER_CALL_BACK = "never_call_back"
    CALL_BACK_TWICE = "call_back_twice"
    BAD_SIGNATURE = "bad_signature"
    OUT_OF_ORDER = "out_of_order"


CALLBACK_KINDS = frozenset(
    {FaultKind.NEVER_CALL_BACK, FaultKind.CALL_BACK_TWICE, FaultKind.BAD_SIGNATURE, FaultKind.OUT_OF_ORDER}
)
Method = Literal["GET", "POST", "*"]


class Manner(BaseModel):
    """How a fault happens: ``kinds`` (or a single ``kind``), waiting times in seconds, before or after."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind | None = None
    kinds: tuple[FaultKind, ...] = ()
    method: Method = "POST"
    # `slow` waits this long; a slow provider still executes when the caller has gone.
    seconds: Annotated[float, Field(gt=0, le=MAX_WAIT_S)] = 1.0
    slow_phase: Literal["before", "after"] = "before"
    # A hold ends by itself after this long, so that a forgotten one cannot hang a test run.
    max_seconds: Annotated[float, Field(gt=0, le=MAX_WAIT_S)] = 30.0

    @model_validator(mode="after")
    def _names_a_kind(self) -> Self:
        if (self.kind is None) == (not self.kinds):
            raise ValueError("give either kind or kinds")
        return self

    @property
    def all_kinds(self) -> tuple[FaultKind, ...]:
        """The kinds, whichever way they were written."""
        return (self.kind,) if self.kind else self.kinds


class ScriptedFault(Manner):
    """A fault for the next ``times`` matching calls (``None``: until cleared)."""

    leg: str | None = None
    payment: str | None = Field(default=None, validation_alias=AliasChoices("payment", "charge", "payment_intent"))
    times: Annotated[int, Field(ge=1)] | None = 1

    def matches(self, method: str, leg: str | None, payments: Sequence[str]) -> bool:
        """Whether a call is one this fault was scripted for."""
        if self.method not in ("*", method):
            return False
        if self.leg is not None and self.leg != leg:
            return False
        return self.payment is None or self.payment in payments


class RandomFaults(Manner):
    """Each matching call fails with probability ``rate``, by one of the kinds, reproducibly from ``seed``."""

    rate: Annotated[float, Field(ge=0, le=1)]
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault of one call; no kinds means that nothing goes wrong."""

    kinds: frozenset[FaultKind] = frozenset()
    seconds: float = 0.0
    slow_phase: Literal["before", "after"] = "before"
    max_seconds: float = 0.0


NO_FAULT = Fault()


def _fault(manner: Manner, kinds: Sequence[FaultKind]) -> Fault:
    return Fault(frozenset(kinds), manner.seconds, manner.slow_phase, manner.max_seconds)


def draw(seed: int, name: str, number: int) -> float:
    """A number in [0, 1) that depends on its arguments alone, so that a seed gives the same run again."""
    digest = hashlib.sha256(f"{seed}:{name}:{number}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


class FaultDesk:
    """The queue of scripted faults, first match first, and the random mode behind it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(SCHEMA)

    def script(self, fault: ScriptedFault) -> int:
        """Queue a fault and return its id."""
        spec = fault.model_dump_json(exclude_defaults=True)
        return self._store.run("INSERT INTO faults (spec) VALUES (?)", spec).lastrowid or 0

    def queued(self) -> list[tuple[int, ScriptedFault]]:
        """The faults still waiting for a call, with their ids."""
        rows = self._store.rows("SELECT id, spec FROM faults ORDER BY id")
        return [(row["id"], ScriptedFault.model_validate_json(row["spec"])) for row in rows]

    def clear(self) -> None:
        """Forget the queue and the random mode."""
        self._store.run("DELETE FROM faults")
        self.randomise(None)

    def randomise(self, faults: RandomFaults | None) -> None:
        """Set or end the random mode, its draws starting anew."""
        self._store.run("DELETE FROM counters WHERE name LIKE 'draw %'")
        self._store.set_fact(RANDOM, faults and faults.model_dump(mode="json"))

    def random_mode(self) -> RandomFaults | None:
        """The random mode in force, if any."""
        spec = self._store.fact(RANDOM)
        return None if spec is None else RandomFaults.model_validate(spec)

    def take(self, method: str, path: str, leg: str | None, payments: Sequence[str]) -> Fault:
        """The fault of this call, used up if it was scripted a number of times."""
        for fault_id, scripted in self.queued():
            if scripted.matches(method, leg, payments):
                self._use_up(fault_id, scripted)
                return _fault(scripted, scripted.all_kinds)
        return self._random_fault(method, path, leg or ",".join(payments))

    def _use_up(self, fault_id: int, scripted: ScriptedFault) -> None:
        if scripted.times is None:
            return
        if scripted.times == 1:
            self._store.run("DELETE FROM faults WHERE id = ?", fault_id)
            return
        spec = scripted.model_copy(update={"times": scripted.times - 1}).model_dump_json(exclude_defaults=True)
        self._store.run("UPDATE faults SET spec = ? WHERE id = ?", spec, fault_id)

    def _random_fault(self, method: str, path: str, subject: str) -> Fault:
        faults = self.random_mode()
        if faults is None or faults.method not in ("*", method):
            return NO_FAULT
        # Drawn per subject, not per arrival: concurrency must not change which leg fails at which try.
        name = f"draw {method} {path} {subject}"
        number = self._store.count_up(name)
        if draw(faults.seed, name, number) >= faults.rate:
            return NO_FAULT
        kinds = faults.all_kinds
        return _fault(faults, [kinds[int(draw(faults.seed, f"kind {name}", number) * len(kinds))]])
