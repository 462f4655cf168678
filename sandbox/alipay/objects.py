"""Alipay's objects: the rows they are kept in and the words they are shown with."""

import re
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from uuid import uuid4

Json = dict[str, object]
PROVIDER = "alipay"
CURRENCY = "cny"
BEIJING = timezone(timedelta(hours=8))
YUAN = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?")


class TradeStatus(StrEnum):
    """https://docs.open.alipay.com/api_1/alipay.trade.query, field ``trade_status``."""

    WAIT_BUYER_PAY = "WAIT_BUYER_PAY"
    TRADE_CLOSED = "TRADE_CLOSED"
    TRADE_SUCCESS = "TRADE_SUCCESS"
    TRADE_FINISHED = "TRADE_FINISHED"


class RefundState(StrEnum):
    """What became of a refund; only ``done`` is shown, as ``REFUND_SUCCESS``."""

    ACCEPTED = "accepted"
    DONE = "done"
    DROPPED = "dropped"


class TransferStatus(StrEnum):
    """Field ``status`` of a transfer; ``REFUND``: it had succeeded, and the money came back."""

    SUCCESS = "SUCCESS"
    DEALING = "DEALING"
    FAIL = "FAIL"
    REFUND = "REFUND"


class Channel(StrEnum):
    """What the buyer paid with; a bank card takes days to take money back, and may refuse it."""

    ACCOUNT = "ALIPAYACCOUNT"
    CARD = "BANKCARD"


class PayeeState(StrEnum):
    """How an Alipay account takes money."""

    OPEN = "open"
    NOT_EXIST = "not_exist"
    FROZEN = "frozen"
    UNVERIFIED = "unverified"
    SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Trade:
    """A paid trade; amounts in fen, ``paid_at`` in seconds of the sandbox clock, ``buyer`` an account's login."""

    trade_no: str
    out_trade_no: str
    amount_minor: int
    refunded_minor: int
    status: TradeStatus
    channel: Channel
    buyer: str
    paid_at: float

    @property
    def left_minor(self) -> int:
        """What can still be refunded."""
        return self.amount_minor - self.refunded_minor


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of a trade under the merchant's number; ``dback``: P, S or F of the bank, empty without one."""

    trade_no: str
    out_request_no: str
    amount_minor: int
    state: RefundState
    dback: str
    at: float
    notify_url: str | None
    callbacks: str

    @property
    def id(self) -> str:
        """Its name in the books: the number is unique within the trade alone."""
        return f"{self.trade_no}/{self.out_request_no}"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer to an Alipay account; ``at`` is when it was accepted, ``ended_at`` when its status last changed."""

    out_biz_no: str
    order_id: str
    fund_order_id: str
    amount_minor: int
    identity: str
    name: str
    status: TransferStatus
    error_code: str
    at: float
    ended_at: float
    notify_url: str | None
    callbacks: str


def trade_of(row: sqlite3.Row) -> Trade:
    """Read a trade from its row."""
    kept = dict(row)
    return Trade(**{**kept, "status": TradeStatus(kept["status"]), "channel": Channel(kept["channel"])})


def refund_of(row: sqlite3.Row) -> Refund:
    """Read a refund from its row."""
    kept = dict(row)
    del kept["position"]
    return Refund(**{**kept, "state": RefundState(kept["state"])})


def transfer_of(row: sqlite3.Row) -> Transfer:
    """Read a transfer from its row."""
    kept = dict(row)
    del kept["position"]
    return Transfer(**{**kept, "status": TransferStatus(kept["status"])})


def new_number(now: float) -> str:
    """A number in Alipay's manner: the day, then digits."""
    return f"{beijing(now):%Y%m%d}{uuid4().int % 10**20:020d}"


def beijing(now: float) -> datetime:
    """A moment on Alipay's calendar."""
    return datetime.fromtimestamp(now, BEIJING)


def shown_time(now: float) -> str:
    """``2026-11-23 16:25:42``, Beijing time, as all of Alipay's fields have it."""
    return f"{beijing(now):%Y-%m-%d %H:%M:%S}"


def yuan(minor: int) -> str:
    """``-12.30`` for -1230 fen."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def fen(text: object) -> int | None:
    """1230 for ``12.3``; ``None`` for what is no amount above zero with at most two decimals."""
    match = YUAN.fullmatch(str(text))
    if match is None:
        return None
    return (int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))) or None


def masked(login: str) -> str:
    """A login as Alipay shows it: ``159****5620``, ``al***@example.com``."""
    name, at, domain = login.partition("@")
    if at:
        return f"{name[:2]}***@{domain}"
    return f"{login[:3]}****{login[-4:]}"
