"""What the program says when something cannot be done: one paragraph, whatever the error's origin."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import Money
from cli.commands.screen import amount
from cli.home import HomeError
from cli.servers.errors import ServerUnavailableError
from domain.errors import AmountRefused, DomainError
from policy.errors import PolicyError
from storage.errors import StorageError

FAILED: Final = 1
MISTYPED: Final = 2
_PATTERNS: Final = {
    r"^[A-Za-z0-9._:@/\-]+$": "may hold letters, digits and . _ : @ / - only, and no blank",  # ids of others
    r"^[a-z0-9][a-z0-9._\-]*$": "may hold small letters, digits and . _ - only, and begins with a letter or a digit",
    r"^[!-~]+$": "may hold letters, digits and signs of ASCII only, and no blank",
    r"^[a-z][a-z0-9\-]{0,31}$": "may hold small letters, digits and - only, begins with a letter, and has 32 at most",
}
"""Of the contract's ids, of accounts, of lists, of groups; as people say them."""
READABLE: Final = (AftersalesError, HomeError, ServerUnavailableError, StorageError, PolicyError)


class CommandError(Exception):
    """What was asked for cannot be done; `str(error)` says why and what to do."""

    status = FAILED


class MistypedError(CommandError):
    """A value that was typed cannot be used; `str(error)` names it."""

    status = MISTYPED


def explain(error: Exception) -> str:
    """The paragraph that a person reads."""
    match error:
        case ValidationError():
            return _wrong_fields(error)
        case DomainError():
            return _refused_by_a_rule(error)
        case OSError(filename=str() as named, strerror=str() as why):
            return f"{named} cannot be used: {why}. Name another file or folder."
        case CommandError() | OSError():
            return str(error)
        case _ if isinstance(error, READABLE):
            return str(error)
        case _:
            return (
                f"This should not have happened: {type(error).__name__}: {error}. "
                "Run the command again with --debug to see where it comes from, and report that."
            )


def status_of(error: Exception) -> int:
    """The exit status: 2 for what was typed wrongly, 1 for what cannot be done."""
    if isinstance(error, CommandError):
        return error.status
    return MISTYPED if isinstance(error, ValidationError | DomainError) else FAILED


def _refused_by_a_rule(error: DomainError) -> str:
    """Amounts as they are typed: the rules themselves speak in minor units."""
    if not isinstance(error, AmountRefused):
        return error.message
    asked = Money(minor=error.asked_minor, currency=error.currency)
    largest = Money(minor=error.largest_minor, currency=error.currency)
    return f"{amount(asked)} is refused; at most {amount(largest)} is accepted."


def _wrong_fields(error: ValidationError) -> str:
    """Each field with what is wrong with it; what was typed is not repeated, it may be a secret."""
    wrong = [
        f"{'.'.join(str(part) for part in each['loc']) or error.title}: {_wrong(each)}"
        for each in error.errors(include_input=False, include_url=False)
    ]
    return f"This cannot be sent as it is. {'; '.join(wrong)}."


def _wrong(found: ErrorDetails) -> str:
    """Lengths and patterns as people say them; anything else in the validator's own words."""
    limits = found.get("ctx", {})
    match found["type"]:
        case "string_too_short" | "too_short" if limits["min_length"] == 1:
            return "must not be empty"
        case "string_too_long" | "too_long":
            return f"is too long, at most {limits['max_length']} are allowed"
        case "string_pattern_mismatch" if limits["pattern"] in _PATTERNS:
            return _PATTERNS[limits["pattern"]]
        case _:
            return found["msg"].removeprefix("Value error, ")
