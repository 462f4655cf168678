"""What is said of a process's environment when its settings cannot be read from it."""

from __future__ import annotations

import re

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings, SettingsError


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
        lines.setdefault(name, f"{variable}: {wrong['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines.values())


def _variable(name: str, kind: type[BaseSettings]) -> str:
    """How a field is set: of several names by the one that processes share. An alias is such a name already."""
    if name not in kind.model_fields:
        return name
    alias = kind.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[-1])
    return f"{kind.model_config['env_prefix']}{name}".upper()
