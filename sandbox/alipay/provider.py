"""Alipay's gateway at the wire: public parameters, signatures, interfaces, and answers in its shape."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from urllib.parse import parse_qsl

from sandbox.alipay import bills, errors
from sandbox.alipay.bills import Bills
from sandbox.alipay.errors import MESSAGES, AlipayError
from sandbox.alipay.keys import KeyRing, canonical, sign
from sandbox.alipay.ledger import AlipayLedger
from sandbox.alipay.messages import Messenger
from sandbox.alipay.objects import BEIJING, PROVIDER, Json
from sandbox.alipay.refunds import Refunds
from sandbox.alipay.script import ErrorScript
from sandbox.alipay.settings import AlipaySettings
from sandbox.alipay.transfers import Transfers
from sandbox.books import Books
from sandbox.calls import Answer, Call, Envelope
from sandbox.clock import SandboxClock
from sandbox.faults import FaultKind
from sandbox.outbox import Outbox
from sandbox.store import Store

GATEWAY = "/gateway.do"
REFUND = "alipay.trade.refund"
REFUND_QUERY = "alipay.trade.fastpay.refund.query"
TRADE_QUERY = "alipay.trade.query"
TRANSFER = "alipay.fund.trans.uni.transfer"
TRANSFER_QUERY = "alipay.fund.trans.common.query"
BILL_LINK = "alipay.data.dataservice.bill.downloadurl.query"
MOVING = (REFUND, TRANSFER)
METHODS = (*MOVING, REFUND_QUERY, TRADE_QUERY, TRANSFER_QUERY, BILL_LINK)
MINUTE_S = 60
HOUR_S = 3600


class AlipayProvider:
    """The ``Provider`` of ``/gateway.do`` and of the bills' links."""

    name = PROVIDER
    prefixes: tuple[str, ...] = (GATEWAY, bills.PATH)
    # "8 times within 25 hours": https://docs.open.alipay.com/203/105286.
    redelivery_s: tuple[float, ...] = (
        *(4 * MINUTE_S, 10 * MINUTE_S, 10 * MINUTE_S),
        *(HOUR_S, 2 * HOUR_S, 6 * HOUR_S, 15 * HOUR_S),
    )

    def __init__(
        self, settings: AlipaySettings, store: Store, clock: SandboxClock, books: Books, outbox: Outbox
    ) -> None:
        self._settings = settings
        self._store = store
        self.keys = KeyRing(settings)
        self.ledger = AlipayLedger(store)
        self.script = ErrorScript(store)
        self.messenger = Messenger(settings, store, self.keys, outbox)
        self.refunds = Refunds(settings, self.ledger, books, clock, self.messenger)
        self.transfers = Transfers(settings, self.ledger, books, clock, self.messenger)
        self._bills = Bills(settings, store, self.ledger, clock)

    def describe(self, envelope: Envelope) -> Call:
        """Read method, leg and payment. A look counts as a GET, whatever the wire says, so that faults and the log
        tell it from an order: Alipay has one address and one verb for both."""
        params = dict(parse_qsl(envelope.query, keep_blank_values=True))
        params |= dict(parse_qsl(envelope.body.decode("utf-8", "replace"), keep_blank_values=True))
        method, content = params.get("method", ""), _content(params)
        verb = "POST" if method in MOVING else "GET"
        seen = replace(envelope, method=verb, query=f"method={method}" if method else envelope.query)
        leg = str(content.get("out_request_no") or content.get("out_biz_no") or "") or None
        return Call(self.name, seen, params, leg, leg, self._names(content))

    def _names(self, content: Json) -> tuple[str, ...]:
        names = (str(content.get("trade_no") or ""), str(content.get("out_trade_no") or ""))
        trade = self.ledger.trade(*names) if any(names) else None
        return tuple(filter(None, names)) if trade is None else (trade.trade_no, trade.out_trade_no)

    def admit(self, call: Call) -> Answer | None:
        """Check the public parameters and the signature."""
        if call.path == bills.PATH:
            return None
        try:
            self._check(call.params)
        except AlipayError as refusal:
            # Without a known application there is no key to sign for: such an answer has no signature.
            return self._answer(call, refusal.body(), signed=call.params.get("app_id") == self._settings.app_id)
        return None

    def _check(self, params: Mapping[str, str]) -> None:
        for name in ("method", "app_id", "sign", "timestamp", "version"):
            if not params.get(name):
                raise errors.missing("signature" if name == "sign" else name.replace("_", "-"))
        wrong = {
            "app-id": params["app_id"] != self._settings.app_id,
            "method": params["method"] not in METHODS,
            "signature-type": params.get("sign_type") != "RSA2",
            "charset": params.get("charset", "").lower() != "utf-8",
            "timestamp": not self._is_present(params["timestamp"]),
            "parameter": params["version"] != "1.0" or not isinstance(_loaded(params.get("biz_content", "")), dict),
        }
        for name, is_wrong in wrong.items():
            if is_wrong:
                raise errors.invalid(name)
        if not self.keys.is_merchants(canonical(params, "sign"), params["sign"]):
            raise errors.invalid("signature")

    def _is_present(self, stamp: str) -> bool:
        try:
            at = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        except ValueError:
            return False
        return abs(at.timestamp() - time.time()) <= self._settings.timestamp_window_s

    def leave(self, call: Call) -> None:
        """Nothing is in flight: numbers are told apart when they are executed."""

    def execute(self, call: Call, kinds: frozenset[FaultKind]) -> Answer:
        """Do what the interface does, in one transaction; a bill's link is only read."""
        if call.path == bills.PATH:
            file = self._bills.file(dict(parse_qsl(call.envelope.query)).get("fileId", ""))
            return Answer(HTTPStatus.NOT_FOUND, b"") if file is None else Answer(HTTPStatus.OK, file)
        with self._store.transaction():
            return self._answer(call, self._made(call, kinds), signed=True)

    def _made(self, call: Call, kinds: frozenset[FaultKind]) -> Json:
        method = call.params["method"]
        try:
            if FaultKind.ERROR_500 in kinds:
                raise errors.unavailable()
            scripted = self.script.take(method, call.leg)
            if scripted is not None and not scripted.executes:
                raise scripted.error()
            done = self._do(call, method, kinds)
            if scripted is not None:
                raise scripted.error()
            if FaultKind.EXECUTE_THEN_500 in kinds:
                raise _failure_after(method)
        except AlipayError as refusal:
            return refusal.body()
        return {"code": "10000", "msg": MESSAGES["10000"], **done}

    def _do(self, call: Call, method: str, kinds: frozenset[FaultKind]) -> Json:
        content, notify_url = _content(call.params), call.params.get("notify_url")
        match method:
            case "alipay.trade.refund":
                return self.refunds.create(content, kinds, notify_url)
            case "alipay.trade.fastpay.refund.query":
                return self.refunds.query(content)
            case "alipay.trade.query":
                return self.refunds.trade(content)
            case "alipay.fund.trans.uni.transfer":
                return self.transfers.create(content, kinds, notify_url)
            case "alipay.fund.trans.common.query":
                return self.transfers.query(content)
        return self._bills.link(content, call.envelope.headers.get("host", ""))

    def rate_limited(self, call: Call) -> Answer:
        """``40005``, with HTTP 200 as all of the gateway's answers."""
        return self._answer(call, errors.call_limited().body(), signed=True)

    def _answer(self, call: Call, node: Json, *, signed: bool) -> Answer:
        text = json.dumps(node, ensure_ascii=False, separators=(",", ":"))
        method = call.params.get("method", "")
        name = f"{method.replace('.', '_')}_response" if method in METHODS and signed else "error_response"
        end = f',"sign":"{sign(text, self.keys.alipay)}"' if signed else ""
        return Answer(HTTPStatus.OK, f'{{"{name}":{text}{end}}}'.encode())

    def sign(self, body: bytes, *, forged: bool) -> Mapping[str, str]:  # noqa: ARG002 - the body is signed within
        """The headers of one delivery: a form."""
        return {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}

    def acknowledged(self, status: int, body: bytes) -> bool:
        """Nothing but the seven letters ends redelivery."""
        return status == HTTPStatus.OK and body.strip() == b"success"


def _failure_after(method: str) -> AlipayError:
    """What Alipay says when it fails after the money moved."""
    by_method = {REFUND: "ACQ.SYSTEM_ERROR", TRANSFER: "SYSTEM_ERROR"}
    return AlipayError(by_method[method]) if method in by_method else AlipayError("aop.unknow-error", "20000")


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _content(params: Mapping[str, str]) -> Json:
    content = _loaded(params.get("biz_content", ""))
    return content if isinstance(content, dict) else {}
