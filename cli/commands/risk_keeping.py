"""Who keeps lists, chargebacks and marks from the command line: proven, and holding the role at this moment.

Whoever may not is refused, and what they wanted is an entry of the log.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import Role
from cli.commands.deployment import Deployment
from cli.commands.identity import RoleNotHeldError, Speaker, speaker_of
from cli.home import STAFF_KEY_ID

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from storage.risk import Attempt, Keeper, RiskBook

# ruff: noqa: PLC0415 - the database takes a second to load, and `--help` does not need it

ReasonOption: TypeAlias = Annotated[str, typer.Option(help="Why, for colleagues and the log.")]


@asynccontextmanager
async def keeping(
    home: Path, actor: str | None, role: Role | None, attempt: Attempt
) -> AsyncIterator[tuple[RiskBook, Keeper]]:
    """The book, and who writes in it now. Raises AftersalesError(role_not_allowed), which is recorded with the
    attempt, and as `speaker_of`."""
    from activities.risk import KEEPERS
    from storage.risk import Keeper, RiskBook

    deployment = Deployment(home)
    async with deployment.database() as engine:
        book, now = RiskBook(engine), datetime.now(UTC)
        try:
            speaker = await speaker_of(deployment, actor, role, KEEPERS)
        except RoleNotHeldError as refused:
            asked = refused.asked.value if refused.asked else "staff"
            await book.refuse(Keeper(now, STAFF_KEY_ID, refused.actor, asked), attempt, refused.code.value)
            raise
        keeper = Keeper(now, speaker.channel, speaker.actor, speaker.role.value)
        await _check(engine, book, speaker, keeper, attempt)
        yield book, keeper


async def _check(engine: AsyncEngine, book: RiskBook, speaker: Speaker, keeper: Keeper, attempt: Attempt) -> None:
    from activities.risk import check_keeper
    from storage.store import SqlStore

    try:
        async with SqlStore(engine).begin() as unit:
            await check_keeper(unit, speaker.actor, speaker.role, account=speaker.account)
    except AftersalesError as refused:
        await book.refuse(keeper, attempt, refused.code.value)
        raise
