"""Alipay's notifications: who sent them and what they hint at. A notification is never acted on (design: payments).

https://docs.open.alipay.com/203/105286 (trades) and https://opendocs.alipay.com/open/02ekfv (messages).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import BaseModel, Field, ValidationError

from activities.ports import RefundNews
from aftersales.contract.values import Money
from integrations.alipay.gateway import BEIJING
from integrations.alipay.keys import is_signed, signed_text
from integrations.alipay.wire import Yuan, read_yuan
from integrations.hearing import Reply, WebhookEvent, WebhookRefusedError

OLDEST: Final = timedelta(hours=26)
"""The last of eight deliveries comes after 25 hours, with the stamp of the first."""
YOUNGEST: Final = timedelta(minutes=5)

TAKEN: Final = Reply(200, b"success", "text/plain")
REFUSED: Final = Reply(400, b"fail", "text/plain")
NOT_STORED: Final = Reply(503, b"fail", "text/plain")

_MOST_FIELDS: Final = 200
_ID: Final = re.compile(r"[\x21-\x7e]{1,255}")
_DEPOSIT_SAYS: Final = {"S": RefundNews.SUCCEEDED, "P": RefundNews.PENDING, "F": RefundNews.FAILED}
_TRANSFER_SAYS: Final = {
    "SUCCESS": RefundNews.SUCCEEDED,
    "DEALING": RefundNews.PENDING,
    "FAIL": RefundNews.FAILED,
    "REFUND": RefundNews.FAILED,
}
OurNumber = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,64}$")]
TheirNumber = Annotated[str, Field(pattern=r"^[\x21-\x7e]{0,255}$")]


class _DepositBack(BaseModel):
    out_request_no: OurNumber
    trade_no: TheirNumber = ""
    dback_status: str = ""


class _Transfer(BaseModel):
    out_biz_no: OurNumber
    order_id: TheirNumber = ""
    status: str = ""
    trans_amount: Yuan | None = None


class _Trade(BaseModel):
    out_biz_no: OurNumber
    trade_no: TheirNumber = ""
    gmt_refund: str = ""


class _About(BaseModel):
    """What a notification is about, in our words; empty for nothing of ours."""

    provider_number: str = ""
    object_id: str = ""
    says: RefundNews = RefundNews.UNKNOWN
    amount: Money | None = None


class AlipayWebhooks:
    """Implements `integrations.hearing.WebhookReader`; any of the keys will do, so that one can replace the other."""

    provider: str = "alipay"

    def __init__(self, app_id: str, keys: tuple[rsa.RSAPublicKey, ...]) -> None:
        self._app_id = app_id
        self._keys = keys

    def read(self, body: bytes, headers: Mapping[str, str], now: datetime) -> WebhookEvent:
        """Verify a delivery over its form and read what it is about. `now`: real time, with its zone.

        The stamp inside may be 26 hours old, for redeliveries keep it, and 5 minutes ahead. Raises WebhookRefusedError.
        """
        del headers  # everything that counts is in the form
        params = _params_of(body)
        self._verify(params)
        _refuse_untimely(params, now)
        event_id = params.get("notify_id", "")
        if not _ID.fullmatch(event_id):
            raise WebhookRefusedError("The notification has no notify_id.")
        kind = params.get("msg_method") or params.get("notify_type") or "unknown"
        about = _about(kind, params)
        return WebhookEvent(
            provider=self.provider,
            event_id=event_id,
            kind=kind[:255],
            provider_number=about.provider_number,
            object_id=about.object_id,
            says=about.says,
            amount=about.amount,
        )

    def _verify(self, params: Mapping[str, str]) -> None:
        if params.get("sign_type") != "RSA2":
            raise WebhookRefusedError("The signature's type is not RSA2.")
        text = signed_text(params, "sign", "sign_type")
        if not is_signed(text.encode(), params.get("sign", ""), self._keys):
            raise WebhookRefusedError("The signature fits none of Alipay's public keys.")
        # With certificates all applications share Alipay's key: only the id tells whose notification it is.
        if params.get("app_id") != self._app_id:
            raise WebhookRefusedError("The notification is for another application.")

    def taken(self) -> Reply:
        """The seven letters that end redelivery."""
        return TAKEN

    def refused(self) -> Reply:
        """Anything else has Alipay deliver again."""
        return REFUSED

    def not_stored(self) -> Reply:
        """Anything else has Alipay deliver again."""
        return NOT_STORED


def _params_of(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise WebhookRefusedError("The body is not a form in UTF-8.") from error
    params = dict(pairs)
    if len(params) != len(pairs):
        raise WebhookRefusedError("A field of the form is there twice.")
    return params


def _refuse_untimely(params: Mapping[str, str], now: datetime) -> None:
    at = _stamp_of(params)
    if at is None:
        raise WebhookRefusedError("The notification says neither notify_time nor utc_timestamp.")
    if not -YOUNGEST <= now - at <= OLDEST:
        raise WebhookRefusedError(f"The notification is of {at.isoformat()}, too far from the present time.")


def _stamp_of(params: Mapping[str, str]) -> datetime | None:
    try:
        if stamp := params.get("utc_timestamp"):
            return datetime.fromtimestamp(int(stamp) / 1000, UTC)
        return datetime.strptime(params.get("notify_time", ""), "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except (ValueError, OverflowError, OSError):
        return None


def _about(kind: str, params: Mapping[str, str]) -> _About:
    """Of what is not of its kind's shape, nothing is believed but that Alipay sent it."""
    try:
        match kind:
            case "trade_status_sync":
                return _of_trade(_Trade.model_validate(params))
            case "alipay.trade.refund.depositback.completed":
                return _of_deposit_back(_DepositBack.model_validate(_content(params)))
            case "alipay.fund.trans.order.changed":
                return _of_transfer(_Transfer.model_validate(_content(params)))
    except (ValidationError, ValueError, RecursionError):
        return _About()
    return _About()


def _content(params: Mapping[str, str]) -> object:
    return json.loads(params.get("biz_content", ""), parse_float=str, parse_int=str)


def _of_trade(told: _Trade) -> _About:
    """Of a refund if it has the refund's number; `refund_fee` is that of all refunds and so no amount of this one."""
    says = RefundNews.SUCCEEDED if told.gmt_refund else RefundNews.UNKNOWN
    return _About(provider_number=told.out_biz_no, object_id=told.trade_no, says=says)


def _of_deposit_back(told: _DepositBack) -> _About:
    """`dback_amount` is that of the card's part alone and so no amount of the refund."""
    says = _DEPOSIT_SAYS.get(told.dback_status, RefundNews.UNKNOWN)
    return _About(provider_number=told.out_request_no, object_id=told.trade_no, says=says)


def _of_transfer(told: _Transfer) -> _About:
    return _About(
        provider_number=told.out_biz_no,
        object_id=told.order_id,
        says=_TRANSFER_SAYS.get(told.status, RefundNews.UNKNOWN),
        amount=None if told.trans_amount is None else read_yuan(told.trans_amount),
    )
