"""Whatever providers say of whichever number, and people decide in between: the ledger is what was moved (I3, I7)."""

from __future__ import annotations

from collections import Counter
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.case_steps import CaseSteps
from activities.casefile import GONE, OPEN
from activities.rows import LegRow
from activities.types import OutcomeKind
from aftersales.contract.messages import PayoutChoice, Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, LegState, PayoutMethod, Role, WaitsFor
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, REFUNDS_OVERPAID, SETTLEMENT_PREFIXES
from domain.rails import OWN_RAILS, Rail, ways_of
from storage.orders import save_orders
from storage.store import SqlStore
from storage.tables import LEDGER
from tests.activities.desk import Desk
from tests.activities.shop import KEYRING, application, order_record
from tests.fakes import FakePolicy

WAYS = ways_of({**OWN_RAILS, "stripe": Rail(provider="stripe")})
NEWS = [kind for kind in OutcomeKind if kind is not OutcomeKind.NOT_FOUND]
MOVES = ["news", "news", "news", "choose", "approve", "reject", "withdraw"]
_orders = count(1)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(choices=st.data())
async def test_after_any_news_the_ledger_is_what_providers_moved(
    engine: AsyncEngine, store: SqlStore, policy: FakePolicy, choices: st.DataObject
) -> None:
    """Of a case with two legs, on a gift card and a bank card."""
    order_id = f"any-news-{next(_orders)}"
    await save_orders(engine, [order_record(order_id)])
    desk = Desk(CaseSteps(store, policy, KEYRING, WAYS), store, engine)
    await desk.apply(application(order_id=order_id), request_key=order_id)
    for _ in range(choices.draw(st.integers(1, 12))):
        await move(desk, choices)
        await everything_adds_up(desk, order_id)


async def move(desk: Desk, choices: st.DataObject) -> None:
    match choices.draw(st.sampled_from(MOVES)):
        case "news":
            leg = choices.draw(st.sampled_from(await desk.legs())).leg
            kind, elsewhere = choices.draw(st.sampled_from(NEWS)), choices.draw(st.booleans())
            await desk.pay(kind, leg.leg, leg.attempt, elsewhere=elsewhere)
        case "choose":
            await desk.say(PayoutChoice(method=PayoutMethod.STORE_CREDIT))
        case "approve":
            await desk.decide(DecisionKind.APPROVE, role=Role.FINANCE)
        case "reject":
            await desk.decide(DecisionKind.REJECT, role=Role.FINANCE, explanation="Settled at the till.")
        case "withdraw":
            await desk.say(Withdrawal())


async def everything_adds_up(desk: Desk, order_id: str) -> None:
    legs, case = await desk.legs(), await desk.case()
    accounts = await balances(desk)
    paid = [row for row in legs if row.leg.state is LegState.SUCCEEDED]
    waiting = [row for row in legs if row.leg.state in OPEN]
    moved = sum(minor for account, minor in accounts.items() if account.startswith(SETTLEMENT_PREFIXES))
    assert moved == -minor_of(paid), "what left is what providers paid"
    assert accounts[CUSTOMER_REFUNDS_PAYABLE] == -minor_of([row for row in waiting if not row.released])
    assert accounts[REFUNDS_OVERPAID] == minor_of(paid) - minor_of(one_of_each_leg(paid))
    order = await desk.order(order_id)
    assert sum(tender.taken_minor for tender in order.tenders) == minor_of(paid) + minor_of(waiting)
    for leg in {row.leg.leg for row in legs}:
        of_leg = [row for row in legs if row.leg.leg == leg]
        unsent = [row for row in of_leg if row.leg.state in (LegState.RESERVED, LegState.BLOCKED)]
        assert len(unsent) <= 1
        assert not (unsent and any(row in paid for row in of_leg)), "a leg that is paid is not sent again"
    if case.status is CaseStatus.REFUNDED:
        assert len(one_of_each_leg(paid)) == len(one_of_each_leg(legs))
    if case.status is CaseStatus.PAYING:
        assert waiting, "there is something to wait for"
    if case.status is CaseStatus.PAYMENT_FAILED:
        assert case.waits_for in (WaitsFor.CUSTOMER, WaitsFor.FINANCE)
        assert any(row.leg.state in GONE for row in legs)


def one_of_each_leg(rows: list[LegRow] | tuple[LegRow, ...]) -> list[LegRow]:
    return list({row.leg.leg: row for row in rows}.values())


def minor_of(rows: list[LegRow]) -> int:
    return sum(row.leg.amount.minor for row in rows)


async def balances(desk: Desk) -> Counter[str]:
    """Debits less credits of the case's postings."""
    totals: Counter[str] = Counter()
    async with desk.engine.connect() as connection:
        for row in (await connection.execute(select(LEDGER).where(LEDGER.c.number == desk.number))).mappings():
            totals[row["debit"]] += row["amount_minor"]
            totals[row["credit"]] -= row["amount_minor"]
    return totals
