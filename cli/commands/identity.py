"""Who a command speaks as: the person who is logged in, or, where the command line is believed, whoever it names."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Final, NamedTuple

from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode, Role
from cli.commands.deployment import CALLER, Deployment
from cli.commands.errors import CommandError, MistypedError
from cli.home import STAFF_KEY_ID

if TYPE_CHECKING:
    from cli.commands.signing import LoggedIn

REVIEWERS: Final = (Role.AGENT, Role.SUPERVISOR, Role.FINANCE, Role.ADMIN)
CASHIERS: Final = (Role.FINANCE, Role.ADMIN)
SPOKESMEN: Final = (Role.AGENT, Role.SUPERVISOR, Role.ADMIN)
APPLICANTS: Final = (Role.AGENT, Role.SUPERVISOR, Role.OPS, Role.ADMIN)
"""Roles that fit a command, the usual one first; the case itself has the last word."""


class RoleNotHeldError(AftersalesError):
    """Who is logged in may not do this. `actor`: who it is; `asked`: the role that they named, if any."""

    def __init__(self, actor: str, asked: Role | None, sentence: str) -> None:
        super().__init__(ErrorCode.ROLE_NOT_ALLOWED, sentence)
        self.actor = actor
        self.asked = asked


class Speaker(NamedTuple):
    """`account`: the actor is an account of the product's own, logged in; else the command line vouches. `channel`: the
    key by which somebody vouches, as logs name it."""

    actor: str
    role: Role
    account: bool = False
    channel: str = CALLER


async def speaker_of(
    deployment: Deployment, actor: str | None, role: Role | None, fitting: tuple[Role, ...]
) -> Speaker:
    """Somebody of the staff. Raises CommandError (nobody is logged in, the role is not held), MistypedError."""
    service = deployment.signing_service()
    if service is not None:
        return _account(await service.me(), actor, role, fitting)
    if deployment.vouches():
        return Speaker(staff_actor(actor), role or fitting[0])
    deployment.portal_url()  # where nothing runs, that is what to say
    raise CommandError(
        "Nobody is logged in, and this service does not take the command line's word for who you are. Log in with "
        "`aftersales login NAME`; the first account is made by `aftersales staff add NAME --role admin`."
    )


async def spokesman_of(
    deployment: Deployment, actor: str | None, role: Role | None, fitting: tuple[Role, ...] = SPOKESMEN
) -> Speaker | None:
    """Who speaks in a customer's place; None if the customer does. Raises as `speaker_of`."""
    if role is Role.CUSTOMER or (role is None and deployment.signing_service() is None):
        return None
    return await speaker_of(deployment, actor, role, fitting)


async def admin_of(deployment: Deployment) -> str:
    """The id of the admin who is logged in; whether they still are one, the database says."""
    service = deployment.signing_service()
    if service is None:
        raise CommandError("Only an admin who is logged in looks after the staff: `aftersales login NAME`.")
    return _account(await service.me(), None, None, (Role.ADMIN,)).actor


def _account(person: LoggedIn, actor: str | None, role: Role | None, fitting: tuple[Role, ...]) -> Speaker:
    if actor not in (None, person.staff_id):
        raise MistypedError(f"You are logged in as {person.staff_id}; leave --actor {actor} out, or log in as them.")
    chosen = role or next((each for each in fitting if each in person.roles), None)
    if chosen is None or chosen not in person.roles:
        wanted = f"the role {role.value}" if role else f"one of the roles {', '.join(fitting)}"
        held = ", ".join(sorted(person.roles)) or "none"
        sentence = f"This takes {wanted}; {person.staff_id} holds {held}. An admin can grant it."
        raise RoleNotHeldError(person.staff_id, role, sentence)
    return Speaker(person.staff_id, chosen, account=True, channel=STAFF_KEY_ID)


def staff_actor(named: str | None) -> str:
    """Who decides, where the command line is believed: named, or whoever uses this machine."""
    try:
        return named or getpass.getuser()
    except (OSError, KeyError):
        raise MistypedError("Nobody is logged in by name here; say with --actor who it is.") from None
