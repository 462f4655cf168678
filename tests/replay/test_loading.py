"""What each case loads for itself: little, or thousands of open cases fill the memory (design: temporal, trap 4)."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox._runner import _Instance

from tests.replay.archive import history_files, read_history
from worker.runner import CaseRunner, WithoutContext
from workflows.refund_case import RefundCase

OURS = ("activities", "aftersales", "domain", "workflows")


@dataclass(frozen=True)
class WatchingRunner(CaseRunner):
    """The worker's runner as it is; it notes what each instance loads anew instead of sharing it with the process."""

    loaded: list[set[str]] = field(default_factory=list)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        instance = super().create_instance(det)
        assert isinstance(instance, WithoutContext)
        assert isinstance(instance.sandboxed, _Instance)
        modules = instance.sandboxed.importer.new_modules.items()
        self.loaded.append({name for name, module in modules if name.startswith(OURS) and _is_a_copy(name, module)})
        return instance


def _is_a_copy(name: str, module: object) -> bool:
    return module is not sys.modules.get(name)


async def test_a_case_loads_its_own_module_and_shares_all_others() -> None:
    runner = WatchingRunner()
    replayer = Replayer(workflows=[RefundCase], workflow_runner=runner, data_converter=pydantic_data_converter)
    await replayer.replay_workflow(read_history(history_files()[0]))
    assert runner.loaded[-1] == {"workflows", "workflows.refund_case"}
