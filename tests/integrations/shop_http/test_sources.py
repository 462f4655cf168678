"""Each of the shop's systems is understood as docs/shop-sources.md says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel

from activities.particulars import AccountStanding, ShipmentRecord, ShippedLine, SourceDownError, StockLine
from integrations.shop_http import HttpAccounts, HttpLogistics, HttpStock
from integrations.shop_http.answers import AccountAnswer, LineAnswer, ShipmentAnswer, StockAnswer
from tests.integrations.shop_http.system import asking, said

DOCUMENT = (Path(__file__).parents[3] / "docs" / "shop-sources.md").read_text(encoding="utf-8")
LOGISTICS, STOCK, ACCOUNTS = (found.encode() for found in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL))


async def test_the_documents_shipment_is_read() -> None:
    async with asking(said(LOGISTICS), name="logistics") as (source, system):
        record = await HttpLogistics(source).shipment("SO-1001")
    assert record == ShipmentRecord(
        carrier="sf",
        tracking="SF1234567890",
        shipped_at=datetime(2026, 3, 2, 1, 0, tzinfo=UTC),
        delivered_at=datetime(2026, 3, 3, 12, 0, tzinfo=UTC),
        lines=(
            ShippedLine(
                line_id="1",
                ordered_sku="MUG-R",
                picked_sku="MUG-B",
                shipped_sku="MUG-B",
                shipped_quantity=2,
                expected_g=760,
                weighed_g=748,
            ),
        ),
    )
    assert system.requests[0].startswith("GET /asked?order_id=SO-1001 ")


async def test_the_documents_stock_is_read() -> None:
    async with asking(said(STOCK)) as (source, _):
        found = await HttpStock(source).instead_of("SO-1001", "1", "BOOTS-43")
    assert found == StockLine(line_id="1", sku="BOOTS-43", available=5)


async def test_the_documents_account_is_read() -> None:
    async with asking(said(ACCOUNTS), name="accounts") as (source, system):
        found = await HttpAccounts(source).standing("c-17")
    since = datetime(2021, 5, 4, 8, 0, tzinfo=UTC)
    assert found == AccountStanding(state="active", contact_verified=True, since=since, note="Gold customer")
    assert system.requests[0].startswith("GET /asked?customer_id=c-17 ")


@pytest.mark.parametrize("kind", [ShipmentAnswer, LineAnswer, StockAnswer, AccountAnswer])
def test_every_field_is_documented(kind: type[BaseModel]) -> None:
    named = set(re.findall(r"`(?:lines\[\]\.)?(\w+)`", DOCUMENT))
    assert set(kind.model_fields) <= named


async def test_what_is_not_known_there_is_none() -> None:
    async with asking(said({}, "404 Not Found")) as (source, _):
        assert await HttpLogistics(source).shipment("SO-1") is None
        assert await HttpAccounts(source).standing("c-1") is None


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ({"order_id": "SO-1", "shipped_at": "2026-03-02T01:00:00"}, "shipped_at"),
        ({"order_id": "SO-1", "shipped_at": "0001-01-01T00:00:00Z"}, "shipped_at"),
        ({"order_id": "SO-1", "carrier": "sf\n"}, "carrier"),
        ({"order_id": "SO-1", "lines": [{"line_id": "1"}]}, "lines.0.ordered_sku"),
        ({"order_id": "SO-1", "lines": [{"line_id": "1", "ordered_sku": ""}]}, "lines.0.ordered_sku"),
        ({"order_id": "SO-1", "lines": [{"line_id": "1", "ordered_sku": "A"}] * 2}, "lines: .*stands twice"),
        ({"order_id": "SO-1", "lines": [{"line_id": "1", "ordered_sku": "A", "weighed_g": 1.5}]}, "lines.0.weighed_g"),
        ({"carrier": "sf"}, "order_id"),
        ({"order_id": "SO-2"}, "another order_id"),
    ],
)
async def test_a_shipment_of_another_shape_is_no_answer(answer: object, place: str) -> None:
    async with asking(said(answer), name="logistics") as (source, _):
        with pytest.raises(SourceDownError, match=place):
            await HttpLogistics(source).shipment("SO-1")


async def test_a_standing_that_nobody_stated_is_not_a_good_one() -> None:
    async with asking(said({"customer_id": "c-1"}), name="accounts") as (source, _):
        with pytest.raises(SourceDownError, match="accounts: its answer is not what was agreed: state"):
            await HttpAccounts(source).standing("c-1")
