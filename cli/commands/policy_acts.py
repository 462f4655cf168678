"""What a person does with a version of the policy: draft, check, publish, withdraw (P5.1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Final

import typer

from aftersales.contract.values import Role
from cli.commands.deployment import Deployment
from cli.commands.errors import FAILED, MistypedError
from cli.commands.identity import RoleNotHeldError, speaker_of
from cli.commands.parameters import DEFAULT_HOME, HomeOption, StaffActorOption, StaffRoleOption, said_in
from cli.commands.policy_reading import HASH_SHOWN, compare, is_folder
from cli.commands.screen import moment, say
from cli.home import STAFF_KEY_ID

if TYPE_CHECKING:
    from activities.policy_versions import Act, Acting
    from policy.publishing import Found
    from storage.policies import PolicyStore

# ruff: noqa: PLC0415 - database and engine are not needed for `--help`

MOST_FAULTS: Final = 50
"""So many are shown at once; nobody mends more before checking again."""


@dataclass(frozen=True)
class Author:
    """Who does something with which version."""

    version: Annotated[str, typer.Argument(metavar="VERSION", help="A name, a hash or its first digits; or a folder.")]
    actor: StaffActorOption = None
    role: StaffRoleOption = None
    home: HomeOption = DEFAULT_HOME

    def draft(self, name: str, note: str) -> None:
        """Raises PolicyError (no such folder, a file is missing), AftersalesError, CommandError."""
        asyncio.run(self._draft(said_in("--name", name.strip()), said_in("--note", note)))

    def check(self) -> None:
        """Exits with status 1 after naming what is wrong."""
        asyncio.run(self._check_folder() if is_folder(self.version) else self._check_kept())

    def publish(self, effective_from: str) -> None:
        """Raises PolicyError, AftersalesError, CommandError, MistypedError."""
        asyncio.run(self._publish(_moment(effective_from)))

    def withdraw(self) -> None:
        asyncio.run(self._withdraw())

    async def _draft(self, name: str, note: str) -> None:
        from activities.policy_versions import DRAFT
        from policy.document import canonical
        from policy.loader import folder_of, packaged_names, read_folder

        if name in packaged_names():
            raise MistypedError(f"--name {name} is a version that comes with the product; choose another name.")
        files = read_folder(folder_of(Path(self.version)))
        async with self._acting(DRAFT) as (store, by):
            kept = await store.draft(canonical(files), name, note, by, _now())
        say(f"Kept as the draft {kept.name} ({kept.content_hash[:HASH_SHOWN]}).")
        say(f"Next: aftersales policy check {quote(kept.name)}")

    async def _check_folder(self) -> None:
        from policy.loader import read_folder
        from policy.publishing import examine

        _tell(examine(read_folder(Path(self.version))), f"The version in {self.version}")

    async def _check_kept(self) -> None:
        from activities.policy_versions import CHECK
        from policy.publishing import check

        async with self._acting(CHECK) as (store, by):
            version = await store.find(self.version)
            found = await check(store, version.content_hash, by, _now())
        _tell(found, f"The version {version.name}")
        await self._tell_what_it_changes(version.content_hash)
        say(
            f"Next: aftersales policy test {quote(version.name)} --since 90d; then somebody other than {version.author}"
        )
        say(f"publishes it: aftersales policy publish {quote(version.name)} --from now")

    async def _tell_what_it_changes(self, content_hash: str) -> None:
        """Cell by cell, so that a sound cell that was not meant is seen before anybody publishes it."""
        from policy.errors import PolicyError

        say("Against the version in force:")
        try:
            await compare(Deployment(self.home), "", content_hash)
        except PolicyError as error:
            say(f"That one cannot be read any more: {error}")

    async def _publish(self, effective_from: datetime | None) -> None:
        from activities.policy_versions import PUBLISH
        from policy.publishing import publish

        async with self._acting(PUBLISH) as (store, by):
            version = await store.find(self.version)
            published = await publish(store, version.content_hash, effective_from, by, _now())
        say(f"{published.name} is in force from {moment(published.effective_from)}; cases opened before keep theirs.")

    async def _withdraw(self) -> None:
        from activities.policy_versions import WITHDRAW

        async with self._acting(WITHDRAW) as (store, by):
            version = await store.find(self.version)
            await store.withdraw(version.content_hash, by, _now())
        say(f"{version.name} is withdrawn.")

    @asynccontextmanager
    async def _acting(self, act: Act) -> AsyncIterator[tuple[PolicyStore, Acting]]:
        from storage.policies import PolicyStore

        deployment = Deployment(self.home)
        async with deployment.database() as engine:
            store = PolicyStore(engine)
            yield store, await acting_as(deployment, store, act, self.version, self.actor, self.role)


async def acting_as(
    deployment: Deployment, store: PolicyStore, act: Act, version: str, actor: str | None, role: Role | None
) -> Acting:
    """Who does it. Somebody of the staff who may not is written down. Raises as `speaker_of`."""
    from activities.policy_versions import Acting, RefusedAct

    try:
        speaker = await speaker_of(deployment, actor, role, act.roles)
    except RoleNotHeldError as error:
        refused = RefusedAct(act, version, error.actor, error.asked or "staff", STAFF_KEY_ID, error.code.value)
        await store.note_refusal(refused, _now())
        raise
    return Acting(actor=speaker.actor, role=speaker.role, channel=speaker.channel, account=speaker.account)


def _tell(found: Found, what: str) -> None:
    for fault in found.faults[:MOST_FAULTS]:
        say(str(fault))
    if len(found.faults) > MOST_FAULTS:
        say(f"… and {len(found.faults) - MOST_FAULTS} more.")
    if found.faults:
        say(f"{what} is refused; nothing of it was taken in force.")
        raise typer.Exit(FAILED)
    for doubt in found.doubts:
        say(f"Is this meant? {doubt}")
    say(f"{what} is sound: every cell of it means what it says.")


def _moment(typed: str) -> datetime | None:
    """None: now. Raises MistypedError."""
    if typed.strip().lower() == "now":
        return None
    try:
        at = datetime.fromisoformat(typed.strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise MistypedError(
            f"--from {typed!r} is no moment: write `now`, or one with its time zone such as 2026-12-01T00:00+08:00."
        )
    return at.astimezone(UTC)


def _now() -> datetime:
    return datetime.now(UTC)
