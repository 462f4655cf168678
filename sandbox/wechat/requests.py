"""What a request says, and the checks WeChat Pay makes before it looks at any order."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.calls import Envelope
from sandbox.wechat import errors
from sandbox.wechat.objects import Json

REFUND_NUMBER = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
LONGEST_REASON_BYTES = 80
LONGEST_URL = 256
_PART = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Wish:
    """A refund as the merchant asks for it; amounts in fen."""

    out_refund_no: str
    reference_field: str
    reference: str
    refund_minor: int
    total_minor: int
    notify_url: str | None


def read_json(envelope: Envelope) -> Json:
    """The request's JSON object, empty when there is none."""
    try:
        found = json.loads(envelope.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def credentials(header: str) -> Mapping[str, str]:
    """The parts of the Authorization header behind its scheme."""
    _, _, parts = header.partition(" ")
    return dict(_PART.findall(parts))


def read_wish(body: Json) -> Wish:
    """The refund asked for. Raises WeChatError (PARAM_ERROR) for the first field that is wrong."""
    number = body.get("out_refund_no")
    if not isinstance(number, str) or not REFUND_NUMBER.fullmatch(number):
        raise errors.wrong_field("out_refund_no", "商户退款单号格式错误", number)
    field = "transaction_id" if body.get("transaction_id") else "out_trade_no"
    reference = body.get(field)
    if not isinstance(reference, str) or not reference:
        raise errors.wrong_field(field, "微信支付订单号和商户订单号必须填写一个", reference)
    reason = body.get("reason", "")
    if not isinstance(reason, str) or len(reason.encode()) > LONGEST_REASON_BYTES:
        raise errors.wrong_field("reason", "退款原因过长", reason)
    refund_minor, total_minor = _amounts(body.get("amount"))
    return Wish(number, field, reference, refund_minor, total_minor, _notify_url(body.get("notify_url")))


def _amounts(amount: object) -> tuple[int, int]:
    if not isinstance(amount, dict):
        raise errors.wrong_field("amount", "缺少金额信息", amount)
    for name in ("refund", "total"):
        if type(amount.get(name)) is not int or amount[name] < 1:
            raise errors.wrong_field(f"amount/{name}", "金额必须为正整数", amount.get(name))
    if amount.get("currency") != "CNY":
        raise errors.wrong_field("amount/currency", "退款币种仅支持人民币：CNY", amount.get("currency"))
    return amount["refund"], amount["total"]


def _notify_url(url: object) -> str | None:
    if url is None:
        return None
    if not isinstance(url, str) or len(url) > LONGEST_URL or "?" in url or not url.startswith(("https://", "http://")):
        raise errors.wrong_field("notify_url", "通知地址不能携带参数", url)
    return url
