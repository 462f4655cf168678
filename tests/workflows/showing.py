"""A workflow that only shows itself, scene after scene, for a worker to run."""

from __future__ import annotations

from datetime import UTC, datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.types import Standing
    from aftersales.contract.messages import Application, CaseStart, Item
    from aftersales.contract.values import Channel, Frozen, Reason
    from workflows import sight

OPENED = datetime(2026, 3, 8, 9, 5, tzinfo=UTC)
START = CaseStart(
    number="23456-789AB-CDEF",
    caller="tests",
    request_key="k",
    application=Application(
        order_id="SO-1",
        customer_id="c-1",
        items=(Item(line_id="1", quantity=1),),
        reason=Reason.WRONG_ITEM,
        channel=Channel.PHONE,
    ),
)


class Scene(Frozen):
    """One time that a case shows itself."""

    standing: Standing
    due_at: datetime | None = None


class Scenes(Frozen):
    scenes: tuple[Scene, ...]


@workflow.defn
class Showing:
    """Shows scene after scene, as a case does that goes through them."""

    @workflow.run
    async def run(self, told: Scenes) -> None:
        shown = sight.Shown()
        for scene in told.scenes:
            shown = sight.show(START, scene.standing, OPENED, "somebody", scene.due_at, shown)
