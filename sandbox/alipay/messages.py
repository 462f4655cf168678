"""Alipay's notifications: signed forms, sent to the address that the request named.

https://docs.open.alipay.com/203/105286 (trades) and https://opendocs.alipay.com/open/02ekfv (messages).
"""

import json
import time
from collections.abc import Iterable
from urllib.parse import urlencode
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from sandbox.alipay.keys import KeyRing, canonical, sign
from sandbox.alipay.objects import PROVIDER, Json, Refund, Trade, Transfer, masked, shown_time, yuan
from sandbox.alipay.settings import AlipaySettings
from sandbox.faults import FaultKind
from sandbox.outbox import Event, Outbox
from sandbox.store import Store

TRADE_NOTICE = "trade_status_sync"
DEPOSIT_BACK = "alipay.trade.refund.depositback.completed"
TRANSFER_CHANGED = "alipay.fund.trans.order.changed"
MERCHANT = "2088000000000001"
URL = "alipay_notify_url"


class Messenger:
    """Words notifications and owes their deliveries; stamps are real time, for the receiver checks them."""

    def __init__(self, settings: AlipaySettings, store: Store, keys: KeyRing, outbox: Outbox) -> None:
        self._settings = settings
        self._store = store
        self._keys = keys
        self._outbox = outbox

    @property
    def url(self) -> str | None:
        """Where notifications go when the request named no address: the one set last, else the setting."""
        url = self._store.fact(URL)
        return url if isinstance(url, str) else self._settings.notify_url

    def set_url(self, url: str | None) -> None:
        """Send from now on to ``url``; ``None`` falls back to the setting."""
        self._store.set_fact(URL, url)

    def refunded(self, trade: Trade, refund: Refund) -> None:
        """The trade's own notice; ``refund_fee`` is cumulative, ``out_biz_no`` the refund's number."""
        told = {
            "notify_time": shown_time(time.time()),
            "notify_type": TRADE_NOTICE,
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "out_biz_no": refund.out_request_no,
            "buyer_logon_id": masked(trade.buyer),
            "seller_id": MERCHANT,
            "trade_status": trade.status,
            "total_amount": yuan(trade.amount_minor),
            "refund_fee": yuan(trade.refunded_minor),
            "gmt_payment": shown_time(trade.paid_at),
            "gmt_refund": f"{shown_time(refund.at)}.000",
        }
        self._publish(TRADE_NOTICE, refund.out_request_no, told, refund.notify_url, refund.callbacks.split())

    def deposit_back(self, trade: Trade, refund: Refund) -> None:
        """What the buyer's bank said to a refund to a card."""
        content: Json = {
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "out_request_no": refund.out_request_no,
            "dback_status": refund.dback,
            "bank_ack_time": shown_time(time.time()),
        }
        if refund.dback == "S":
            content["dback_amount"] = yuan(refund.amount_minor)
        self._message(DEPOSIT_BACK, refund.out_request_no, content, refund.notify_url, refund.callbacks)

    def transfer_changed(self, transfer: Transfer) -> None:
        """Where a transfer stands now."""
        content: Json = {
            "out_biz_no": transfer.out_biz_no,
            "order_id": transfer.order_id,
            "pay_fund_order_id": transfer.fund_order_id,
            "product_code": "TRANS_ACCOUNT_NO_PWD",
            "biz_scene": "DIRECT_TRANSFER",
            "action_type": "FINISH",
            "trans_amount": yuan(transfer.amount_minor),
            "status": transfer.status,
            "pay_date": shown_time(transfer.at),
        }
        if transfer.error_code:
            content |= {"error_code": transfer.error_code, "fail_reason": transfer.error_code}
        self._message(TRANSFER_CHANGED, transfer.out_biz_no, content, transfer.notify_url, transfer.callbacks)

    def _message(self, method: str, about: str, content: Json, url: str | None, callbacks: str) -> None:
        told = {
            "utc_timestamp": str(int(time.time() * 1000)),
            "msg_method": method,
            "biz_content": json.dumps(content, ensure_ascii=False),
        }
        self._publish(method, about, told, url, callbacks.split())

    def _publish(self, kind: str, about: str, told: dict[str, str], url: str | None, callbacks: Iterable[str]) -> None:
        notify_id = uuid4().hex
        params = {
            **told,
            "notify_id": notify_id,
            "app_id": self._settings.app_id,
            "charset": "utf-8",
            "version": "1.0",
        }
        address = url or self.url
        # Without an address of its own an event would go where another provider's go.
        kinds = {FaultKind(kind) for kind in callbacks} | (set() if address else {FaultKind.NEVER_CALL_BACK})
        if FaultKind.BAD_SIGNATURE in kinds:
            # The signature is part of the body, so a forgery is an event of its own before the genuine one.
            forged = _signed(params, self._keys.stranger)
            event = Event(f"{notify_id}-forged", PROVIDER, kind, about, forged, address)
            self._outbox.publish(event, frozenset(kinds))
        genuine = Event(notify_id, PROVIDER, kind, about, _signed(params, self._keys.alipay), address)
        self._outbox.publish(genuine, frozenset(kinds - {FaultKind.BAD_SIGNATURE}))


def _signed(params: dict[str, str], key: RSAPrivateKey) -> bytes:
    signature = sign(canonical(params), key)
    return urlencode({**params, "sign_type": "RSA2", "sign": signature}).encode()
