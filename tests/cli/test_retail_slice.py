"""What a retail file is run as: every return an application, every other order a partial refund, each with its end."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.case_steps import CaseSteps
from aftersales.contract.values import CaseStatus, Reason
from cli.retail.slice import Expected, PlannedCase, RetailFile, gather, plan
from integrations.shop.retail import RetailOptions
from policy import load_policy
from policy.loader import folder_of
from policy.shelf import packaged_shelf
from storage.orders import save_orders
from storage.store import SqlStore
from tests.activities.desk import Desk
from tests.activities.shop import KEYRING
from tests.cli.retail_files import NOW, SOURCES, read_file, recent, retail_source
from tests.integrations.shop.statements import read_rows, row

POLICY = load_policy()
RECENT = RetailOptions(shift_days=5_566)  # 2010-12-01 becomes 2026-02-26
BECOMES = {
    CaseStatus.PAYING: Expected.REFUNDED,
    CaseStatus.REJECTED: Expected.REFUSED,
    CaseStatus.UNDER_REVIEW: Expected.REVIEWED,
    CaseStatus.NEEDS_EVIDENCE: Expected.ASKED,
}


@pytest.fixture(params=SOURCES)
def retail(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[RetailFile, RetailOptions]:
    path = retail_source(request.param, tmp_path, rows=2_000)
    options = recent(path)
    return read_file(path, options), options


def planned(*rows: tuple[str, ...], options: RetailOptions = RECENT) -> tuple[PlannedCase, ...]:
    return plan(gather(read_rows(*rows, options=options)), NOW, POLICY, options)


def back(quantity: int, **changes: str) -> tuple[str, ...]:
    """A return on the next day, of what `row` bought."""
    day_after = {"InvoiceNo": "C536390", "InvoiceDate": "2010-12-02 10:00:00", "Quantity": str(-quantity)}
    return row(**day_after | changes)


def asked(case: PlannedCase) -> tuple[str, str, int]:
    item = case.application.items[0]
    return case.application.order_id, item.line_id, item.quantity


# --- returns ------------------------------------------------------------------------------------------------


def test_a_return_is_for_the_latest_purchase_before_it() -> None:
    earlier, later = row(), row(InvoiceNo="536370", InvoiceDate="2010-12-01 12:00:00")
    after = row(InvoiceNo="536399", InvoiceDate="2010-12-03 12:00:00")
    case = planned(earlier, later, after, back(6))[0]
    assert asked(case) == ("536370", "85123A", 6)
    assert (case.expected, case.reason_code) == (Expected.REFUNDED, "merchant_fault")
    assert (case.application.reason, case.application.goods_back) == (Reason.QUALITY_PROBLEM, True)


def test_what_one_return_took_is_not_there_for_the_next() -> None:
    earlier, later = row(), row(InvoiceNo="536370", InvoiceDate="2010-12-01 12:00:00")
    first, second = planned(earlier, later, back(4), back(3, InvoiceNo="C536391"))[:2]
    assert (asked(first), asked(second)) == (("536370", "85123A", 4), ("536365", "85123A", 3))


def test_a_purchase_by_somebody_else_or_of_something_else_does_not_count() -> None:
    someone, something = row(CustomerID="11.0"), row(InvoiceNo="536366", StockCode="71053")
    case = planned(someone, something, back(1))[0]
    assert asked(case) == ("536366", "85123A", 1)
    assert (case.expected, case.reason_code) == (Expected.REFUSED, "item_not_in_order")


def test_more_than_was_ever_bought_is_refused_as_such() -> None:
    case = planned(row(), back(7))[0]
    assert (asked(case)[2], case.expected, case.reason_code) == (7, Expected.REFUSED, "quantity_too_high")


def test_units_that_an_earlier_return_took_are_not_promised_twice() -> None:
    second = planned(row(), back(4), back(4, InvoiceNo="C536391"))[1]
    assert (second.expected, second.reason_code) == (Expected.REFUSED, "order_unknown")


def test_a_return_without_any_earlier_order_names_an_order_that_is_none() -> None:
    case = planned(row(InvoiceDate="2010-12-03 08:26:00"), back(1, StockCode="D", CustomerID=""))[0]
    assert asked(case) == ("536390", "D", 1)
    assert (case.application.customer_id, case.reason_code) == ("unknown", "order_unknown")


def test_a_number_that_is_an_order_of_somebody_else_is_not_named() -> None:
    case = planned(row(InvoiceNo="536390", CustomerID="11.0"), back(1))[0]
    assert case.application.order_id == "unknown"


# --- partial refunds ----------------------------------------------------------------------------------------


def test_one_unit_of_the_cheapest_line_with_several_comes_back() -> None:
    case = planned(row(), row(StockCode="71053", UnitPrice="1.0"), row(StockCode="22", UnitPrice="0.5", Quantity="1"))[
        0
    ]
    assert asked(case) == ("536365", "71053", 1)
    assert (case.expected, case.reason_code) == (Expected.REFUNDED, "changed_mind_in_time")
    assert case.application.amount is None


def test_of_single_units_the_first_line_comes_back() -> None:
    case = planned(row(Quantity="1"), row(StockCode="71053", UnitPrice="1.0", Quantity="1"))[0]
    assert asked(case) == ("536365", "85123A", 1)


def test_an_order_of_one_unit_gives_back_half_its_price() -> None:
    application = planned(row(Quantity="1"))[0].application
    assert application.amount is not None
    assert application.amount.minor == 127


def test_units_above_the_bound_of_the_rules_are_passed_over() -> None:
    dear = row(UnitPrice="1000.01", Quantity="2")
    assert asked(planned(dear, row(StockCode="71053", Quantity="1"))[0])[1] == "71053"
    only = planned(dear)[0]
    assert (only.expected, only.reason_code) == (Expected.REVIEWED, "amount_above_bound")


def test_what_must_become_of_it_is_the_word_of_the_policy_that_is_given(tmp_path: Path) -> None:
    folder = tmp_path / "mean"
    shutil.copytree(folder_of("v1"), folder)
    decision = (folder / "decision.json").read_text(encoding="utf-8")
    (folder / "decision.json").write_text(decision.replace('"<= 100000"', '"<= 100"'), encoding="utf-8")
    rows, mean = gather(read_rows(row(), options=RECENT)), load_policy(folder)
    [usual], [other] = plan(rows, NOW, POLICY, RECENT), plan(rows, NOW, mean, RECENT)
    assert (usual.expected, usual.reason_code) == (Expected.REFUNDED, "changed_mind_in_time")
    assert (other.expected, other.reason_code) == (Expected.REVIEWED, "amount_above_bound")
    assert other.at_high_risk == "risk_high"


def test_an_order_that_a_return_was_for_gives_nothing_else_back() -> None:
    assert len(planned(row(), back(1))) == 1
    assert len(planned(row(), back(7))) == 2


# --- whole files --------------------------------------------------------------------------------------------


def test_every_return_and_every_order_of_a_file_is_applied_for_once(retail: tuple[RetailFile, RetailOptions]) -> None:
    file, options = retail
    cases = plan(file, NOW, POLICY, options)
    assert len({case.request_key for case in cases}) == len(cases)
    assert sum("/row-" in case.request_key for case in cases) == len(file.returns)
    refunded = [case.application.order_id for case in cases if case.expected is Expected.REFUNDED]
    assert set(refunded) == {order.order_id for order in file.orders}
    assert plan(file, NOW, POLICY, options) == cases


def test_the_real_slice_refunds_some_four_hundred_orders(tmp_path: Path) -> None:
    path = retail_source("real", tmp_path)
    ends = Counter(case.expected for case in plan(read_file(path, recent(path)), NOW, POLICY, recent(path)))
    assert set(ends) == {Expected.REFUNDED, Expected.REFUSED}
    assert 380 <= ends[Expected.REFUNDED] <= 480  # 401 in the real file, 10 of them for returns
    assert ends[Expected.REFUSED] >= 60  # 90 in the real file


def test_refunds_stay_below_the_bound_and_leave_something_paid(retail: tuple[RetailFile, RetailOptions]) -> None:
    file, options = retail
    paid = {order.order_id: sum(tender.captured_minor for tender in order.tenders) for order in file.orders}
    prices = {
        (o.order_id, line.frozen.line_id): line.frozen.worth(0, 1).net_minor for o in file.orders for line in o.lines
    }
    for case in plan(file, NOW, POLICY, options):
        order_id, line_id, quantity = asked(case)
        if case.request_key.endswith("/part"):
            amount = case.application.amount
            minor = amount.minor if amount else prices[order_id, line_id] * quantity
            assert 0 < minor < paid[order_id]
            assert minor <= POLICY.ceilings("GBP").automatic_case


async def test_what_is_expected_is_what_the_product_decides(
    engine: AsyncEngine, retail: tuple[RetailFile, RetailOptions]
) -> None:
    file, options = retail
    await save_orders(engine, file.orders)
    store = SqlStore(engine)
    desk = Desk(CaseSteps(store, packaged_shelf(), KEYRING), store, engine)
    desk.now = NOW
    seen: Counter[Expected] = Counter()
    for case in plan(file, NOW, POLICY, options):
        customer = case.application.customer_id
        result = await desk.apply(case.application, case.request_key, actor=customer, last_look=True)
        found = (BECOMES[result.standing.status], result.standing.reason_code)
        assert found == (case.expected, case.reason_code), case
        seen[case.expected] += 1
    assert seen[Expected.REFUNDED] >= len(file.orders)
    assert seen[Expected.REFUSED] > 0


@pytest.mark.parametrize(
    ("shift_days", "refund", "partial"),
    [
        (5_540, (Expected.REFUNDED, "merchant_fault"), (Expected.REFUSED, "window_closed")),
        (5_530, (Expected.ASKED, "evidence_needed"), (Expected.REFUSED, "window_closed")),
        (5_470, (Expected.REFUSED, "window_closed"), (Expected.REFUSED, "window_closed")),
    ],
)
async def test_old_purchases_end_as_the_windows_of_the_policy_say(
    engine: AsyncEngine, shift_days: int, refund: tuple[Expected, str], partial: tuple[Expected, str]
) -> None:
    options = RetailOptions(shift_days=shift_days)
    file = gather(read_rows(row(), row(InvoiceNo="536366", StockCode="71053"), back(1), options=options))
    await save_orders(engine, file.orders)
    store = SqlStore(engine)
    desk = Desk(CaseSteps(store, packaged_shelf(), KEYRING), store, engine)
    desk.now = NOW
    cases = plan(file, NOW, POLICY, options)
    assert [(case.expected, case.reason_code) for case in cases] == [refund, partial]
    for case in cases:
        standing = (await desk.apply(case.application, case.request_key, actor=case.application.customer_id)).standing
        assert (BECOMES[standing.status], standing.reason_code) == (case.expected, case.reason_code)


def test_where_the_real_file_is_missing_a_generated_one_takes_its_place(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="a generated file"):
        path = retail_source("real", tmp_path, rows=40, real=tmp_path / "nowhere.csv")
    assert read_file(path, RECENT).orders
