"""The check of the invariants sees what it is there for; else all the other tests of this folder prove nothing."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from aftersales.contract.values import CaseStatus, LegState, Money, WaitsFor
from storage.reading import CaseRecord
from tests.e2e.invariants import Books, assert_invariants, breaches, open_books
from tests.e2e.shop import Shop, charge_of

Planted = Callable[[Books], Books]


@pytest.fixture(scope="module")
async def books(open_shop: Shop) -> Books:
    """Of one case that was refunded in order."""
    await open_shop.all_refunded(await open_shop.sell_and_apply(1))
    await assert_invariants(open_shop)
    return await open_books(open_shop)


def case_changed(books: Books, **changes: object) -> Books:
    (record,) = books.cases
    return books._replace(cases=[record.model_copy(update={"case": record.case.model_copy(update=changes)})])


def leg_changed(books: Books, state: LegState) -> Books:
    (record,) = books.cases
    (row,) = record.legs
    changed = row.model_copy(update={"leg": row.leg.model_copy(update={"state": state})})
    return books._replace(cases=[record.model_copy(update={"legs": (changed,)})])


def ledger_emptied(books: Books) -> Books:
    return books._replace(cases=[_without_ledger(record) for record in books.cases])


def _without_ledger(record: CaseRecord) -> CaseRecord:
    return record.model_copy(update={"ledger": ()})


def tallies(found: Any, **changes: int) -> dict[str, Any]:  # noqa: ANN401 - the sandbox's own JSON
    return {name: {**tally, **changes} for name, tally in found.items()}


WRONG: Final[list[tuple[str, Planted]]] = [
    ("I1", lambda books: books._replace(executed=tallies(books.executed, executions=2))),
    ("I1", lambda books: books._replace(executed={})),
    ("I1", lambda books: books._replace(executed={**books.executed, "somebody-elses-leg": {"executions": 1}})),
    ("I1", lambda books: books._replace(without_leg=1)),
    ("I1", lambda books: leg_changed(books, LegState.FAILED)),
    ("I2", lambda books: books._replace(refunded=tallies(books.refunded, executed_minor=1_000_000))),
    ("I3", ledger_emptied),
    ("I3", lambda books: case_changed(books, status=CaseStatus.REJECTED)),
    ("I4", lambda books: case_changed(books, status=CaseStatus.PAYING, waits_for=WaitsFor.NOBODY)),
    ("I5", lambda books: books._replace(applied=[*books.applied, "never taken in"])),
    ("I5", lambda books: books._replace(applied=[])),
    ("I6", lambda books: case_changed(books, amount=Money(minor=1, currency="CNY"))),
    ("P6.3", lambda books: books._replace(broken_logs=["of this case"])),
]


@pytest.mark.parametrize(("invariant", "planted"), WRONG)
async def test_what_is_wrong_is_named(books: Books, invariant: str, planted: Planted) -> None:
    assert any(breach.startswith(invariant) for breach in breaches(planted(books)))


async def test_a_second_payment_under_the_same_number_is_counted_at_the_provider(shop: Shop, books: Books) -> None:
    (order,), (leg,) = shop.sold, books.executed
    api_key = shop.stack.options.home.secrets().stripe_key.get_secret_value()
    async with shop.stack.sandbox_admin() as http:
        refund = {"charge": charge_of(order), "amount": "1", "metadata[leg]": leg}
        answer = await http.post(
            f"{shop.stack.addresses.sandbox}/v1/refunds", data=refund, headers={"Authorization": f"Bearer {api_key}"}
        )
    answer.raise_for_status()
    found = {breach.split(" ", 1)[0] for breach in breaches(await open_books(shop))}
    assert found == {"I1", "I3", "I6"}
