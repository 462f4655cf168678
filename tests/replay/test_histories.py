"""Open cases go on under the present code: every committed history, of every release, replays."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from bench.replaying import replay_many, replayer
from tests.replay import archive
from tests.replay.archive import AlreadyReleasedError, history_files, path_of, read_history, write_history
from tests.replay.fingerprint import how_to_change
from tests.replay.stories import STORIES

_TOLD = (EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, EventType.EVENT_TYPE_TIMER_STARTED)
AUTOMATIC = next(file for file in history_files() if path_of(file) == "automatic_refunded")


@pytest.mark.parametrize("file", history_files(), ids=lambda file: file.stem)
async def test_a_recorded_case_replays(file: Path) -> None:
    try:
        await replayer().replay_workflow(read_history(file))
    except NondeterminismError as error:
        pytest.fail(f"{file.name} does not replay: {error}\n{how_to_change(path_of(file))}", pytrace=False)


def test_every_path_has_a_history_and_a_fingerprint_and_there_are_no_others() -> None:
    assert {path_of(file) for file in history_files()} == set(STORIES)
    assert {file.stem for file in archive.FINGERPRINTS.iterdir()} == set(STORIES)


def test_the_workflow_is_replayed_in_its_sandbox() -> None:
    assert isinstance(replayer().config()["workflow_runner"], SandboxedWorkflowRunner)


async def test_another_course_of_events_does_not_pass_for_a_replay() -> None:
    recorded = read_history(AUTOMATIC)
    for event in recorded.events:
        if event.activity_task_scheduled_event_attributes.activity_type.name == "submit_leg":
            event.activity_task_scheduled_event_attributes.activity_type.name = "pay_twice"
    with pytest.raises(NondeterminismError):
        await replayer().replay_workflow(recorded)


async def test_a_history_is_replayed_as_often_as_asked() -> None:
    replays = await replay_many(AUTOMATIC, times=3)
    assert replays.times == 3
    assert replays.seconds > 0


def test_every_activity_and_every_timer_says_in_the_web_ui_what_it_is_for() -> None:
    for file in history_files():
        told = [event for event in read_history(file).events if event.event_type in _TOLD]
        assert told, file.name
        silent = [event.event_id for event in told if not event.user_metadata.HasField("summary")]
        assert silent == [], file.name


def test_nothing_in_a_history_names_the_machine_it_was_recorded_on() -> None:
    for file in history_files():
        identities = {line.split('"identity":"')[1].split('"')[0] for line in _lines_with_identity(file)}
        assert identities == {"recorder"}, file.name


def _lines_with_identity(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if '"identity":"' in line]


@pytest.fixture
def emptied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> WorkflowHistory:
    """A history, and nothing in the archive."""
    history = read_history(AUTOMATIC)
    monkeypatch.setattr(archive, "HISTORIES", tmp_path)
    return history


def test_until_its_release_a_history_may_be_recorded_again(emptied: WorkflowHistory) -> None:
    first = write_history("automatic_refunded", emptied, version="0.2.0.dev0")
    assert write_history("automatic_refunded", emptied, version="0.2.0.dev0") == first
    assert first.name == "automatic_refunded-0.2.0.json"
    assert list(read_history(first).events) == list(emptied.events)


def test_the_history_of_a_release_is_only_added_to(emptied: WorkflowHistory) -> None:
    write_history("automatic_refunded", emptied, version="0.2.0.dev0")
    with pytest.raises(AlreadyReleasedError, match=r"Raise the version in pyproject\.toml"):
        write_history("automatic_refunded", emptied, version="0.2.0")
    write_history("automatic_refunded", emptied, version="0.3.0.dev0")
    assert [file.stem for file in history_files()] == ["automatic_refunded-0.2.0", "automatic_refunded-0.3.0"]
