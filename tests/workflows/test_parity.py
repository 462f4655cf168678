"""The names that callers use and the names that the worker answers to are the same."""

from __future__ import annotations

import inspect
from typing import Any

from temporalio import workflow

from aftersales.contract.handles import RefundCaseHandle
from workflows.refund_case import STAGES, RefundCase


def definition(cls: type) -> workflow._Definition:
    return workflow._Definition.must_from_class(cls)


def shape(method: object) -> tuple[object, ...]:
    signature = inspect.signature(method, eval_str=True)  # type: ignore[arg-type]
    return (*(p.annotation for p in list(signature.parameters.values())[1:]), signature.return_annotation)


def test_the_worker_answers_to_every_name_of_the_contract() -> None:
    ours, theirs = definition(RefundCase), definition(RefundCaseHandle)
    assert ours.name == theirs.name
    assert set(ours.signals) == set(theirs.signals)
    assert set(ours.updates) == set(theirs.updates)
    assert set(ours.queries) == set(theirs.queries)


def test_every_message_has_the_shape_that_callers_were_told() -> None:
    for name in ("run", "review", "payment_changed", "decide", "supply_evidence", "withdraw", "appeal", "view"):
        assert shape(getattr(RefundCase, name)) == shape(getattr(RefundCaseHandle, name)), name


def test_every_message_describes_itself_in_the_web_ui() -> None:
    ours = definition(RefundCase)
    described: list[Any] = [*ours.signals.values(), *ours.updates.values(), *ours.queries.values()]
    assert all(handler.description for handler in described)


def test_every_status_a_case_can_be_in_has_a_stage() -> None:
    assert {"received", "under_review", "paying", "refunded", "rejected"} <= {status.value for status in STAGES}
