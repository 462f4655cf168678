"""`aftersales login`, `logout`, `whoami`: who uses the command line."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import Annotated

import typer

from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError, MistypedError
from cli.commands.identity import staff_actor
from cli.commands.parameters import DEFAULT_HOME, HomeOption
from cli.commands.screen import say

# ruff: noqa: PLC0415 - the line to the portal takes a while to load, and `--help` does not need it

PasswordOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, for scripts.")
]


def login(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Your account; by default this login's.")] = None,
    password_stdin: PasswordOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Log in, so that what you decide is signed as yours.

    It holds for half an hour without use, and for ten hours at most.
    """
    deployment = Deployment(home)
    account = staff_actor(name)
    deployment.portal_url()
    asyncio.run(_log_in(deployment, account, password_of(password_stdin, f"Password of {account}")))


async def _log_in(deployment: Deployment, name: str, password: str) -> None:
    from cli.commands.signing import SigningService

    opened = await SigningService(deployment.portal_url()).log_in(name, password)
    deployment.token().keep(opened.token)
    say(f"Logged in as {opened.staff_id}, {_roles(opened.roles)}.")


def logout(home: HomeOption = DEFAULT_HOME) -> None:
    """Log out on this machine."""
    asyncio.run(_log_out(Deployment(home)))


async def _log_out(deployment: Deployment) -> None:
    from cli.commands.signing import LoginEndedError

    service = deployment.signing_service()
    if service is None:
        say("Nobody is logged in.")
        return
    with suppress(LoginEndedError):
        await service.log_out()
    deployment.token().remove()
    say("Logged out.")


def whoami(home: HomeOption = DEFAULT_HOME) -> None:
    """Say who is logged in, and with which roles."""
    asyncio.run(_who(Deployment(home)))


async def _who(deployment: Deployment) -> None:
    service = deployment.signing_service()
    if service is not None:
        person = await service.me()
        say(f"{person.staff_id} ({person.display_name}), {_roles(person.roles)}.")
    elif deployment.vouches():
        say(f"Nobody is logged in. Demo mode signs for the command line, as {staff_actor(None)} or any --actor.")
    else:
        raise CommandError("Nobody is logged in: `aftersales login NAME`.")


def _roles(roles: tuple[str, ...]) -> str:
    return f"role {', '.join(roles)}" if roles else "without any role yet"


def password_of(from_stdin: bool, question: str, *, twice: bool = False) -> str:
    """A password, never from the command's own words, which the shell's history keeps. Raises MistypedError."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise MistypedError("Nobody is there to be asked for the password; give it with --password-stdin.")
    typed: str = typer.prompt(question, hide_input=True, confirmation_prompt=twice)
    return typed
