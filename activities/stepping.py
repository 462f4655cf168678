"""The idempotent database step: one transaction that acts and stores its result under (case, step, round)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Final

from activities.ports import Store, Unit
from activities.rows import StoredStep
from activities.types import Step, StepResult
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode

CIRCUMSTANCES: Final = {"now", "life", "last_look", "refusal", "outcome"}
"""Fields that say what the workflow found when it asked: the hour, its run, how the process stood, what a provider
answered. Asked again after a reset they may well be others."""

Act = Callable[[Unit], Awaitable[StepResult]]


def input_digest(step: Step) -> str:
    """SHA-256 of what is asked of the step: whose case, which message, which leg. `CIRCUMSTANCES` do not count, nor do
    fields at their default.

    So a workflow reset to an earlier moment asks for the same step, whatever the clock and the provider say by now:
    it goes through what was recorded and is then where the case stands. So does a worker with newer fields.
    """
    body = step.model_dump(mode="json", exclude=CIRCUMSTANCES, exclude_defaults=True)
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


async def once(store: Store, name: str, step: Step, act: Act) -> StepResult:
    """Do `act` and store its result under the step's name, or give the result that is stored already.

    Raises AftersalesError(step_conflict) when another input was stored under the same key. Whatever `act`
    raises rolls everything back.
    """
    digest = input_digest(step)
    async with store.begin() as unit:
        stored = await unit.stored_step(step.number, name, step.round)
        if stored is None:
            stored = StoredStep(input_digest=digest, result=await act(unit))
            await unit.store_step(step.number, name, step.round, stored)
    if stored.input_digest != digest:
        raise AftersalesError(
            ErrorCode.STEP_CONFLICT,
            f"Step {name}, round {step.round}, of case {step.number} was done with another input; "
            "the case's history and its database do not belong together.",
        )
    return stored.result
