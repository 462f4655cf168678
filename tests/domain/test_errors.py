"""The refusals: a closed vocabulary of codes and sentences."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

import domain
from domain import errors
from domain.errors import ClockError, DomainError, MoneyError

REFUSALS: list[DomainError] = [
    errors.CurrencyUnknown("XXX"),
    errors.CurrencyMixed("CNY", "USD"),
    errors.AmountUnreadable("17,000"),
    errors.AmountTooPrecise("1.234", "USD", 2),
    errors.AmountRefused(500, 400, "CNY"),
    errors.PromotionOutweighs(1_875, "CNY"),
    errors.QuantityRefused("1", 3, 2),
    errors.LineUnknown("9"),
    errors.NothingAsked(),
    errors.AllocationImpossible("a weight is negative"),
    errors.OrderInconsistent("two lines have the same id"),
    errors.TimeWithoutZone("2025-01-01T00:00:00"),
    errors.ExtensionRefused(0),
]
BASES = {DomainError, MoneyError, ClockError}
MODULES = sorted(Path(str(domain.__file__)).parent.glob("*.py"))
ALLOWED = set(sys.stdlib_module_names) | {"domain", "pydantic"}
FORBIDDEN = {"time", "os", "random", "socket", "asyncio", "logging", "pathlib", "secrets", "uuid"}


def every_class(base: type[DomainError]) -> set[type[DomainError]]:
    return {base}.union(*(every_class(child) for child in base.__subclasses__()))


def test_every_refusal_is_listed_here() -> None:
    assert every_class(DomainError) - BASES == {type(refusal) for refusal in REFUSALS}


def test_every_code_is_snake_case_and_its_own() -> None:
    codes = [kind.code for kind in every_class(DomainError)]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_a_refusal_reads_as_a_sentence(refusal: DomainError) -> None:
    assert str(refusal) == refusal.message
    assert refusal.message.endswith(".")
    assert " " in refusal.message


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_no_refusal_by_a_rule_is_worth_a_retry(refusal: DomainError) -> None:
    assert not refusal.retryable
    assert 400 <= refusal.http_status < 500


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_the_numbers_of_the_sentence_are_in_the_details(refusal: DomainError) -> None:
    stated = {str(value) for value in refusal.details.values()}
    assert set(re.findall(r"-?\d+", refusal.message)) - {"17000", "50"} <= set(re.findall(r"-?\d+", str(stated)))


def modules_imported_by(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_rules_import_the_contracts_values_and_nothing_that_reaches_outside(path: Path) -> None:
    imported = modules_imported_by(path) - {"aftersales.contract.values"}
    packages = {name.split(".")[0] for name in imported}
    assert packages <= ALLOWED | ({"babel"} if path.stem == "display" else set())
    assert not packages & FORBIDDEN


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_rule_counts_in_floats_or_reads_a_clock(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    literals = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert not {"float", "round"} & names
    assert not {"now", "utcnow", "today"} & attributes
    assert not [node for node in literals if isinstance(node.value, float)]
