"""Who keeps lists, chargebacks and marks from the command line: proven, and holding the role at this moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from aftersales.contract.values import Role
from cli.commands.deployment import Deployment
from cli.commands.identity import speaker_of

if TYPE_CHECKING:
    from storage.risk import Keeper, RiskBook

ReasonOption: TypeAlias = Annotated[str, typer.Option(help="Why, for colleagues and the log.")]


@asynccontextmanager
async def keeping(home: Path, actor: str | None, role: Role | None) -> AsyncIterator[tuple[RiskBook, Keeper]]:
    """The book, and who writes in it now. Raises AftersalesError(role_not_allowed), and as `speaker_of`."""
    from activities.risk import KEEPERS, check_keeper  # noqa: PLC0415 - not needed for `--help`
    from storage.risk import Keeper, RiskBook  # noqa: PLC0415
    from storage.store import SqlStore  # noqa: PLC0415

    deployment = Deployment(home)
    speaker = await speaker_of(deployment, actor, role, KEEPERS)
    async with deployment.database() as engine:
        async with SqlStore(engine).begin() as unit:
            await check_keeper(unit, speaker.actor, speaker.role, account=speaker.account)
        yield RiskBook(engine), Keeper(datetime.now(UTC), speaker.channel, speaker.actor, speaker.role.value)
