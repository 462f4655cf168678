"""The SDK's workflow sandbox, without asking each workflow how its payloads are to be converted."""

from __future__ import annotations

from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import Info


class CaseRunner(SandboxedWorkflowRunner):
    """Every case in a sandbox of its own, as the SDK does by itself.

    For each payload the SDK asks the workflow two or three times, by code compiled anew inside the sandbox, for a
    context that our converter has no use for: nearly a tenth of a worker's CPU. Here the answer is that there is none.
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return WithoutContext(super().create_instance(det))


class WithoutContext(WorkflowInstance):
    """A case in its sandbox, which is asked for nothing but to act."""

    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self.sandboxed = sandboxed

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        return self.sandboxed.activate(act)

    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:  # noqa: ANN401, ARG002
        return None

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:  # noqa: ANN401, ARG002
        return StorageDriverStoreContext(target=None)

    def get_info(self) -> Info:
        return self.sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self.sandboxed.get_thread_id()
