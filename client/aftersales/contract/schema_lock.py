"""The committed shape of the contract: `python -m aftersales.contract.schema_lock --check` or `--write`.

A change to `schema.lock.json` is a change to what callers and running cases have been promised: fields are
only added, each with a default, and nothing is renamed, removed or given another meaning.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

from pydantic import JsonValue

from aftersales.contract import errors, handles, messages, names, values, views
from aftersales.contract.values import Frozen

LOCK_FILE = Path(__file__).with_name("schema.lock.json")
EXPLANATION = """\
The contract differs from {path}:
{differences}
If the change only adds (a field with a default, a member, a message), accept it and commit the file:
    python -m aftersales.contract.schema_lock --write
If it renames, removes, narrows or gives no default, callers and cases that exist will break: add beside the
old thing instead. Until the first tag, 0.1.0, such a change is allowed in a commit that says why.
"""
_PROSE = {"description", "title"}


def contract_shape() -> dict[str, JsonValue]:
    """Every contract model, wire name and error rule, as plain JSON values."""
    return {
        "errors": {code.value: list(rule) for code, rule in errors.RULES.items()},
        "models": {
            model.__name__: _without_prose(model.model_json_schema())
            for module in (values, messages, views)
            for model in _models_of(module)
        },
        "wire": _wire_names(),
    }


def rendered(shape: dict[str, JsonValue]) -> str:
    """The lock file's text for a shape; the same shape always gives the same text."""
    return json.dumps(shape, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def differences(locked: JsonValue, present: JsonValue, path: str = "") -> list[str]:
    """Where two shapes differ, as `models.Decision.properties.amount: added | removed | changed`."""
    if isinstance(locked, dict) and isinstance(present, dict):
        found = []
        for key in sorted(locked.keys() | present.keys()):
            here = f"{path}.{key}" if path else key
            if key not in present:
                found.append(f"{here}: removed")
            elif key not in locked:
                found.append(f"{here}: added")
            else:
                found += differences(locked[key], present[key], here)
        return found
    return [] if locked == present else [f"{path}: changed from {locked!r} to {present!r}"]


def main(arguments: list[str]) -> int:
    """Check (the default) or write the lock file; status 1 if it is not up to date."""
    if arguments not in ([], ["--check"], ["--write"]):
        sys.stderr.write("usage: python -m aftersales.contract.schema_lock [--check | --write]\n")
        return 2
    present = json.loads(rendered(contract_shape()))
    if arguments == ["--write"]:
        LOCK_FILE.write_text(rendered(present), encoding="utf-8")
        return 0
    locked = json.loads(LOCK_FILE.read_text(encoding="utf-8")) if LOCK_FILE.exists() else {}
    if found := differences(locked, present):
        lines = "\n".join(f"  {line}" for line in found)
        sys.stderr.write(EXPLANATION.format(path=LOCK_FILE.name, differences=lines))
        return 1
    return 0


def _models_of(module: ModuleType) -> list[type[Frozen]]:
    return [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Frozen) and thing.__module__ == module.__name__
    ]


def _wire_names() -> dict[str, JsonValue]:
    return {
        "messages": {
            name: {part: hint.__name__ for part, hint in get_type_hints(method).items()}
            for name, method in vars(handles.RefundCaseHandle).items()
            if not name.startswith("_")
        },
        "queues": [names.QUEUE_CASES, names.QUEUE_NOTIFICATIONS, names.QUEUE_EVIDENCE, names.payments_queue("*")],
        "search_attributes": {key.name: key.indexed_value_type.name for key in names.SEARCH_ATTRIBUTES},
        "workflow": names.REFUND_CASE,
    }


def _without_prose(schema: JsonValue) -> JsonValue:
    """A JSON schema without the texts that may be improved at any time; a property named like one stays."""
    if isinstance(schema, list):
        return [_without_prose(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_prose(part) for key, part in schema.items() if not (key in _PROSE and isinstance(part, str))}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
