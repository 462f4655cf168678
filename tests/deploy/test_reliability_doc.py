"""The table of docs/reliability.md names tests that exist, for every fault and every report."""

import ast
import re
from pathlib import Path

import pytest

from tests.deploy.compose import ROOT
from tests.deploy.documents import text_of

FAULTS = tuple(f"R{n}" for n in (*range(1, 12), *range(16, 21)))
DECISIONS = tuple(f"D{n}" for n in range(1, 10))
REPORTS = {
    "medusa 16681",
    "woocommerce-gateway-stripe 838",
    "openfoodnetwork 6330",
    "woocommerce-gateway-stripe 4405",
    "saleor 19645",
    "hyperswitch 11491",
    "hyperswitch 9622",
    "hyperswitch 3751",
    "spree 14678",
    "gumroad 3749",
    "polar 10302",
}
ROW = re.compile(r"^\| (?P<name>[RD]\d+|[a-z-]+ \d+) \| .* \| (?P<tests>.*) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> dict[str, list[tuple[str, str]]]:
    """Fault or report -> (file, test)."""
    return {row["name"]: TEST.findall(row["tests"]) for row in ROW.finditer(text_of("docs/reliability.md"))}


def functions_of(file: Path) -> set[str]:
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("name", [*FAULTS, *DECISIONS, *sorted(REPORTS)])
def test_each_fault_and_each_report_has_tests_and_each_of_them_exists(name: str) -> None:
    tests = rows()[name]
    assert tests
    missing = [f"{file}::{test}" for file, test in tests if test not in functions_of(ROOT / file)]
    assert missing == []


def test_no_row_and_no_test_is_written_in_a_way_that_is_passed_over() -> None:
    assert set(rows()) == {*FAULTS, *DECISIONS, *REPORTS}
    named = sum(len(tests) for tests in rows().values())
    assert named == text_of("docs/reliability.md").count(".py::")
