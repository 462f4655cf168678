from __future__ import annotations

from collections.abc import Mapping, Sequence

from activities.ports import RunState
from aftersales.contract.messages import CaseStart, PaymentChanged


class FakeEngine:
    """Workflows by their case's number, running unless it is said otherwise; `failures` come instead of an act."""

    def __init__(self) -> None:
        self.runs: dict[str, RunState] = {}
        self.started: list[CaseStart] = []
        self.told: list[tuple[str, PaymentChanged]] = []
        self.failures: dict[str, Exception] = {}

    async def states(self, numbers: Sequence[str]) -> Mapping[str, RunState]:
        return {number: self.runs.get(number, RunState.RUNNING) for number in numbers}

    async def start(self, start: CaseStart) -> None:
        if failure := self.failures.get(start.number):
            raise failure
        self.runs[start.number] = RunState.RUNNING
        self.started.append(start)

    async def payment_changed(self, number: str, hint: PaymentChanged) -> None:
        if failure := self.failures.get(number):
            raise failure
        self.told.append((number, hint))
