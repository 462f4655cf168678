"""Record the histories and fingerprints: `python -m tests.replay.record [--write] [PATH ...]`.

Plays each story on a time-skipping server of its own run and prints what it cost. Without `--write` nothing is
changed; with it, the history and the fingerprint of each path are written, the history under the release that is
being made.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from temporalio.client import WorkflowHistory

from activities.rulings import Action
from aftersales.contract.names import SEARCH_ATTRIBUTES
from cli.servers.search_attributes import attribute_types
from tests.replay.archive import write_fingerprint, write_history
from tests.replay.bill import bill
from tests.replay.fingerprint import fingerprint
from tests.replay.scene import Scene, World, open_world
from tests.replay.stories import STORIES
from tests.support.temporal import time_skipping


async def record(world: World, path: str) -> WorkflowHistory:
    """Play one story to its end. Raises AssertionError when it ends otherwise than it says."""
    world.policy.says(Action.APPROVE)
    world.provider.refunds.clear()
    world.provider.queries.clear()
    scene = Scene(world, path)
    try:
        expected = await STORIES[path](scene)
        status, history = await scene.end()
    except BaseException:
        await scene.stop()
        raise
    assert status is expected, f"{path}: closed as {status.value}, not {expected.value}"
    return history


async def record_all(paths: Sequence[str], *, write: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        database_url = f"sqlite:///{Path(scratch) / 'recording.db'}"
        async with time_skipping(attribute_types(SEARCH_ATTRIBUTES)) as env, open_world(env, database_url) as world:
            for path in paths:
                history = await record(world, path)
                sys.stdout.write(f"{path}: {bill(history.events)}\n")
                if write:
                    write_history(path, history)
                    write_fingerprint(path, fingerprint(history.events))


def main() -> None:
    parser = argparse.ArgumentParser(description="Record the refund case's histories.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help=f"all, or some of {', '.join(STORIES)}")
    parser.add_argument("--write", action="store_true", help="write the histories and fingerprints")
    told = parser.parse_args()
    if unknown := set(told.paths) - set(STORIES):
        parser.error(f"no such path: {', '.join(sorted(unknown))}; there are {', '.join(STORIES)}")
    asyncio.run(record_all(told.paths or list(STORIES), write=told.write))


if __name__ == "__main__":
    main()
