"""One small workflow in three versions: before a change, changed carelessly, and changed the right way."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

NAME = "Promise"


@workflow.defn(name=NAME)
class Promise:
    """Keeps its word after a day."""

    @workflow.run
    async def run(self) -> str:
        await workflow.sleep(timedelta(days=1))
        return "kept"


@workflow.defn(name=NAME)
class PromiseChanged:
    """Says first that it has not forgotten; a promise that is open already cannot know of that."""

    @workflow.run
    async def run(self) -> str:
        await _remind()
        await workflow.sleep(timedelta(days=1))
        return "kept"


@workflow.defn(name=NAME)
class PromisePatched:
    """The same, for promises made from now on; those made before end as they began."""

    @workflow.run
    async def run(self) -> str:
        if workflow.patched("reminder-first"):
            await _remind()
        await workflow.sleep(timedelta(days=1))
        return "kept"


async def _remind() -> None:
    workflow.upsert_memo({"reminded": True})
