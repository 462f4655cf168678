"""Commands that speak to a case, built from one declaration of the options that they share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Concatenate, ParamSpec, TypeVar, get_type_hints

Own = ParamSpec("Own")
Speaker = TypeVar("Speaker")


def spoken_by(
    speaker: Callable[..., Speaker],
) -> Callable[[Callable[Concatenate[Speaker, Own], None]], Callable[..., None]]:
    """Let a command take the options of `speaker`, a dataclass of typer parameters, as its first argument.

    The command line then knows the first of them (the case's number), the command's own, and the others.
    """
    shared = _parameters(speaker)

    def decorate(command: Callable[Concatenate[Speaker, Own], None]) -> Callable[..., None]:
        own = _parameters(command)[1:]

        @wraps(command)
        def run(*arguments: Own.args, **typed: Own.kwargs) -> None:
            options = {parameter.name: typed.pop(parameter.name) for parameter in shared}
            command(speaker(**options), *arguments, **typed)

        run.__dict__["__signature__"] = Signature([*shared[:1], *own, *shared[1:]])
        return run

    return decorate


def _parameters(of: Callable[..., object]) -> list[Parameter]:
    """By name only, as typer passes them, so that any order is a sound one."""
    hints = get_type_hints(of, include_extras=True)
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, default=each.default, annotation=hints[name])
        for name, each in signature(of).parameters.items()
    ]
