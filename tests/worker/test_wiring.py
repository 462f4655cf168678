"""Which queue is served by what, under which names and limits, as a worker registers it with Temporal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities.reconciling import PLAN_RECONCILIATION, RECONCILE_DAY
from activities.sealing_log import SEAL_AUDIT
from activities.sweeping import SWEEP
from activities.types import StepName
from aftersales import connect
from aftersales.contract import names
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.values import CaseKind, PayoutMethod, Reason
from cli.servers.dev_server import DevServer
from integrations.provider import ProviderSettingsError
from integrations.stripe.block import StripeBlock
from policy import PolicyError
from storage import schema
from storage.errors import DatabaseUrlError, SchemaError, StorageError
from tests.worker.environment import DATABASE_PASSWORD, settings, stripe
from worker.draining import ProviderCalls
from worker.logs import NumberedLogs
from worker.main import explain
from worker.settings import WorkerSettings
from worker.wiring import Parts, make_workers, open_parts

TILLS = [names.payments_queue(provider) for provider in ("store_credit", "gift_card", "by_hand", "stripe")]

ON_SCHEDULES = [SWEEP, PLAN_RECONCILIATION, RECONCILE_DAY, SEAL_AUDIT]


@pytest.fixture
async def client(dev_server: DevServer) -> Client:
    return await connect(address=dev_server.address)


@pytest.fixture
async def parts(sqlite_url: str) -> AsyncIterator[Parts]:
    await schema.upgrade(sqlite_url)
    async with open_parts(settings(database_url=sqlite_url), stripe()) as opened:
        yield opened


def served_by(client: Client, parts: Parts, told: WorkerSettings | None = None) -> dict[str, dict[str, Any]]:
    """The workers' configurations, by queue."""
    workers = make_workers(client, parts, told or settings(), ProviderCalls())
    return {worker.task_queue: dict(worker.config()) for worker in workers}


def acts(config: dict[str, Any]) -> set[str]:
    return {str(activity._Definition.must_from_callable(act).name) for act in config["activities"]}


def flows(config: dict[str, Any]) -> set[str]:
    return {str(workflow._Definition.must_from_class(flow).name) for flow in config["workflows"]}


async def test_each_queue_has_its_own_acts_under_the_names_the_workflow_calls(client: Client, parts: Parts) -> None:
    served = served_by(client, parts)
    assert {queue: acts(config) for queue, config in served.items()} == {
        names.QUEUE_CASES: {
            StepName.INTAKE,
            StepName.RECORD_MESSAGE,
            StepName.RECORD_PAYMENT,
            StepName.ELAPSE,
            SWEEP,
            PLAN_RECONCILIATION,
            RECONCILE_DAY,
            SEAL_AUDIT,
        },
        **{queue: {StepName.SUBMIT_LEG, StepName.QUERY_LEG} for queue in TILLS},
        names.QUEUE_NOTIFICATIONS: {StepName.NOTIFY},
    }


async def test_every_step_of_a_case_is_served_by_exactly_one_queue_and_payments_by_one_of_each_provider(
    client: Client, parts: Parts
) -> None:
    served = [name for queue, config in served_by(client, parts).items() for name in acts(config) if queue not in TILLS]
    assert sorted([*served, StepName.SUBMIT_LEG, StepName.QUERY_LEG]) == sorted([*StepName, *ON_SCHEDULES])


async def test_cases_run_under_the_name_that_callers_start_them_by(client: Client, parts: Parts) -> None:
    served = served_by(client, parts)
    told = str(workflow._Definition.must_from_class(RefundCaseHandle).name)
    assert flows(served[names.QUEUE_CASES]) == {told, "Sweep", "Reconciliation", "ReconcileDay", "Daily"}
    assert told == names.REFUND_CASE
    assert not [config for queue, config in served.items() if queue != names.QUEUE_CASES and config["workflows"]]


@pytest.mark.parametrize("queue", [names.QUEUE_CASES, names.QUEUE_NOTIFICATIONS, *TILLS])
async def test_a_worker_of_one_queue_serves_no_other(client: Client, parts: Parts, queue: str) -> None:
    assert list(served_by(client, parts, settings(queues=[queue]))) == [queue]


async def test_a_worker_of_a_shop_without_any_provider_does_not_start(sqlite_url: str) -> None:
    await schema.upgrade(sqlite_url)
    with pytest.raises(ProviderSettingsError, match="AFTERSALES_STRIPE"):
        async with open_parts(settings(database_url=sqlite_url), (StripeBlock(),)):
            pytest.fail("it was opened without any provider")


