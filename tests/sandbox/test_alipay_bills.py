"""A day's bills in Alipay's own format: GBK, `#` lines, refunds negative, totals at the end."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest

from sandbox.alipay.objects import BEIJING
from tests.integrations.alipay.merchant import TRADE, Merchant, Node
from tests.sandbox.servers import Box

BILL = "alipay.data.dataservice.bill.downloadurl.query"


@pytest.fixture
async def merchant(box: Box) -> Merchant:
    """A merchant at ten o'clock in Beijing."""
    merchant = await Merchant.of(box)
    now = datetime.now(BEIJING) + timedelta(days=1)
    await at(merchant, now.replace(hour=10, minute=0))
    await merchant.seed("T-1")
    return merchant


async def at(merchant: Merchant, now: datetime) -> None:
    """Set the sandbox's clock."""
    answer = await merchant.box.admin.put("/admin/clock", json={"now": now.astimezone(UTC).isoformat()})
    assert answer.status_code == 200


def today() -> date:
    """The day on which the fixture's merchant works."""
    return (datetime.now(BEIJING) + timedelta(days=1)).date()


async def link(merchant: Merchant, kind: str, day: date) -> Node:
    return await merchant.call(BILL, {"bill_type": kind, "bill_date": day.isoformat()})


async def bill(merchant: Merchant, kind: str, day: date) -> list[list[str]]:
    """The first file of a bill, by lines and cells."""
    url = str((await link(merchant, kind, day))["bill_download_url"])
    answer = await merchant.box.admin.get(url)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as files:
        assert len(files.namelist()) == 2
        text = files.read(files.namelist()[0]).decode("gbk")
    return [line.split(",") for line in text.splitlines()]


async def test_the_trade_bill_has_sales_and_negative_refunds_between_its_marks(merchant: Merchant) -> None:
    await merchant.refund("10.00", trade="T-1")
    await merchant.box.advance(86_400)
    lines = await bill(merchant, "trade", today())
    assert lines[0] == ["#支付宝业务明细查询"]
    header, sale, refund = lines[4:7]
    rows = [dict(zip(header, cells, strict=True)) for cells in (sale, refund)]
    assert [row["业务类型"] for row in rows] == ["交易", "退款"]
    assert [row["订单金额（元）"] for row in rows] == ["100.00", "-10.00"]
    assert rows[1]["退款批次号/请求号"] == "leg-1\t"
    assert lines[7][0].startswith("#---")
    assert lines[8] == ["#交易合计：1笔，商家实收共100.00元，商家优惠共0.00元"]
    assert lines[9] == ["#退款合计：1笔，商家实收退款共-10.00元，商家优惠退款共0.00元"]


async def test_the_account_bill_has_transfers_out_and_those_that_came_back(merchant: Merchant) -> None:
    await merchant.transfer("10.00")
    await merchant.transfer("20.00", number="leg-2")
    await merchant.told("transfers/leg-2/return", {})
    await merchant.box.script("pending")
    await merchant.transfer("30.00", number="leg-3")
    await merchant.box.advance(86_400)
    lines = await bill(merchant, "signcustomer", today())
    rows = [dict(zip(lines[4], cells, strict=True)) for cells in lines[5:8]]
    seen = [(row["商户订单号"].strip(), row["收入金额（+元）"], row["支出金额（-元）"]) for row in rows]
    assert seen == [("leg-1", "0.00", "-10.00"), ("leg-2", "0.00", "-20.00"), ("leg-2", "20.00", "0.00")]
    assert lines[8][0].startswith("#---")


async def test_a_refund_that_was_not_executed_is_in_no_bill(merchant: Merchant) -> None:
    await merchant.box.script("pending")
    await merchant.refund(trade="T-1")
    await merchant.box.advance(86_400)
    lines = await bill(merchant, "trade", today())
    assert [cells[2] for cells in lines if len(cells) > 3][1:] == ["交易"]


async def test_a_movement_belongs_to_its_day_in_beijing(merchant: Merchant) -> None:
    midnight = datetime.combine(today() + timedelta(days=1), datetime.min.time(), BEIJING)
    await at(merchant, midnight - timedelta(minutes=1))
    await merchant.refund("1.00", trade="T-1", number="leg-1")
    await at(merchant, midnight + timedelta(minutes=1))
    await merchant.refund("2.00", trade="T-1", number="leg-2")
    await merchant.box.advance(2 * 86_400)
    for day, number in ((today(), "leg-1"), (today() + timedelta(days=1), "leg-2")):
        cells = [cell.strip() for line in await bill(merchant, "trade", day) for cell in line]
        assert [cell for cell in cells if cell.startswith("leg-")] == [number]


async def test_a_bill_comes_at_nine_on_the_next_day(merchant: Merchant) -> None:
    assert (await link(merchant, "trade", today()))["sub_code"] == "BILL_NOT_EXIST"
    tomorrow = datetime.combine(today() + timedelta(days=1), datetime.min.time(), BEIJING)
    await at(merchant, tomorrow + timedelta(hours=8, minutes=59))
    assert (await link(merchant, "trade", today()))["sub_code"] == "BILL_NOT_EXIST"
    await at(merchant, tomorrow + timedelta(hours=9))
    assert (await link(merchant, "trade", today()))["code"] == "10000"


@pytest.mark.parametrize("wrong", [{"bill_type": "everything"}, {"bill_date": "2026-11"}, {"bill_date": "soon"}])
async def test_a_bill_that_there_is_not_is_refused(merchant: Merchant, wrong: dict[str, str]) -> None:
    content = {"bill_type": "trade", "bill_date": "2026-11-01", **wrong}
    assert (await merchant.call(BILL, content))["sub_code"] == "INVAILID_ARGUMENTS"


async def test_a_link_lives_for_half_a_minute(merchant: Merchant) -> None:
    url = str((await link(merchant, "trade", today() - timedelta(days=1)))["bill_download_url"])
    assert (await merchant.box.admin.get(url)).status_code == 200
    await merchant.box.advance(31)
    assert (await merchant.box.admin.get(url)).status_code == 404
    assert (await merchant.box.admin.get(url.partition("?")[0])).status_code == 404


async def test_a_day_without_movements_has_a_bill_without_lines(merchant: Merchant) -> None:
    lines = await bill(merchant, "signcustomer", today() - timedelta(days=1))
    assert [line[0][:4] for line in lines] == [
        "#支付宝",
        "#账号：",
        "#起始日",
        "#---",
        "账务流水",
        "#---",
        "#支出合",
        "#收入合",
        "#导出时",
    ]
    assert TRADE not in str(lines)
