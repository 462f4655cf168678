"""Finance closes a difference by word, once and by name; it stays so while nothing about it is new."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.differences import Finding, FindingState
from activities.explaining import Explanation, explain
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode, LegState, Role
from storage.reading import Reading
from tests.activities.counting_house import CountingHouse, leg, line, usd
from tests.storage.builders import case_row

WHY = "Paid by the shop itself, see voucher 7."


@pytest.fixture
async def house(engine: AsyncEngine) -> CountingHouse:
    """One difference of a case, and one that nobody knows of."""
    made, row = CountingHouse(engine), leg("known", LegState.CONFIRMING)
    await made.keep(row)
    async with made.store.begin() as unit:
        await unit.insert_case(case_row(row.number))
    made.state(line(row), line(row, provider_number="FOREIGN-1"))
    await made.reconcile()
    return made


async def said(house: CountingHouse, subject: str, **changes: object) -> Finding | None:
    [finding] = [each for each in await house.findings(state=None) if each.subject == subject]
    fields = {"finding_id": finding.finding_id, "reason": WHY, "actor": "finance-1", "role": Role.FINANCE, **changes}
    async with house.book.begin() as unit:
        return await explain(unit, Explanation.model_validate(fields), house.clock.now())


async def test_an_explained_difference_is_closed_with_who_and_why(house: CountingHouse) -> None:
    closed = await said(house, "FOREIGN-1")
    assert closed is not None
    assert (closed.state, closed.closed_by, closed.reason) == (FindingState.EXPLAINED, "finance-1", WHY)
    assert closed.closed_at == house.clock.now()
    assert [each.subject for each in await house.findings()] != ["FOREIGN-1"]


async def test_the_log_of_its_case_keeps_it(house: CountingHouse, engine: AsyncEngine) -> None:
    row = leg("known")
    await said(house, row.leg.provider_number)
    record = await Reading(engine).case(row.number)
    assert record is not None
    entry = record.audit[-1].entry
    assert (entry.action, entry.actor, entry.reason) == ("difference_explained", "finance-1", "missing_here")
    assert entry.why == WHY
    assert await Reading(engine).verify_chain(row.number) is None


async def test_a_second_word_changes_nothing(house: CountingHouse) -> None:
    first = await said(house, "FOREIGN-1")
    assert await said(house, "FOREIGN-1", reason="Something else.", actor="finance-2") == first


async def test_an_explained_difference_is_not_found_again(house: CountingHouse) -> None:
    await said(house, "FOREIGN-1")
    result = await house.reconcile()
    assert (result.found, result.resolved) == (1, 0)


async def test_an_explained_difference_whose_amount_changes_is_open_again(house: CountingHouse) -> None:
    await said(house, "FOREIGN-1")
    house.state(line(leg("known"), provider_number="FOREIGN-1", line_id="more", amount=usd(5)))
    assert (await house.reconcile()).found == 2


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.FINANCE, Role.ADMIN}))
async def test_only_finance_explains(house: CountingHouse, role: Role) -> None:
    with pytest.raises(AftersalesError) as caught:
        await said(house, "FOREIGN-1", role=role)
    assert caught.value.code is ErrorCode.ROLE_NOT_ALLOWED


async def test_an_explanation_says_something(house: CountingHouse) -> None:
    with pytest.raises(ValidationError):
        await said(house, "FOREIGN-1", reason="")


async def test_a_finding_that_nobody_made_is_none(house: CountingHouse) -> None:
    assert await said(house, "FOREIGN-1", finding_id="0" * 14) is None
