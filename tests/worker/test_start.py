"""A worker that cannot do its work refuses to start: status 2, one paragraph, no traceback, and no secret."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from cli.servers.dev_server import DevServer
from storage import schema
from tests.support.program import Ran
from tests.worker.environment import SECRETS, environment, run_worker, without

AT_ONCE = 2


@dataclass(frozen=True)
class Case:
    """A worker's environment with something wrong, and what must be said of it."""

    told: Mapping[str, str]
    said: tuple[str, ...]
    lines: int = 1


def cases(migrated: str, empty: str, temporal: str) -> dict[str, Case]:
    return {
        "nothing set": Case(
            {},
            (
                "AFTERSALES_DATABASE_URL: not set",
                "AFTERSALES_PROOF_KEYS: not set",
                "AFTERSALES_LINK_KEYS: not set",
                "AFTERSALES_PAYEE_KEYS: not set",
            ),
            lines=4,
        ),
        "publishable key": Case(environment(stripe_api_key="pk_test_1"), ("AFTERSALES_STRIPE_API_KEY", "publishable")),
        "no provider": Case(without("stripe_api_key", "stripe_api_base"), ("No payment provider is set up", "README")),
        "no such policy": Case(
            environment(database_url=migrated, policy="v99"), ("AFTERSALES_POLICY: ", "'v99'", "one of: v1")
        ),
        "database away": Case(environment(), ("The database cannot be used", "AFTERSALES_DATABASE_URL")),
        "database not migrated": Case(environment(database_url=empty), ("schema is empty", "run the schema upgrade")),
        "temporal away": Case(
            environment(database_url=migrated), ("127.0.0.1:9 cannot be reached", "TEMPORAL_ADDRESS")
        ),
        "no such namespace": Case(
            environment(database_url=migrated, temporal_address=temporal, temporal_namespace="nowhere"),
            ("'nowhere' cannot be used", "AFTERSALES_TEMPORAL_NAMESPACE"),
        ),
    }


NAMES = tuple(cases("", "", ""))


@pytest.fixture(scope="module")
async def refused(
    dev_server: DevServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Case], dict[str, Ran]]:
    """Each case's worker run to its end, two at a time, for each takes a second of one core."""
    folder = tmp_path_factory.mktemp("refused")
    migrated, empty = (f"sqlite:///{folder / name}.db" for name in ("migrated", "empty"))
    await schema.upgrade(migrated)
    wrong, turns = cases(migrated, empty, dev_server.address), asyncio.Semaphore(AT_ONCE)

    async def run(case: Case) -> Ran:
        async with turns:
            return await run_worker(case.told)

    return wrong, dict(zip(wrong, await asyncio.gather(*map(run, wrong.values())), strict=True))


@pytest.mark.parametrize("name", NAMES)
async def test_a_worker_that_cannot_work_says_why_in_one_paragraph(
    refused: tuple[dict[str, Case], dict[str, Ran]], name: str
) -> None:
    case, ran = refused[0][name], refused[1][name]
    assert ran.status == 2, ran
    first, *paragraph = ran.err.splitlines()
    assert first == "The worker cannot start."
    assert [text for text in case.said if text not in ran.err] == []
    assert (len(paragraph), ran.out) == (case.lines, ""), ran


async def test_no_refusal_repeats_a_secret(refused: tuple[dict[str, Case], dict[str, Ran]]) -> None:
    written = "".join(ran.err + ran.out for ran in refused[1].values())
    assert [secret for secret in SECRETS if secret in written] == []
