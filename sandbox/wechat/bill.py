"""The refund bill of a day as WeChat Pay writes it: a back-quote before each value, totals in the last two lines."""

from collections.abc import Sequence
from datetime import datetime

from sandbox.wechat.objects import BEIJING, Refund, Status

COLUMNS = (
    *("交易时间", "公众账号ID", "商户号", "特约商户号", "设备号", "微信订单号", "商户订单号", "用户标识"),
    *("交易类型", "交易状态", "付款银行", "货币种类", "应结订单金额", "代金券金额", "退款申请时间", "退款成功时间"),
    *("微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态", "商品名称", "商户数据包"),
    *("手续费", "费率", "订单金额", "申请退款金额", "费率备注"),
)
TOTALS = (
    *("总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额"),
    *("订单总金额", "申请退款总金额"),
)
# The bill begins with the mark by which spreadsheets know UTF-8.
MARK = "\ufeff"
GOODS = "商品,一件"


def bill_of(refunds: Sequence[Refund], mchid: str) -> str:
    """The whole file."""
    total = _yuan(sum(refund.refund_minor for refund in refunds))
    lines = [
        ",".join(COLUMNS),
        *(_line(refund, mchid) for refund in refunds),
        ",".join(TOTALS),
        _quoted(str(len(refunds)), "0.00", total, "0.00", "0.00000", "0.00", total),
    ]
    return MARK + "".join(f"{line}\r\n" for line in lines)


def _line(refund: Refund, mchid: str) -> str:
    asked = _local(refund.created)
    amount = _yuan(refund.refund_minor)
    succeeded = _local(refund.success_at) if refund.status is Status.SUCCESS and refund.success_at else ""
    return _quoted(
        *(asked, "wx8888888888888888", mchid, "0", "", refund.transaction_id, refund.out_trade_no, "oUpF8uMuAJO"),
        *("JSAPI", "REFUND", "OTHERS", "CNY", "0.00", "0.00", asked, succeeded),
        *(refund.refund_id, refund.out_refund_no, amount, "0.00", refund.channel, refund.status, GOODS, ""),
        *("0.00000", "0.60%", "0.00", amount, ""),
    )


def _quoted(*values: str) -> str:
    return ",".join(f"`{value}" for value in values)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _local(seconds: float) -> str:
    return f"{datetime.fromtimestamp(int(seconds), BEIJING):%Y-%m-%d %H:%M:%S}"
