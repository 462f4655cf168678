"""What is said of a process's environment when its settings cannot be read from it."""

from __future__ import annotations

import re
from typing import Final

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings, SettingsError

_NOT_SET: Final = "not set. README.md lists what it is for, deploy/example.env shows how such a value is made"


def explain_settings(error: ValidationError | SettingsError, kind: type[BaseSettings]) -> str:
    """What is wrong, by the variables' names. No value is repeated: it may be a secret."""
    if isinstance(error, ValidationError):
        return _by_variable(error, kind)
    if named := re.search(r'field "(\w+)"', str(error)):
        return f"{_variable(named[1], kind)}: not to be read; lists and keys are written as JSON."
    return str(error)


def _by_variable(error: ValidationError, kind: type[BaseSettings]) -> str:
    """A line for each variable: what else is wrong with the same one mostly follows from the first."""
    lines: dict[str, str] = {}
    for wrong in error.errors(include_input=False, include_url=False):
        name, *place = (str(part) for part in wrong["loc"])
        variable = ".".join([_variable(name, kind), *place]).upper()
        why = _NOT_SET if wrong["type"] == "missing" else wrong["msg"].removeprefix("Value error, ")
        lines.setdefault(name, f"{variable}: {why}")
    return "\n".join(lines.values())


def _variable(name: str, kind: type[BaseSettings]) -> str:
    """How a field is set: of several names by the one that processes share; `name` is the field's or one of those."""
    for field, info in kind.model_fields.items():
        names = info.validation_alias.choices if isinstance(info.validation_alias, AliasChoices) else ()
        if names and name in (field, *names):
            return str(names[-1])
    return f"{kind.model_config['env_prefix']}{name}".upper() if name in kind.model_fields else name
