"""Running tests in a copy of the sources, whole or with one safeguard taken away."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from bench.safeguards import reporting
from bench.safeguards.safeguard import Safeguard

TRIAL_LIMIT_S: Final = 300
TEST_LIMIT_S: Final = 60
"""A safeguard that is gone may leave a test waiting for ever; that, too, is a test that failed."""

_NOT_COPIED: Final = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "node_modules")
_PASSED, _FAILED = 0, 1
"""pytest's statuses; every other one says that the tests did not run."""


class Verdict(StrEnum):
    FAILED = "failed as they must"
    SURVIVED = "SURVIVED"
    BROKEN = "BROKEN"


@dataclass(frozen=True)
class Trial:
    """`why` names the tests that pass without the safeguard, or what kept the tests from running."""

    verdict: Verdict
    why: str = ""


@dataclass(frozen=True)
class Run:
    """One run of pytest: which cases passed, which failed and of which the preparation broke, by their names, and what
    it printed."""

    status: int
    passed: frozenset[str]
    failed: frozenset[str]
    broken: frozenset[str]
    output: str


class Copy:
    """A copy of the sources; its Python is this process's, and imports ours from the copy alone."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of(cls, sources: Path, place: Path) -> Copy:
        shutil.copytree(sources, place, ignore=_NOT_COPIED)
        return cls(place)

    async def try_without(self, safeguard: Safeguard) -> Trial:
        """Whether the tests fail once the safeguard is gone. Raises TextGoneError."""
        with self._taken_away(safeguard.without(self.root)):
            run = await self.test(safeguard.tests, on_postgres=safeguard.on_postgres)
        return judged(run, safeguard.tests)

    async def test(self, tests: Sequence[str], *, on_postgres: bool = False) -> Run:
        """Run tests by their names, of those on both databases the cases on one.

        Where a preparation broke they are run once more: on a busy machine a server may not have come up in time.
        """
        selected = [*tests, "-k", "postgres" if on_postgres else "not postgres"]
        run = await self._run(selected)
        return await self._run(selected) if run.broken else run

    async def _run(self, selected: Sequence[str]) -> Run:
        with tempfile.TemporaryDirectory(prefix="safeguard-") as folder:
            report = Path(folder) / "report"
            report.touch()
            status, output = await self._pytest([*selected, f"--basetemp={folder}/tests"], report)
            lines = [line.partition(" ") for line in report.read_text(encoding="utf-8").splitlines()]
        outcomes = ("passed", "failed", "broken")
        passed, failed, broken = (frozenset(name for said, _, name in lines if said == what) for what in outcomes)
        return Run(status, passed, failed, broken, output)

    @contextmanager
    def _taken_away(self, texts: Mapping[Path, str]) -> Iterator[None]:
        kept = {path: (path.read_bytes(), path.stat()) for path in texts}
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        try:
            yield
        finally:
            for path, (whole, stat) in kept.items():
                path.write_bytes(whole)
                os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # compiled code is known by this time

    async def _pytest(self, arguments: Sequence[str], report: Path) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pytest", "-q", "--tb=line", f"--timeout={TEST_LIMIT_S}"),
            *("-p", "no:cacheprovider", "-p", reporting.__name__),
            *arguments,
            cwd=self.root,
            env=self._environment() | {reporting.REPORT: str(report)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(TRIAL_LIMIT_S):
                output, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            return -1, f"the tests took longer than {TRIAL_LIMIT_S} s"
        return process.returncode or 0, output.decode(errors="replace")

    def _environment(self) -> dict[str, str]:
        # A run that is itself started by a test must not take that one's settings for its own.
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
        found = os.pathsep.join([str(self.root), str(self.root / "client")])
        return ours | {"PYTHONPATH": found, "PYTHONDONTWRITEBYTECODE": "1"}


def judged(run: Run, tests: Sequence[str]) -> Trial:
    """What a run without the safeguard says of the tests that are to notice it."""
    if run.status not in (_PASSED, _FAILED):
        return Trial(Verdict.BROKEN, _last_words(run.output))
    ran = run.passed | run.failed
    missing = [test for test in tests if not _any_of(test, ran)]
    if missing:
        return Trial(Verdict.BROKEN, f"did not run: {', '.join(missing)}")
    blind = [test for test in tests if not _any_of(test, run.failed)]
    return Trial(Verdict.SURVIVED, ", ".join(blind)) if blind else Trial(Verdict.FAILED)


def _any_of(test: str, cases: frozenset[str]) -> bool:
    return any(case == test or case.startswith(f"{test}[") for case in cases)


def _last_words(output: str) -> str:
    return " ".join(output.strip().splitlines()[-3:])[-300:]
