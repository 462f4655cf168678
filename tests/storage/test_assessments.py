"""Assessments are kept whole, and read back as lists and back-tests need them."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.assessment import digest
from activities.particulars import Particulars
from activities.past_cases import PastCase
from activities.precautions import AssessmentRow, Disagreement, Held, Risk, RiskPart
from activities.rows import HeardMessage
from activities.rulings import Action, RiskLevel, Shipment
from aftersales.contract.numbers import number_for
from aftersales.contract.values import MessageKind
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, clearing
from storage.assessments import AssessmentListing
from storage.store import SqlStore
from storage.tables import ASSESSMENTS
from tests.storage.builders import case_row, posting
from tests.support.assessed import NOON, NUMBER, assessment

DAY = timedelta(days=1)
PERIOD = (NOON - DAY, NOON + DAY)


async def keep(store: SqlStore, *rows: AssessmentRow) -> None:
    async with store.begin() as unit:
        for row in rows:
            await unit.store_assessment(row)


async def past(engine: AsyncEngine, at_once: int = 100) -> list[PastCase]:
    return [case async for cases in AssessmentListing(engine, at_once=at_once).past_cases(*PERIOD) for case in cases]


def heard(
    kind: MessageKind, minute: int, actor: str = "li", body: str = "{}", *, accepted: bool = True
) -> HeardMessage:
    return HeardMessage(
        number=NUMBER,
        nonce=f"{kind}-{minute}",
        kind=kind,
        actor=actor,
        role="agent",
        body=body,
        received_at=NOON + timedelta(minutes=minute),
        accepted=accepted,
    )


async def test_an_assessment_comes_back_as_it_was_kept(store: SqlStore, engine: AsyncEngine) -> None:
    full = assessment(
        held=(Held.DAY_BUDGET, Held.RISK_HIGH),
        risk=Risk(level=RiskLevel.HIGH, score=70, parts=(RiskPart(sign="velocity", points=70, seen="7 refunds"),)),
        particulars=Particulars(shipment=Shipment.DIFFERS, down=("stock",)),
        shadow=Disagreement(policy_hash="d" * 64, action=Action.REVIEW),
    )
    second = assessment(sequence=2, at=NOON + DAY)
    await keep(store, second, full)
    async with store.begin() as unit:
        assert await unit.assessments(NUMBER) == (full, second)
        assert await unit.assessments(number_for("shop", "other")) == ()
    assert await AssessmentListing(engine).of_case(NUMBER) == (full, second)


async def test_the_digest_of_what_was_kept_is_that_of_what_was_decided(store: SqlStore, engine: AsyncEngine) -> None:
    eastern = timezone(timedelta(hours=8))
    decided = assessment(at=NOON.replace(microsecond=123456))
    await keep(store, decided.model_copy(update={"at": decided.at.astimezone(eastern)}))
    [kept] = await AssessmentListing(engine).of_case(NUMBER)
    assert digest(kept) == digest(decided)


async def test_no_assessment_is_ever_written_over(store: SqlStore) -> None:
    await keep(store, assessment())
    with pytest.raises(IntegrityError):
        await keep(store, assessment(action=Action.REJECT))
    async with store.begin() as unit:
        assert [row.action for row in await unit.assessments(NUMBER)] == [Action.APPROVE]


async def test_what_lists_filter_by_stands_in_columns_of_its_own(store: SqlStore, engine: AsyncEngine) -> None:
    await keep(store, assessment(held=(Held.DAY_BUDGET,), action=Action.REVIEW))
    columns = [ASSESSMENTS.c[name] for name in ("ruled", "action", "row", "amount_minor", "currency", "customer_id")]
    async with engine.connect() as connection:
        [found] = (await connection.execute(select(*columns))).all()
    assert tuple(found) == ("approve", "review", "fault_shown", 9990, "CNY", "customer-1")


async def test_a_case_that_was_never_stored_is_a_past_case_all_the_same(store: SqlStore, engine: AsyncEngine) -> None:
    await keep(store, assessment())
    [case] = await past(engine)
    assert (case.status, case.paid_minor, case.by_person) == ("", 0, False)


async def test_a_refused_decision_and_the_customer_s_words_are_no_person_s_decision(
    store: SqlStore, engine: AsyncEngine
) -> None:
    await keep(store, assessment())
    async with store.begin() as unit:
        await unit.hear(heard(MessageKind.DECISION, 1, accepted=False))
        await unit.hear(heard(MessageKind.APPEAL, 2))
    [case] = await past(engine)
    assert not case.by_person


async def test_money_that_came_back_was_not_paid_in_the_end(store: SqlStore, engine: AsyncEngine) -> None:
    await keep(store, assessment())
    async with store.begin() as unit:
        await unit.post(posting("paid", minor=700))
        await unit.post(posting("back", minor=200, debit=clearing("stripe"), credit=CUSTOMER_REFUNDS_PAYABLE))
    [case] = await past(engine)
    assert case.paid_minor == 500


async def test_a_past_case_is_its_first_assessment_with_what_became_of_it(store: SqlStore, engine: AsyncEngine) -> None:
    first = assessment(held=(Held.DAY_BUDGET,), action=Action.REVIEW)
    await keep(store, first, assessment(sequence=2), assessment(number=number_for("shop", "early"), at=NOON - 2 * DAY))
    async with store.begin() as unit:
        await unit.insert_case(case_row(NUMBER))
        await unit.post(posting("paid", minor=700))
        await unit.hear(heard(MessageKind.DECISION, 5))
    assert await past(engine) == [
        PastCase(
            number=NUMBER,
            at=NOON,
            facts=first.facts.model_dump_json(),
            amount_minor=9990,
            currency="CNY",
            ruled=Action.APPROVE,
            action=Action.REVIEW,
            held=("day_budget",),
            status="paying",
            paid_minor=700,
            by_person=True,
        )
    ]
    assert await AssessmentListing(engine).count(*PERIOD) == 1


async def test_many_past_cases_come_in_parts_each_once_oldest_first(store: SqlStore, engine: AsyncEngine) -> None:
    numbers = sorted(number_for("shop", str(place)) for place in range(5))
    await keep(
        store, *(assessment(number=number, at=NOON + timedelta(hours=i // 2)) for i, number in enumerate(numbers))
    )
    assert [case.number for case in await past(engine, at_once=2)] == numbers


async def test_a_review_takes_from_the_claim_of_its_person_to_their_decision(
    store: SqlStore, engine: AsyncEngine
) -> None:
    messages = (
        heard(MessageKind.CLAIM, 0),
        heard(MessageKind.CLAIM, 2),  # prolonged
        heard(MessageKind.DECISION, 3, accepted=False),
        heard(MessageKind.DECISION, 7),
        heard(MessageKind.DECISION, 8, actor="wang"),  # without a claim
        heard(MessageKind.CLAIM, 10),
        heard(MessageKind.CLAIM, 11, body='{"minutes": 0}'),  # let go
        heard(MessageKind.DECISION, 60),
    )
    async with store.begin() as unit:
        for message in messages:
            await unit.hear(message)
    assert await AssessmentListing(engine).handling_minutes(*PERIOD) == [7.0]


async def test_only_where_the_shadow_disagreed_or_failed_it_is_reported(store: SqlStore, engine: AsyncEngine) -> None:
    numbers = [number_for("shop", str(place)) for place in range(3)]
    said = Disagreement(policy_hash="d" * 64, action=Action.REVIEW)
    failed = Disagreement(policy_hash="d" * 64, action=Action.APPROVE, failure="In table 'decision': broken.")
    rows = [
        assessment(number=number, at=NOON + timedelta(minutes=i), shadow=shadow)
        for i, (number, shadow) in enumerate(zip(numbers, (None, said, failed), strict=True))
    ]
    await keep(store, *rows, assessment(number=number_for("shop", "late"), at=NOON + 2 * DAY, shadow=said))
    words = await AssessmentListing(engine).shadow_words(*PERIOD)
    assert [(each.number, each.ruled, each.otherwise, each.failure) for each in words] == [
        (numbers[1], Action.APPROVE, Action.REVIEW, ""),
        (numbers[2], Action.APPROVE, None, "In table 'decision': broken."),
    ]
