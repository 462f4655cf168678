"""The compose file as a test reads it."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from dotenv import dotenv_values
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
EXAMPLE_FILE = ROOT / "deploy" / "example.env"

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[?-])(?P<text>[^}]*))?\}")
_SECONDS = re.compile(r"(\d+)s")


class Variable(NamedTuple):
    """A variable of the file: `kind` is `?` if it must be given, `-` if `text` is its default."""

    name: str
    kind: str
    text: str


@cache
def topology() -> Mapping[str, Any]:
    """The whole file, anchors resolved, variables as written."""
    read: Mapping[str, Any] = YAML(typ="safe").load(COMPOSE_FILE)
    return read


def services() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = topology()["services"]
    return found


def environment(service: str) -> dict[str, str]:
    """What a service is told, variables as written."""
    return dict(services()[service].get("environment", {}))


def filled_in(service: str, given: Mapping[str, str]) -> dict[str, str]:
    """What a service is told when `given` are the variables."""

    def value(found: re.Match[str]) -> str:
        return given[found["name"]] if found["kind"] == "?" else given.get(found["name"], found["text"] or "")

    return {name: _VARIABLE.sub(value, text) for name, text in environment(service).items()}


def files(service: str) -> list[str]:
    """The files of variables that a service is given, by name; all stand in one folder."""
    named = services()[service].get("env_file", [])
    paths = [Path(entry if isinstance(entry, str) else entry["path"]) for entry in named]
    assert {path.parent for path in paths} <= {Path("deploy")}
    return [path.name for path in paths]


def mounted(service: str, path: str) -> str:
    """The volume on which a path of a service lies."""
    volumes: list[list[str]] = [volume.split(":") for volume in services()[service]["volumes"]]
    places = {mount: volume for volume, mount, *_ in volumes}
    return next(places[str(folder)] for folder in (Path(path), *Path(path).parents) if str(folder) in places)


def variables_in(file: Path) -> dict[str, str]:
    """What stands in a file of variables, read by the rules that Compose shares with everybody."""
    return {name: value or "" for name, value in dotenv_values(file, interpolate=False).items()}


def variables() -> Iterator[Variable]:
    """Every variable, as often as it stands in the file."""
    for found in _VARIABLE.finditer(COMPOSE_FILE.read_text()):
        yield Variable(found["name"], found["kind"] or "", found["text"] or "")


def required() -> set[str]:
    return {variable.name for variable in variables() if variable.kind == "?"}


def jobs() -> set[str]:
    """Services that others wait for to end."""
    return {
        name
        for service in services().values()
        for name, wanted in service.get("depends_on", {}).items()
        if wanted["condition"] == "service_completed_successfully"
    }


def seconds(duration: str) -> int:
    found = _SECONDS.fullmatch(duration)
    assert found, f"{duration!r} is not written as seconds"
    return int(found[1])
