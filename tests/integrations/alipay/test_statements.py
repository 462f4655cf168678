"""Alipay's own record of a day: fetched as it lies there, read line by line (R18)."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest
from starlette.types import Receive, Scope, Send

from activities.ports import StatementLine, StatementNotReadyError
from aftersales.contract.values import Money, Movement
from integrations.alipay import AlipayStatements
from integrations.alipay.bill import read_account_bill, read_trade_bill
from integrations.alipay.gateway import BEIJING
from integrations.alipay.keys import sign
from tests.integrations.alipay.conftest import block_for
from tests.integrations.alipay.merchant import Merchant
from tests.integrations.alipay.script import APP_ID, key_of, private_pem, public_pem
from tests.sandbox.servers import serving

RULE = "-" * 20
COLUMNS = "支付宝交易号,商户订单号,业务类型,完成时间,订单金额（元）,退款批次号/请求号,服务费（元）"
ACCOUNT_COLUMNS = "账务流水号,业务流水号,商户订单号,发生时间,收入金额（+元）,支出金额（-元）,业务类型"
REFUND = "T1\t,O1\t,退款,2026-11-22 10:00:00,-12.30,leg-1\t,0.00"


def packed(*lines: str, columns: str = COLUMNS) -> bytes:
    """A bill with these lines, as Alipay packs it."""
    table = [
        "#支付宝业务明细查询",
        f"#{RULE}列表{RULE}",
        columns,
        *lines,
        f"#{RULE}列表结束{RULE}",
        "#退款合计：1笔",
        "",
    ]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as files:
        files.writestr("汇总.csv", "#支付宝业务汇总查询\r\n".encode("gbk"))
        files.writestr("明细.csv", "\r\n".join(table).encode("gb18030"))
    return file.getvalue()


def statements_of(merchant: Merchant) -> AlipayStatements:
    made = block_for(merchant).statements()
    assert made is not None
    return made


async def tomorrow_at(merchant: Merchant, hour: int) -> date:
    """Move the sandbox to that hour of the next day in Beijing; the day it then is."""
    now = (datetime.now(BEIJING) + timedelta(days=1)).replace(hour=hour, minute=0, second=0)
    await merchant.box.admin.put("/admin/clock", json={"now": now.astimezone(UTC).isoformat()})
    return now.date()


async def test_a_days_refunds_and_transfers_are_read_from_both_bills(merchant: Merchant) -> None:
    day = await tomorrow_at(merchant, 10)
    await merchant.seed("T-1")
    await merchant.refund("12.30", trade="T-1", number="leg-1")
    await merchant.transfer("4.50", number="leg-2")
    sent = await merchant.transfer("6.00", number="leg-3")
    await merchant.told("transfers/leg-3/return", {})
    await merchant.box.advance(86_400)
    lines = await statements_of(merchant).of(day)
    seen = [(line.provider_number, line.amount.minor, line.movement, line.returned) for line in lines]
    assert seen == [
        ("leg-1", 1_230, Movement.REFUND, False),
        ("leg-2", 450, Movement.PAYOUT, False),
        ("leg-3", 600, Movement.PAYOUT, False),
        ("leg-3", 600, Movement.PAYOUT, True),
    ]
    assert [line.reference for line in lines[::2]] == ["T-1", sent["order_id"]]
    assert len({line.line_id for line in lines}) == len(lines)
    assert all(line.booked_at.astimezone(BEIJING).date() == day for line in lines)


async def test_a_bill_that_is_not_there_yet_is_asked_for_later(merchant: Merchant) -> None:
    day = await tomorrow_at(merchant, 10)
    with pytest.raises(StatementNotReadyError, match=r"by 9:00"):
        await statements_of(merchant).of(day)


@pytest.mark.parametrize("fault", ["drop_request", "unreadable", "429", "error_500"])
async def test_while_alipay_cannot_be_asked_there_is_no_statement_yet(merchant: Merchant, fault: str) -> None:
    day = await tomorrow_at(merchant, 10)
    await merchant.box.script(fault, method="GET")
    with pytest.raises(StatementNotReadyError, match="again"):
        await statements_of(merchant).of(day - timedelta(days=1))


async def test_a_missing_permission_is_named(merchant: Merchant) -> None:
    bill = "alipay.data.dataservice.bill.downloadurl.query"
    await merchant.told("errors", {"code": "40006", "sub_code": "isv.insufficient-isv-permissions", "method": bill})
    with pytest.raises(StatementNotReadyError, match=r"isv\.insufficient-isv-permissions"):
        await statements_of(merchant).of(date(2026, 11, 1))


@pytest.mark.parametrize(
    ("link", "status", "error"),
    [
        ("http://elsewhere.example/bill.zip", 200, ValueError),
        ("", 200, ValueError),
        ("{own}/bill.zip", 404, StatementNotReadyError),
        ("{own}/bill.zip", 302, StatementNotReadyError),
        ("{own}/bill.zip", 200, ValueError),
    ],
)
async def test_a_bill_is_fetched_from_alipays_hosts_alone_and_must_be_one(
    merchant: Merchant, link: str, status: int, error: type[Exception]
) -> None:
    async def gateway(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        host, port = scope["server"]
        text = json.dumps({"code": "10000", "bill_download_url": link.format(own=f"http://{host}:{port}")})
        name = "alipay_data_dataservice_bill_downloadurl_query_response"
        body = f'{{"{name}":{text},"sign":"{sign(text, key_of("alipay"))}"}}'.encode()
        asked = scope["path"] == "/gateway.do"
        await send({"type": "http.response.start", "status": 200 if asked else status, "headers": []})
        await send({"type": "http.response.body", "body": body if asked else b"no zip"})

    async with serving(gateway, lifespan="off") as own:
        keys = {"private_key": private_pem("merchant"), "public_keys": [public_pem("alipay")]}
        statements = block_for(merchant, app_id=APP_ID, gateway=f"{own}/gateway.do", **keys).statements()
        assert statements is not None
        with pytest.raises(error):
            await statements.of(date(2026, 11, 22))


def test_alipays_bill_centre_is_asked_over_tls_whatever_the_link_says(merchant: Merchant) -> None:
    allowed = statements_of(merchant)._allowed
    link = "http://dwbillcenter.alipay.com/downloadBillFile.resource?fileId=1"
    assert allowed(link) == "https://dwbillcenter.alipay.com/downloadBillFile.resource?fileId=1"
    with pytest.raises(ValueError, match="none of Alipay's hosts"):
        allowed("https://dwbillcenter.alipay.com.example/bill")


def test_a_refund_line_in_full() -> None:
    (line,) = read_trade_bill(packed(REFUND.replace(",0.00", ",-0.07")))
    assert line == StatementLine(
        provider="alipay",
        line_id="T1/leg-1",
        booked_at=datetime(2026, 11, 22, 2, tzinfo=UTC),
        amount=Money(minor=1_230, currency="CNY"),
        provider_number="leg-1",
        reference="T1",
        movement=Movement.REFUND,
        fee=Money(minor=7, currency="CNY"),
    )


@pytest.mark.parametrize("fee", ["0.00", "0.12", ""])
def test_a_fee_that_was_given_back_is_none_of_ours(fee: str) -> None:
    (line,) = read_trade_bill(packed(REFUND.removesuffix("0.00") + fee))
    assert line.fee is None


def test_sales_are_left_out_and_a_refund_taken_back_is_an_income() -> None:
    lines = read_trade_bill(packed(REFUND.replace("退款", "交易"), REFUND.replace("-12.30", "12.30")))
    assert [line.returned for line in lines] == [True]


def test_refunds_without_our_number_are_told_apart() -> None:
    nameless = REFUND.replace("leg-1\t", "")
    lines = read_trade_bill(packed(nameless, nameless))
    assert [line.provider_number for line in lines] == ["", ""]
    assert len({line.line_id for line in lines}) == 2


def test_only_transfers_with_a_number_count_in_the_account_bill() -> None:
    row = "F{0}\t,B{0}\t,{1},2026-11-22 10:00:00,{2},{3},{4}"
    lines = read_account_bill(
        packed(
            row.format(1, "leg-1", "0.00", "-5.00", "转账"),
            row.format(2, "O-2", "9.00", "0.00", "在线支付"),
            row.format(3, "", "0.00", "-7.00", "转账"),
            row.format(4, "leg-1", "+5.00", "", "转账退回"),
            columns=ACCOUNT_COLUMNS,
        )
    )
    assert [(line.provider_number, line.amount.minor, line.returned) for line in lines] == [
        ("leg-1", 500, False),
        ("leg-1", 500, True),
    ]


def test_a_name_that_gbk_lacks_spoils_nothing() -> None:
    assert len(read_trade_bill(packed(REFUND.replace("O1", "𠮷")))) == 1


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"no zip", "no zip file"),
        (packed(REFUND)[:-40], "no zip file"),
        (packed(REFUND, columns="账号,金额"), "no table"),
        (packed(REFUND, columns=COLUMNS.replace("业务类型", "种类")), "lacks the column 业务类型"),
        (packed(f"{REFUND},more"), "Line 4"),
        (packed(REFUND.replace("-12.30", "-12.3O")), "Line 4"),
        (packed(REFUND.replace("-12.30", "")), "Line 4"),
        (packed(REFUND.replace("10:00:00", "soon")), "Line 4"),
        (packed(REFUND, "x" * 200_000), "Line 5"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(body: bytes, names: str) -> None:
    with pytest.raises(ValueError, match=names):
        read_trade_bill(body)


def test_a_bill_that_was_cut_off_is_no_bill() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as files:
        files.writestr("明细.csv", "\r\n".join(["#x", COLUMNS, REFUND]).encode("gbk"))
    with pytest.raises(ValueError, match="cut off"):
        read_trade_bill(file.getvalue())


async def test_sales_alone_make_an_empty_statement(merchant: Merchant) -> None:
    await merchant.box.advance(2 * 86_400)
    assert await statements_of(merchant).of(datetime.now(BEIJING).date()) == ()
