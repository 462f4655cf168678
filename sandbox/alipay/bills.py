"""A day's bill as Alipay hands it out: a zip with a GBK CSV between ``#`` lines, for trades or for the account.

https://opendocs.alipay.com/open/06fpmm; the trade bill has refunds as negative lines, the account bill transfers.
"""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

from sandbox.alipay.errors import AlipayError
from sandbox.alipay.ledger import AlipayLedger
from sandbox.alipay.messages import MERCHANT
from sandbox.alipay.objects import (
    Json,
    Refund,
    RefundState,
    Trade,
    Transfer,
    TransferStatus,
    beijing,
    masked,
    new_number,
    shown_time,
    yuan,
)
from sandbox.alipay.settings import AlipaySettings
from sandbox.clock import SandboxClock
from sandbox.store import Store

PATH = "/alipay/downloadBillFile.resource"
LINK_LIFE_S = 30
TRADE_COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
ACCOUNT_COLUMNS = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,"
    "交易渠道,业务类型,备注"
)
RULE = "-" * 40


class Bills:
    """Links to bills, and the bills themselves."""

    def __init__(self, settings: AlipaySettings, store: Store, ledger: AlipayLedger, clock: SandboxClock) -> None:
        self._settings = settings
        self._store = store
        self._ledger = ledger
        self._clock = clock

    def link(self, content: Json, host: str) -> Json:
        """A link that lives for 30 seconds; raises ``AlipayError`` for a day that has no bill yet."""
        kind, day = str(content.get("bill_type")), _day(content.get("bill_date"))
        if kind not in ("trade", "signcustomer") or day is None:
            raise AlipayError("INVAILID_ARGUMENTS")
        now = beijing(self._clock.now())
        age = (now.date() - day).days
        if age < 1 or (age == 1 and now.hour < self._settings.bill_ready_hour):
            raise AlipayError("BILL_NOT_EXIST")
        name = new_number(self._clock.now())
        self._store.set_fact(f"alipay bill {name}", [kind, day.isoformat(), self._clock.now() + LINK_LIFE_S])
        return {"bill_download_url": f"http://{host}{PATH}?{urlencode({'fileId': name, 'bizType': kind})}"}

    def file(self, name: str) -> bytes | None:
        """The zip behind a link that still lives."""
        fact = self._store.fact(f"alipay bill {name}")
        if not isinstance(fact, list) or fact[2] < self._clock.now():
            return None
        kind, day = str(fact[0]), date.fromisoformat(str(fact[1]))
        title, columns, lines, totals = self._trades(day) if kind == "trade" else self._account(day)
        text = [
            f"#支付宝{title}查询",
            f"#账号：[{MERCHANT}0156]",
            f"#起始日期：[{_stamp(day)}]   终止日期：[{_stamp(day + timedelta(days=1))}]",
            f"#{RULE}{title}列表{RULE}",
            columns,
            *lines,
            f"#{RULE}{title}列表结束{RULE}",
            *totals,
            f"#导出时间：[{beijing(self._clock.now()):%Y年%m月%d日 %H:%M:%S}]",
        ]
        return _zipped(f"{MERCHANT}0156_{day:%Y%m%d}_{title}", text)

    def _trades(self, day: date) -> tuple[str, str, list[str], list[str]]:
        paid = [trade for trade in self._ledger.trades() if beijing(trade.paid_at).date() == day]
        refunds = [
            refund
            for refund in self._ledger.refunds()
            if refund.state is RefundState.DONE and beijing(refund.at).date() == day
        ]
        lines = [_trade_line(trade, "交易", trade.amount_minor, trade.paid_at, "") for trade in paid]
        lines += [line for refund in refunds for line in self._refund_lines(refund)]
        received, back = sum(t.amount_minor for t in paid), sum(r.amount_minor for r in refunds)
        totals = [
            f"#交易合计：{len(paid)}笔，商家实收共{yuan(received)}元，商家优惠共0.00元",
            f"#退款合计：{len(refunds)}笔，商家实收退款共{yuan(-back)}元，商家优惠退款共0.00元",
        ]
        return "业务明细", TRADE_COLUMNS, lines, totals

    def _refund_lines(self, refund: Refund) -> Iterable[str]:
        trade = self._ledger.trade(refund.trade_no)
        if trade is not None:
            yield _trade_line(trade, "退款", -refund.amount_minor, refund.at, refund.out_request_no)

    def _account(self, day: date) -> tuple[str, str, list[str], list[str]]:
        transfers = self._ledger.transfers()
        out = [transfer for transfer in transfers if _left(transfer) and beijing(transfer.at).date() == day]
        back = [each for each in transfers if _returned(each) and beijing(each.ended_at).date() == day]
        lines = [_account_line(each, 0, each.amount_minor, each.at) for each in out]
        lines += [_account_line(each, each.amount_minor, 0, each.ended_at) for each in back]
        spent, got = sum(t.amount_minor for t in out), sum(t.amount_minor for t in back)
        totals = [
            f"#支出合计：{len(out)}笔，共{yuan(-spent)}元",
            f"#收入合计：{len(back)}笔，共{yuan(got)}元",
        ]
        return "账务明细", ACCOUNT_COLUMNS, lines, totals


def _left(transfer: Transfer) -> bool:
    return transfer.status in (TransferStatus.SUCCESS, TransferStatus.REFUND)


def _returned(transfer: Transfer) -> bool:
    return transfer.status is TransferStatus.REFUND


def _trade_line(trade: Trade, kind: str, amount_minor: int, at: float, number: str) -> str:
    values = dict.fromkeys((name for name in TRADE_COLUMNS.split(",") if name.endswith("（元）")), "0.00") | {
        "支付宝交易号": f"{trade.trade_no}\t",
        "商户订单号": f"{trade.out_trade_no}\t",
        "业务类型": kind,
        "商品名称": "商品",
        "创建时间": shown_time(trade.paid_at),
        "完成时间": shown_time(at),
        "对方账户": f"*({masked(trade.buyer)})",
        "订单金额（元）": yuan(amount_minor),
        "商家实收（元）": yuan(amount_minor),
        "退款批次号/请求号": f"{number}\t" if number else "",
    }
    return _line(TRADE_COLUMNS, values)


def _account_line(transfer: Transfer, got: int, spent: int, at: float) -> str:
    values = {
        "账务流水号": f"{transfer.fund_order_id}\t",
        "业务流水号": f"{transfer.order_id}\t",
        "商户订单号": f"{transfer.out_biz_no}\t",
        "发生时间": shown_time(at),
        "对方账号": f"*({masked(transfer.identity)})\t",
        "收入金额（+元）": yuan(got),
        "支出金额（-元）": yuan(-spent),
        "账户余额（元）": "0.00",
        "交易渠道": "支付宝",
        "业务类型": "转账",
    }
    return _line(ACCOUNT_COLUMNS, values)


def _line(columns: str, values: Mapping[str, str]) -> str:
    return ",".join(values.get(name, "") for name in columns.split(","))


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _stamp(day: date) -> str:
    return f"{day:%Y年%m月%d日} 00:00:00"


def _zipped(name: str, text: Sequence[str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr(f"{name}.csv", "\r\n".join([*text, ""]).encode("gbk"))
        files.writestr(f"{name}(汇总).csv", "\r\n".join([text[0], text[1], text[2], ""]).encode("gbk"))
    return packed.getvalue()
