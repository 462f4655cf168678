"""The first step of a case by itself: proof, order, policy, amount and reservation, in one transaction."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.case_steps import CaseSteps
from activities.types import Intake
from aftersales.contract.messages import CaseStart
from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseStatus, Role
from aftersales.proof import Keyring, ProofKey, sign
from bench.refunds import application_for
from domain.orders import OrderRecord
from policy.shelf import packaged_shelf
from storage.store import SqlStore

KEY = ProofKey("bench", "bench-" * 6)


async def assessment_p50(engine: AsyncEngine, orders: Sequence[OrderRecord]) -> float:
    """Milliseconds from the step's input to its committed result, one application for each order."""
    steps = CaseSteps(SqlStore(engine), packaged_shelf(), Keyring([KEY]))
    times: list[float] = []
    for step in [_intake(order) for order in orders]:
        began = time.perf_counter()
        result = await steps.intake(step)
        times.append((time.perf_counter() - began) * 1000)
        assert result.standing.status is CaseStatus.PAYING, result.standing.explanation
    return statistics.median(times)


def _intake(order: OrderRecord) -> Intake:
    key = f"assess-{order.order_id}"
    number = number_for("bench", key)
    application = sign(
        application_for(order), number=number, actor=order.account.customer_id, role=Role.CUSTOMER, key=KEY
    )
    start = CaseStart(number=number, caller="bench", request_key=key, application=application)
    return Intake(number=number, round=1, now=datetime.now(UTC), start=start)
