"""What a newcomer and the build machine type first: the README's two commands, `.ci/run`, and the licence they read."""

import subprocess
import tomllib

import pytest

from tests.deploy.compose import ROOT
from tests.deploy.documents import text_of
from tests.support.browser import PROGRAMS


def planned(*target: str) -> list[str]:
    """What `make` would run, without running it."""
    made = subprocess.run(
        ["make", "--dry-run", *target], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    return made.stdout.splitlines()


def test_make_demo_sets_up_first_and_passes_its_arguments_on() -> None:
    *before, demo = planned("demo", "ARGS=--once")
    assert demo.endswith("run --frozen --no-sync aftersales demo --once")
    assert any("uv sync --frozen" in line for line in before)
    assert not any("cli.servers.fetch" in line for line in before), "what only tests need can keep nobody from a demo"


def test_make_test_checks_style_and_types_before_it_runs_the_tests() -> None:
    lines = planned("test")
    style = ("ruff check", "ruff format --check", "mypy", "tests/architecture")
    steps = ("uv sync", *style, "cli.servers.fetch", "pytest -n")
    places = [next(place for place, line in enumerate(lines) if step in line) for step in steps]
    assert places == sorted(places)


def test_the_production_servers_are_built_before_any_test_waits_for_them() -> None:
    *_, build, tests = planned("test-production")
    assert build.endswith("cli.servers.fetch --production")
    assert tests.endswith("pytest tests/production ")


def test_the_build_runs_the_readmes_test_command_and_the_production_topology() -> None:
    script = text_of(".ci/run").splitlines()
    assert [line for line in script if line.startswith("make ")] == ["make test-production", "make test"]
    assert "set -euo pipefail" in script
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], timeout=30, check=True)


def test_the_build_gets_a_browser_unless_one_is_there_that_the_tests_would_take() -> None:
    (line,) = [line for line in text_of(".ci/run").splitlines() if "missing+=(chromium)" in line]
    assert " ".join(PROGRAMS) in line


@pytest.mark.parametrize("project", ["pyproject.toml", "client/pyproject.toml"])
def test_everything_is_under_the_apache_licence(project: str) -> None:
    assert tomllib.loads(text_of(project))["project"]["license"] == "Apache-2.0"
    assert text_of("LICENSE").strip().startswith("Apache License")
