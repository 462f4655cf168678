"""WeChat Pay's orders and refunds: the rows they are kept in and the JSON they are shown as."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from uuid import uuid4

Json = dict[str, object]
BEIJING = timezone(timedelta(hours=8))
CHANGE = "支付用户零钱"
BANK_ACCOUNT = "招商银行借记卡0403"
MERCHANT_ACCOUNT = "商户结算银行账户"


class Status(StrEnum):
    """What became of a refund; accepted is PROCESSING, the others are told by a callback."""

    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    CLOSED = "CLOSED"
    ABNORMAL = "ABNORMAL"


def new_number(prefix: str) -> str:
    """A fresh number in WeChat Pay's manner: 32 digits."""
    return f"{prefix}{uuid4().int % 10**28:028d}"


def rfc3339(seconds: float) -> str:
    """A moment as WeChat Pay writes it, Beijing time."""
    return datetime.fromtimestamp(int(seconds), BEIJING).isoformat()


@dataclass(frozen=True, slots=True)
class Order:
    """A paid order; amounts in fen, times in seconds of the sandbox clock."""

    transaction_id: str
    out_trade_no: str
    amount_minor: int
    paid_at: float
    payer_abnormal: bool = False

    def shown(self) -> Json:
        """The order as the admin side shows it."""
        return {
            "reference": self.transaction_id,
            "out_trade_no": self.out_trade_no,
            "amount": self.amount_minor,
            "currency": "CNY",
            "paid_at": rfc3339(self.paid_at),
            "payer_abnormal": self.payer_abnormal,
        }


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund. ``settle_at``, in real time: when it reaches ``settle_as`` by itself; ``None``: it does not."""

    refund_id: str
    out_refund_no: str
    transaction_id: str
    out_trade_no: str
    refund_minor: int
    total_minor: int
    created: float
    status: Status = Status.PROCESSING
    channel: str = "ORIGINAL"
    received_account: str = CHANGE
    success_at: float | None = None
    notify_url: str | None = None
    callbacks: str = ""
    settle_at: float | None = None
    settle_as: Status = Status.SUCCESS

    def shown(self) -> Json:
        """The refund as the API answers with it."""
        shown: Json = {
            "refund_id": self.refund_id,
            "out_refund_no": self.out_refund_no,
            "transaction_id": self.transaction_id,
            "out_trade_no": self.out_trade_no,
            "channel": self.channel,
            "user_received_account": self.received_account,
            "create_time": rfc3339(self.created),
            "status": self.status,
            "funds_account": "AVAILABLE",
            "amount": {
                **self._amount(),
                "settlement_refund": self.refund_minor,
                "settlement_total": self.total_minor,
                "discount_refund": 0,
                "currency": "CNY",
            },
            "promotion_detail": [],
        }
        return shown | self._success()

    def told(self, mchid: str) -> Json:
        """The refund as a callback tells it: other names, and no currency."""
        told: Json = {
            "mchid": mchid,
            "transaction_id": self.transaction_id,
            "out_trade_no": self.out_trade_no,
            "refund_id": self.refund_id,
            "out_refund_no": self.out_refund_no,
            "refund_status": self.status,
            "user_received_account": self.received_account,
            "amount": self._amount(),
        }
        return told | self._success()

    def _amount(self) -> Json:
        return {
            "total": self.total_minor,
            "refund": self.refund_minor,
            "payer_total": self.total_minor,
            "payer_refund": self.refund_minor,
        }

    def _success(self) -> Json:
        return {} if self.success_at is None else {"success_time": rfc3339(self.success_at)}


def order_of(row: sqlite3.Row) -> Order:
    """Read an order from its row."""
    return Order(**{**dict(row), "payer_abnormal": bool(row["payer_abnormal"])})


def refund_of(row: sqlite3.Row) -> Refund:
    """Read a refund from its row."""
    kept = dict(row)
    del kept["position"]
    return Refund(**{**kept, "status": Status(row["status"]), "settle_as": Status(row["settle_as"])})
