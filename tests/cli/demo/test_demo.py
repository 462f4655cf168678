"""The main job as a newcomer runs it: real processes, every path, and a status that means something."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from aftersales.contract.values import OUTCOMES
from cli.demo.scenes import SCENES

LIMIT_S = 240


async def start_demo(home: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cli.main",
        "demo",
        "--home",
        str(home),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "NO_COLOR": "1"},
    )


def test_the_scenes_show_every_outcome() -> None:
    assert {scene.ends for scene in SCENES} == set(OUTCOMES)
    assert len({scene.key for scene in SCENES}) == len(SCENES)


@pytest.mark.timeout(2 * LIMIT_S)
async def test_an_interrupt_stops_everything_and_on_what_it_left_every_case_ends_as_it_must(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await interrupted(await start_demo(home, "--day-seconds", "1"))
    assert processes_naming(tmp_path) == []
    demo = await start_demo(home, "--once", "--day-seconds", "1")
    said, _ = await asyncio.wait_for(demo.communicate(), LIMIT_S)
    text = said.decode()
    assert demo.returncode == 0, text
    assert "the three sums agree" in text
    assert "A day takes 1 s" in text
    assert processes_naming(tmp_path) == []


async def interrupted(demo: asyncio.subprocess.Process) -> None:
    """With its cases just begun."""
    assert demo.stdout is not None
    async with asyncio.timeout(LIMIT_S / 2):
        async for line in demo.stdout:
            if b"fresh orders" in line:
                break
    demo.send_signal(signal.SIGINT)
    await asyncio.wait_for(demo.communicate(), 60)
    assert demo.returncode == 130


def processes_naming(folder: Path) -> list[str]:
    lines = [_read(process / "cmdline") for process in Path("/proc").glob("[0-9]*")]
    return [line.decode() for line in lines if str(folder).encode() in line]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # it ended while we looked
