"""The committed histories, one for each path and release, and the fingerprint of each path as it is now."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Final

from temporalio.client import WorkflowHistory

from aftersales.contract.numbers import number_for, workflow_id
from tests.replay.scene import CALLER

HERE: Final = Path(__file__).parent
HISTORIES: Final = HERE / "histories"
FINGERPRINTS: Final = HERE / "fingerprints"
_PROJECT: Final = HERE.parents[1] / "pyproject.toml"


class AlreadyReleasedError(Exception):
    """The history of a release is there to stay."""


def history_files() -> list[Path]:
    """All of all releases, by name."""
    return sorted(HISTORIES.glob("*.json"))


def path_of(file: Path) -> str:
    """The path whose history this is; the file is called `<path>-<release>.json`."""
    return file.stem.split("-", 1)[0]


def read_history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(workflow_id(number_for(CALLER, path_of(file))), file.read_text())


def write_history(path: str, history: WorkflowHistory, version: str | None = None) -> Path:
    """Write the history of a path for the release that is being made; one event a line.

    `version` is the project's, `0.2.0.dev0` while 0.2.0 is being made. Raises AlreadyReleasedError when it is a
    release's own and the file is there.
    """
    version = version or tomllib.loads(_PROJECT.read_text())["project"]["version"]
    release, _, unreleased = version.partition(".dev")
    file = HISTORIES / f"{path}-{release}.json"
    if file.exists() and not unreleased:
        raise AlreadyReleasedError(
            f"{file.name} belongs to release {release} and stays as it is: cases of that release are still open. "
            "Raise the version in pyproject.toml to the next one's .dev0 and record again."
        )
    events = ",\n".join(json.dumps(event, separators=(",", ":")) for event in history.to_json_dict()["events"])
    file.write_text(f'{{"events":[\n{events}\n]}}\n')
    return file


def read_fingerprint(path: str) -> list[str]:
    commands: list[str] = json.loads((FINGERPRINTS / f"{path}.json").read_text())
    return commands


def write_fingerprint(path: str, commands: list[str]) -> None:
    (FINGERPRINTS / f"{path}.json").write_text(json.dumps(commands, indent=1) + "\n")
