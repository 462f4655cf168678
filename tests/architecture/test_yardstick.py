"""Our own yardstick: what is small stays readable. Each failure names the places to look at."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.architecture.measures import (
    BARE_IGNORE,
    IGNORE,
    UNWANTED,
    Size,
    Source,
    function_sizes,
    quantile,
    read_sources,
    unannotated,
    workflow_sizes,
)

LINES_PER_IGNORE = 10_000
MOST_IGNORES = 3


@pytest.fixture(scope="module")
def everything() -> list[Source]:
    return read_sources()


@pytest.fixture(scope="module")
def product(everything: list[Source]) -> list[Source]:
    return [source for source in everything if not source.in_tests]


def assert_spread(sizes: Sequence[Size], share: float, bar: int) -> None:
    """At most `bar` lines at this share of the sizes; the failure lists the longest."""
    found = quantile([size.lines for size in sizes], share)
    longest = [f"{size.lines} {size.place}" for size in sorted(sizes, key=lambda s: -s.lines)[:10]]
    assert found <= bar, f"{found} lines at {share:.0%}, the bar is {bar}; the longest:\n" + "\n".join(longest)


@pytest.mark.parametrize(("share", "bar"), [(0.5, 10), (0.9, 35), (1.0, 70)])
def test_functions_are_short(product: list[Source], share: float, bar: int) -> None:
    assert_spread(function_sizes(product), share, bar)


@pytest.mark.parametrize(("share", "bar"), [(0.9, 300), (1.0, 500)])
def test_files_are_short(product: list[Source], share: float, bar: int) -> None:
    assert_spread([Size(source.lines, source.name) for source in product], share, bar)


def test_a_workflow_tells_its_story_in_one_sitting(product: list[Source]) -> None:
    too_long = [size for size in workflow_sizes(product) if size.whole > 200 or size.run > 50]
    assert too_long == []


def test_every_function_is_annotated(everything: list[Source]) -> None:
    assert unannotated(everything) == []


def test_the_type_checker_is_almost_never_silenced(everything: list[Source]) -> None:
    places = [source.name for source in everything for _ in IGNORE.finditer(source.text)]
    lines = sum(source.lines for source in everything)
    assert len(places) <= max(1, lines // LINES_PER_IGNORE) * MOST_IGNORES, places


def test_a_silenced_type_error_says_which(everything: list[Source]) -> None:
    assert [source.name for source in everything if BARE_IGNORE.search(source.text)] == []


def test_there_are_at_least_as_many_lines_of_tests_as_of_source(everything: list[Source]) -> None:
    tests = sum(source.lines for source in everything if source.in_tests)
    product = sum(source.lines for source in everything if not source.in_tests)
    assert tests >= product, f"{tests} lines of tests for {product} lines of source"


def test_nothing_is_left_for_later_and_the_workflow_sandbox_stays_on(everything: list[Source]) -> None:
    assert [place for source in everything for place in source.unwanted()] == []


def test_the_measure_sees_what_it_should(tmp_path: Path) -> None:
    workflow = "@workflow.defn\nclass Case:\n    async def run(self, x) -> None:\n        ...\n"
    for name in ("worker/case.py", "tests/test_case.py", "storage/migrations/one.py", ".venv/other.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{workflow}# {UNWANTED[0]}\n")
    tests, product = read_sources(tmp_path)
    assert (tests.name, tests.in_tests) == ("tests/test_case.py", True)
    assert (product.name, product.in_tests, product.lines) == ("worker/case.py", False, 5)
    assert function_sizes([product]) == [Size(2, "worker/case.py:3 run")]
    assert unannotated([product]) == ["worker/case.py:3 run"]
    assert [(size.whole, size.run) for size in workflow_sizes([product])] == [(3, 2)]
    assert product.unwanted() == [f"{UNWANTED[0]} in worker/case.py"]


def test_the_quantile_is_a_value_that_occurs() -> None:
    assert [quantile([5, 1, 3], share) for share in (0.0, 0.5, 1.0)] == [1, 3, 5]
    assert quantile([], 0.9) == 0
