"""`aftersales` as somebody types it, in this process: nothing is started, and a run takes a few milliseconds."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from io import StringIO

import pytest

from cli import main as frame
from tests.support.program import Ran, bare_environment

WIDE = "300"
"""Columns: no row of a table is broken into two lines."""


class Shell:
    """Runs commands with `environ` for all that names a deployment. Beside a loop that runs, take `Program` instead."""

    def __init__(
        self, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for name in os.environ.keys() - bare_environment().keys():
            monkeypatch.delenv(name)
        for name, value in {"COLUMNS": WIDE, **environ}.items():
            monkeypatch.setenv(name, value)
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *typed: object) -> Ran:
        """Run to the end, whatever comes of it; nobody is there to answer."""
        return self.told("", *typed)

    def told(self, answers: str, *typed: object) -> Ran:
        """Run to the end with `answers` on its standard input."""
        self._monkeypatch.setattr(sys, "stdin", StringIO(answers))
        status, written = frame.run([str(each) for each in typed]), self._capsys.readouterr()
        return Ran(status, written.out, written.err)

    def ok(self, *typed: object) -> str:
        """What it wrote on its way to a good end."""
        ran = self(*typed)
        assert (ran.status, ran.err) == (0, ""), ran
        return ran.out

    def refused(self, *typed: object, status: int = 1) -> str:
        """The one line in which it says why it did not do it; status 2 for what was typed wrongly."""
        ran = self(*typed)
        assert (ran.status, ran.out, ran.err.count("\n")) == (status, "", 1), ran
        return ran.err
