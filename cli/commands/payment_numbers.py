"""A payment as people name it: by our number at its provider, which begins with the application number."""

from __future__ import annotations

import re
from typing import Annotated, Final, NamedTuple

import typer

from aftersales.contract.errors import AftersalesError
from aftersales.contract.numbers import parse_number
from cli.commands.errors import MistypedError

_PAYMENT: Final = re.compile(r"(?P<number>.+)-(?P<leg>[0-9]{1,4})-(?P<attempt>[0-9]{1,4})")


class PaymentNumber(NamedTuple):
    """`number`: the case's. `provider_number`: that of one leg's attempt."""

    number: str
    provider_number: str


def payment_number(typed: str) -> PaymentNumber:
    """From what was typed or read out. Raises MistypedError."""
    found = _PAYMENT.fullmatch(typed.strip())
    try:
        if found:
            number = parse_number(found["number"])
            return PaymentNumber(number, f"{number}-{int(found['leg'])}-{int(found['attempt'])}")
    except AftersalesError as error:
        raise MistypedError(f"{typed!r} is not a payment: {error}") from error
    raise MistypedError(
        f"{typed!r} is not a payment; one is written XXXXX-XXXXX-XXXX-1-1, the application number with leg and "
        "attempt. `aftersales show NUMBER` lists those of a case, `aftersales finance list` those to be made by hand."
    )


PaymentArgument = Annotated[
    PaymentNumber,
    typer.Argument(metavar="PAYMENT", parser=payment_number, help="The payment's number, such as `show` lists it."),
]
