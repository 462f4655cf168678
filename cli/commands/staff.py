"""`aftersales staff`: accounts, their roles and groups (P2.6). Every change is an entry of the staff log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr
from rich.table import Table

from aftersales.contract.values import Role
from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError
from cli.commands.identity import admin_of
from cli.commands.login import PasswordOption, password_of
from cli.commands.parameters import DEFAULT_HOME, STAFF, HomeOption, staff_role
from cli.commands.screen import console, plain, say, table

# ruff: noqa: PLC0415 - the database takes a second to load, and `--help` does not need it

if TYPE_CHECKING:
    from storage.staff import NewStaff, Staff, StaffBook

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The account, as its owner logs in.")]
RoleArgument = Annotated[Role, typer.Argument(metavar="ROLE", parser=staff_role, help=f"One of {STAFF}.")]
Change = Callable[["StaffBook", str, datetime], Awaitable[None]]
app = typer.Typer()


@app.callback()
def staff() -> None:
    """Look after accounts, roles and groups; for an admin who is logged in."""


@app.command()
def add(
    name: NameArgument,
    roles: Annotated[
        list[Role] | None,
        typer.Option("--role", metavar="ROLE", parser=staff_role, help=f"One of {STAFF}; repeatable."),
    ] = None,
    display_name: Annotated[str, typer.Option("--name", help="How people call them; by default the account.")] = "",
    mail: Annotated[str, typer.Option(help="Where letters to them go.")] = "",
    password_stdin: PasswordOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make an account. The first one, an admin, by whoever has the database; all others by an admin."""
    from storage.staff import NewStaff

    password = password_of(password_stdin, f"Password for {name}", twice=True)
    new = NewStaff(
        staff_id=name.lower(),
        display_name=display_name or name,
        mail=mail,
        password=SecretStr(password),
        roles=frozenset(roles or ()),
    )
    asyncio.run(_add(Deployment(home), new))


async def _add(deployment: Deployment, new: NewStaff) -> None:
    now = datetime.now(UTC)
    async with _book(deployment) as book:
        if await book.has_admin():
            await book.add(new, await admin_of(deployment), now)
        else:
            await book.add_first(new, now)
            say("There was no admin yet, so the database was enough to make this account; the next ones take an admin.")
    say(f"{new.staff_id} can log in: aftersales login {new.staff_id}")


@app.command("list")
def list_staff(home: HomeOption = DEFAULT_HOME) -> None:
    """List the accounts with what they may do."""
    asyncio.run(_list(Deployment(home)))


async def _list(deployment: Deployment) -> None:
    async with _book(deployment) as book:
        people = await book.listed()
    if people:
        console().print(staff_table(people))
    else:
        say("Nobody has an account yet: aftersales staff add NAME --role admin")


def staff_table(people: Sequence[Staff]) -> Table:
    """A line an account."""
    shown = table("Account", "Name", "Roles", "Groups", "")
    for each in people:
        state = "" if each.active else "disabled"
        cells = (each.staff_id, each.display_name, _joined(each.roles), _joined(each.groups), state)
        shown.add_row(*(plain(cell) for cell in cells))
    return shown


@app.command()
def show(name: NameArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Show one account."""
    asyncio.run(_show(Deployment(home), name.lower()))


async def _show(deployment: Deployment, name: str) -> None:
    async with _book(deployment) as book:
        found = await book.find(name)
    if found is None:
        raise CommandError(f"There is no account {name}; `aftersales staff list` shows those that exist.")
    say(f"{found.staff_id}: {found.display_name}{f', {found.mail}' if found.mail else ''}")
    say(f"  Roles   {_joined(found.roles) or 'none'}")
    say(f"  Groups  {_joined(found.groups) or 'none'}")
    say(f"  State   {'active' if found.active else 'disabled'}")


@app.command()
def grant(name: NameArgument, role: RoleArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Give an account a role."""
    _change(home, lambda book, by, at: book.grant(name.lower(), role, by, at), f"{name} holds the role {role.value}.")


@app.command()
def revoke(name: NameArgument, role: RoleArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Take a role away; it ends at once, also for whoever is logged in."""
    done = f"{name} does not hold the role {role.value} any more."
    _change(home, lambda book, by, at: book.revoke(name.lower(), role, by, at), done)


@app.command()
def disable(name: NameArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Let an account do nothing more, and end its logins."""
    _change(home, lambda book, by, at: book.set_active(name.lower(), False, by, at), f"{name} is disabled.")


@app.command()
def enable(name: NameArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Let an account that was disabled work again."""
    _change(home, lambda book, by, at: book.set_active(name.lower(), True, by, at), f"{name} can log in again.")


@app.command()
def password(name: NameArgument, password_stdin: PasswordOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Set a password: your own, or as an admin anybody's. All logins of the account end."""
    chosen = SecretStr(password_of(password_stdin, f"New password for {name}", twice=True))
    asyncio.run(_set_password(Deployment(home), name.lower(), chosen))


async def _set_password(deployment: Deployment, name: str, chosen: SecretStr) -> None:
    service = deployment.signing_service()
    mine = service is not None and (await service.me()).staff_id == name
    async with _book(deployment) as book:
        by = name if mine else await admin_of(deployment)
        await book.set_password(name, chosen, by, datetime.now(UTC))
    say(f"{name} has a new password; every login of that account has ended.")


@app.command()
def group(
    name: Annotated[str, typer.Argument(metavar="GROUP", help="The group, such as agents; a new one is made.")],
    join: Annotated[
        list[str] | None, typer.Option("--add", metavar="NAME", help="An account that joins it; repeatable.")
    ] = None,
    leave: Annotated[
        list[str] | None, typer.Option("--remove", metavar="NAME", help="An account that leaves it; repeatable.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a group, or change who is in it."""
    from pydantic import ConfigDict, TypeAdapter

    from storage.staff import GroupName

    checked = TypeAdapter(GroupName, config=ConfigDict(title="GROUP")).validate_python(name)

    async def change(book: StaffBook, by: str, at: datetime) -> None:
        await book.make_group(checked, by, at)
        for account in join or ():
            await book.join(checked, account.lower(), by, at)
        for account in leave or ():
            await book.leave(checked, account.lower(), by, at)

    _change(home, change, f"The group {checked} is as you said.")


def _change(home: HomeOption, change: Change, done: str) -> None:
    async def run() -> None:
        deployment = Deployment(home)
        by = await admin_of(deployment)
        async with _book(deployment) as book:
            await change(book, by, datetime.now(UTC))
        say(done)

    asyncio.run(run())


@asynccontextmanager
async def _book(deployment: Deployment) -> AsyncIterator[StaffBook]:
    from storage.passwords import Passwords
    from storage.staff import StaffBook

    async with deployment.database() as engine:
        yield StaffBook(engine, Passwords())


def _joined(words: frozenset[str] | frozenset[Role]) -> str:
    return ", ".join(sorted(words))
