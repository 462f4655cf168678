"""Arguments and options that several commands share, and how what was typed is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Item
from aftersales.contract.numbers import parse_number
from aftersales.contract.values import STAFF_ROLES, Money, Role
from cli.commands.errors import CommandError, MistypedError
from cli.commands.screen import say
from cli.home import DEFAULT
from domain.money import parse_amount

DEFAULT_HOME: Final = DEFAULT
_AMOUNT: Final = re.compile(r"\s*(?P<digits>\S+?)\s*(?P<currency>[A-Z]{3})?\s*")
_LARGEST_QUANTITY: Final = 100_000
STAFF: Final = ", ".join(sorted(STAFF_ROLES))
"""The roles of the staff, as help and errors list them."""

HomeOption = Annotated[
    Path,
    typer.Option(
        "--home",
        metavar="FOLDER",
        envvar="AFTERSALES_HOME",
        show_default=True,
        help="The folder of the running stack. Another deployment is named by TEMPORAL_*, AFTERSALES_DATABASE_URL "
        "and AFTERSALES_CLI_PROOF_KEY_ID with AFTERSALES_CLI_PROOF_SECRET.",
    ),
]


def application_number(typed: str | None) -> str | None:
    """The number in its written form; None stays None. Raises MistypedError."""
    try:
        return None if typed is None else parse_number(typed)
    except AftersalesError as error:
        raise MistypedError(
            f"{error} It stands in every letter to the customer, and `aftersales queue --all` lists the latest."
        ) from error


def staff_role(typed: str) -> Role:
    """A role that somebody of the staff may hold. Raises typer.BadParameter."""
    if typed not in STAFF_ROLES:
        raise typer.BadParameter(f"{typed!r} is not one of {STAFF}.")
    return Role(typed)


StateOption = Annotated[
    Path,
    typer.Option(
        "--home", metavar="FOLDER", envvar="AFTERSALES_HOME", show_default=True, help="Where the stack keeps its state."
    ),
]
NumberArgument = Annotated[
    str,
    typer.Argument(
        metavar="NUMBER", callback=application_number, help="The application number (申请号), as it was read or heard."
    ),
]
ItemsOption = Annotated[
    list[str] | None,
    typer.Option("--item", "--items", metavar="LINE[=QTY]", help="An order line, with how many of it; repeatable."),
]
AmountOption = Annotated[
    str | None,
    typer.Option("--amount", metavar="AMOUNT", help='An amount such as "12.30", in the order\'s currency.'),
]
EvidenceOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--evidence",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        readable=True,
        help="A photo, a video or a PDF to upload with it; repeatable.",
    ),
]
StaffActorOption = Annotated[
    str | None, typer.Option("--actor", metavar="ID", help="Who says so; by default who is logged in.")
]
StaffRoleOption = Annotated[
    Role | None,
    typer.Option(
        "--role",
        metavar="ROLE",
        help=f"What they act as, by default the role that fits; one of {STAFF}.",
    ),
]
CustomerActorOption = Annotated[
    str | None,
    typer.Option("--actor", metavar="ID", help="Who says so; by default who is logged in, else the customer."),
]
CustomerRoleOption = Annotated[
    Role | None,
    typer.Option(
        "--role",
        metavar="ROLE",
        help=f"What they act as; who speaks in the customer's place is an agent. One of {', '.join(Role)}.",
    ),
]
MessageIdOption = Annotated[
    str | None,
    typer.Option("--message-id", metavar="ID", help="Sent again under the same id, a message counts only once."),
]


def items_of(typed: Iterable[str] | None) -> tuple[Item, ...]:
    """Items from `LINE` or `LINE=QTY`, in the order given. Raises MistypedError."""
    return tuple(_item_of(each) for each in typed or ())


def _item_of(typed: str) -> Item:
    line_id, equals, quantity = typed.rpartition("=")
    if not equals:
        line_id, quantity = typed, "1"
    # Digits of other scripts are digits to Python, too; nobody means them.
    if not line_id or not re.fullmatch("[0-9]{1,6}", quantity) or not 1 <= int(quantity) <= _LARGEST_QUANTITY:
        raise MistypedError(
            f"--item {typed!r} is not an order line: write LINE or LINE=QTY, with a quantity of 1 or more."
        )
    return Item(line_id=line_id, quantity=int(quantity))


class TypedAmount:
    """An amount as typed: its currency may have to be looked up. Raises MistypedError."""

    def __init__(self, typed: str) -> None:
        found = _AMOUNT.fullmatch(typed)
        if found is None:
            raise MistypedError(f'--amount {typed!r} is not an amount: write it like 12.30, or like "12.30 CNY".')
        self.currency: str | None = found["currency"]
        self._digits = found["digits"]

    def money(self, currency: str) -> Money:
        """Raises domain.errors.AmountUnreadable, AmountTooPrecise, CurrencyUnknown."""
        return parse_amount(self._digits, self.currency or currency)


def typed_amount(typed: str | None) -> TypedAmount | None:
    """None only if there was none: an empty one, such as of a script's unset variable, does not mean all of it."""
    return None if typed is None else TypedAmount(typed)


def confirm_erasing(question: str, *, said: bool) -> None:
    """What was erased is gone for good, so it is asked once more unless it was `said`. Raises CommandError."""
    try:
        if said or typer.confirm(question):
            return
    except typer.Abort:  # nobody is there to answer
        say("")
    raise CommandError("It was not confirmed, so nothing was erased; --yes confirms it where nobody can be asked.")


def said_in(option: str, text: str) -> str:
    """The text of an option that must say something. Raises MistypedError."""
    if not text.strip():
        raise MistypedError(f"{option} is empty: write what it is to say.")
    return text