async def test_a_queue_that_was_asked_for_and_cannot_be_served_is_named(client: Client, parts: Parts) -> None:
    missing = replace(parts, cashier=replace(parts.cashier, tills={}))
    with pytest.raises(ProviderSettingsError, match="payments-stripe"):
        served_by(client, missing, settings(queues=["cases", "payments-stripe"]))


async def test_ways_are_those_of_the_providers_that_are_set_up(parts: Parts) -> None:
    assert sorted(parts.cashier.ways.rails) == ["by_hand", "gift_card", "store_credit", "stripe"]
    assert parts.cashier.ways.payer(PayoutMethod.BANK_TRANSFER, "EUR") == "by_hand", "no bank is set up"


async def test_the_limits_are_those_of_the_settings(client: Client, parts: Parts) -> None:
    told = settings(
        drain_s=7,
        max_cached_workflows=11,
        concurrent_workflow_tasks=5,
        concurrent_activities=3,
    )
    served = served_by(client, parts, told)
    cases, payments, mail = (served[queue] for queue in (names.QUEUE_CASES, TILLS[-1], names.QUEUE_NOTIFICATIONS))
    assert {config["graceful_shutdown_timeout"] for config in served.values()} == {timedelta(seconds=7)}
    assert (cases["max_cached_workflows"], cases["max_concurrent_workflow_tasks"]) == (11, 5)
    assert cases["max_concurrent_local_activities"] == 3
    assert [each["max_concurrent_activities"] for each in (payments, mail)] == [3, 3]
    assert payments["max_task_queue_activities_per_second"] == 80
    assert mail["max_task_queue_activities_per_second"] is None, "the provider's limit is the provider's alone"


async def test_every_queue_logs_with_the_application_number_and_keeps_the_workflow_sandbox(
    client: Client, parts: Parts
) -> None:
    for config in served_by(client, parts).values():
        assert NumberedLogs in [type(interceptor) for interceptor in config["interceptors"]]
        assert isinstance(config["workflow_runner"], SandboxedWorkflowRunner)
        assert not config["debug_mode"]


async def test_only_the_calls_of_a_provider_are_waited_for_at_the_end(client: Client, parts: Parts) -> None:
    watched = {
        queue: ProviderCalls in [type(interceptor) for interceptor in config["interceptors"]]
        for queue, config in served_by(client, parts).items()
    }
    assert watched == {names.QUEUE_CASES: False, names.QUEUE_NOTIFICATIONS: False, **dict.fromkeys(TILLS, True)}


async def test_the_waits_of_the_policy_are_as_long_as_the_settings_let_them_be(sqlite_url: str) -> None:
    await schema.upgrade(sqlite_url)
    days: list[float] = []
    for time_scale in (1.0, 0.5):
        async with open_parts(settings(database_url=sqlite_url, time_scale=time_scale), stripe()) as opened:
            policy = await opened.steps._policies.in_force(datetime.now(UTC))
            waits = policy.timings(Reason.CHANGED_MIND, CaseKind.REFUND_ONLY)
            days.append(waits.review_escalation_s / 86400)
    assert days == [1, 0.5], "24 hours in production (P2.7), and less where a demo says so"


async def test_a_database_of_another_schema_is_not_worked_on(sqlite_url: str) -> None:
    with pytest.raises(SchemaError, match="run the schema upgrade"):
        async with open_parts(settings(database_url=sqlite_url), stripe()):
            pytest.fail("it was opened")


async def test_a_database_out_of_reach_is_named_by_its_setting_and_not_by_its_password(tmp_path: Path) -> None:
    for url in (settings().database_url, f"sqlite:///{tmp_path}/nowhere/cases.db"):
        with pytest.raises(StorageError, match="AFTERSALES_DATABASE_URL") as refused:
            async with open_parts(settings(database_url=url), stripe()):
                pytest.fail("it was opened")
        assert DATABASE_PASSWORD not in str(refused.value)
        assert "sqlalche.me" not in str(refused.value)


async def test_a_database_of_another_kind_is_refused_by_its_settings_name() -> None:
    with pytest.raises(DatabaseUrlError) as refused:
        async with open_parts(settings(database_url=f"mysql://worker:{DATABASE_PASSWORD}@127.0.0.1/x"), stripe()):
            pytest.fail("it was opened")
    assert explain(refused.value).startswith("AFTERSALES_DATABASE_URL: ")
    assert DATABASE_PASSWORD not in explain(refused.value)


async def test_a_policy_that_is_not_there_is_found_before_any_case_is_served(sqlite_url: str) -> None:
    await schema.upgrade(sqlite_url)
    with pytest.raises(PolicyError, match="v99"):
        async with open_parts(settings(database_url=sqlite_url, policy="v99"), stripe()):
            pytest.fail("it was opened")
