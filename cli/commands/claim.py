"""`aftersales claim`: for a while nobody else decides the case (P2.6)."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import typer

from aftersales.contract.messages import Claim
from cli.commands.answers import tell
from cli.commands.deployment import Deployment
from cli.commands.identity import REVIEWERS, speaker_of
from cli.commands.parameters import (
    DEFAULT_HOME,
    HomeOption,
    MessageIdOption,
    NumberArgument,
    StaffActorOption,
    StaffRoleOption,
)

MOST_MINUTES: Final = 480


def claim(
    number: NumberArgument,
    minutes: Annotated[
        int,
        typer.Option("--minutes", min=1, max=MOST_MINUTES, show_default=True, help="For how long; it ends by itself."),
    ] = 30,
    release: Annotated[bool, typer.Option("--release", help="Let the case go instead.")] = False,
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    message_id: MessageIdOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Keep a case for yourself for a while, or let it go.

    Nobody else decides it meanwhile; a supervisor may take it over.
    """
    message = Claim(minutes=0 if release else minutes)

    async def send() -> None:
        deployment = Deployment(home)
        speaker = await speaker_of(deployment, actor, role, REVIEWERS)
        client = await deployment.client(speaker)
        answer = await client.claim(number, message, actor=speaker.actor, role=speaker.role, message_id=message_id)
        tell(number, answer, "It is free again." if release else f"It is yours for {minutes} min.")

    asyncio.run(send())
