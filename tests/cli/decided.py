"""The folder of a stack whose database has cases that the packaged policy decided, and the program run on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from activities.ports import Unit
from cli import main as frame
from cli.home import Home
from storage.engine import create_store_engine
from storage.schema import upgrade
from storage.store import SqlStore
from tests.support.program import ADDRESSES

Write = Callable[[Unit], Awaitable[None]]


def home_with(folder: Path, write: Write) -> Home:
    """A home that believes the command line; its database has what `write` writes."""
    made = Home(folder)
    made.prepare()
    made.remember(ADDRESSES)
    asyncio.run(_fill(made.database_url, write))
    return made


async def _fill(url: str, write: Write) -> None:
    await upgrade(url)
    engine = create_store_engine(url)
    async with SqlStore(engine).begin() as unit:
        await write(unit)
    await engine.dispose()


class Shell:
    """`aftersales` in this process, in a home."""

    def __init__(self, home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        for name in ("AFTERSALES_DATABASE_URL", "AFTERSALES_POLICY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AFTERSALES_HOME", str(home.folder))
        monkeypatch.setenv("COLUMNS", "300")
        self._capsys = capsys

    def ok(self, *typed: object) -> str:
        """What it wrote."""
        status, written = frame.run([str(each) for each in typed]), self._capsys.readouterr()
        assert status == 0, written.err
        return written.out

    def refused(self, *typed: object, status: int) -> str:
        """Why it did not do it."""
        assert frame.run([str(each) for each in typed]) == status
        return " ".join(self._capsys.readouterr().err.split())
