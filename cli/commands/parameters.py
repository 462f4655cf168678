"""Arguments and options that several commands share, and how what was typed is read."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from aftersales.contract.messages import Item
from aftersales.contract.values import Money, Role
from cli.commands.errors import MistypedError
from cli.home import DEFAULT
from domain.money import parse_amount

DEFAULT_HOME: Final = DEFAULT
_AMOUNT: Final = re.compile(r"\s*(?P<digits>\S+?)\s*(?P<currency>[A-Z]{3})?\s*")
_LARGEST_QUANTITY: Final = 100_000

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
NumberArgument = Annotated[
    str, typer.Argument(metavar="NUMBER", help="The application number (申请号), as it was read or heard.")
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
    str | None, typer.Option("--actor", metavar="ID", help="Who says so; by default your login name.")
]
StaffRoleOption = Annotated[
    Role,
    typer.Option("--role", metavar="ROLE", show_default=True, help=f"What they act as: {', '.join(Role)}."),
]
CustomerActorOption = Annotated[
    str | None, typer.Option("--actor", metavar="ID", help="Who says so; by default the customer of the case.")
]
CustomerRoleOption = Annotated[
    Role,
    typer.Option(
        "--role",
        metavar="ROLE",
        show_default=True,
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
            raise MistypedError(f"--amount {typed!r} is not an amount: write it like 12.30.")
        self.currency: str | None = found["currency"]
        self._digits = found["digits"]

    def money(self, currency: str) -> Money:
        """Raises domain.errors.AmountUnreadable, AmountTooPrecise, CurrencyUnknown."""
        return parse_amount(self._digits, self.currency or currency)


def staff_actor(named: str | None) -> str:
    """Who decides: named, or whoever is logged in."""
    try:
        return named or getpass.getuser()
    except (OSError, KeyError):
        raise MistypedError("Nobody is logged in by name here; say with --actor who it is.") from None
