"""Whoever of the staff is logged in and may not act on the policy or the breaker is refused, and in the log (P6.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from activities.alerting import BREAKER_LOG, Turn
from activities.policy_versions import POLICY_LOG, PUBLISH
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import Role
from cli.commands.budget import Attempt, supervisor
from cli.commands.policy_acts import acting_as
from cli.home import Home
from storage.policies import PolicyStore
from storage.store import SqlStore
from tests.cli.test_commands_identity import Beside, LoggedInAs


@pytest.fixture(name="agents")
def as_an_agent(home: Home) -> Beside:
    return Beside(home.folder, LoggedInAs(Role.AGENT))


async def logged(store: SqlStore, log: str) -> list[tuple[str, str, str, str]]:
    async with store.begin() as unit:
        return [(each.action, each.before, each.actor, each.role) for each in await unit.log(log)]


@pytest.fixture(name="store")
async def store_of(agents: Beside) -> AsyncIterator[SqlStore]:
    async with agents.database() as engine:
        yield SqlStore(engine)


@pytest.mark.parametrize(("asked", "noted"), [(None, "staff"), (Role.SUPERVISOR, "supervisor")])
async def test_an_agent_who_would_publish_is_written_down(
    agents: Beside, store: SqlStore, asked: Role | None, noted: str
) -> None:
    async with agents.database() as engine:
        with pytest.raises(AftersalesError, match="holds agent"):
            await acting_as(agents, PolicyStore(engine), PUBLISH, "winter", None, asked)
    assert await logged(store, POLICY_LOG) == [("refused", "policy_published", "wang", noted)]


async def test_an_agent_who_would_let_the_rules_go_on_is_written_down(agents: Beside, store: SqlStore) -> None:
    attempt = Attempt(Turn.CLOSE, "It was nothing.", datetime.now(UTC))
    with pytest.raises(AftersalesError, match="holds agent"):
        await supervisor(agents, store, attempt, None, None)
    assert await logged(store, BREAKER_LOG) == [("refused", "breaker_closed", "wang", "staff")]
