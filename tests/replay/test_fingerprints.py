"""A case started today gives the commands that its path's committed fingerprint says."""

from __future__ import annotations

import pytest

from tests.replay.archive import read_fingerprint
from tests.replay.fingerprint import explain, fingerprint
from tests.replay.record import record
from tests.replay.scene import World
from tests.replay.stories import STORIES


@pytest.mark.parametrize("path", STORIES)
async def test_a_case_gives_the_commands_it_always_gave(world: World, path: str) -> None:
    now = fingerprint((await record(world, path)).events)
    committed = read_fingerprint(path)
    assert now == committed, explain(path, committed, now)


def test_a_change_is_explained_to_whoever_made_it() -> None:
    advice = explain("withdrawn", ["timer_started"], ["activity_task_scheduled notify", "timer_started"])
    assert "+activity_task_scheduled notify" in advice
    assert 'workflow.patched("<what-changed>")' in advice
    assert "python -m tests.replay.record --write withdrawn" in advice
    assert "first tag (0.1.0)" in advice
