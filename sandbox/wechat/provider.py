"""WeChat Pay behind the gate: who may call, what is asked, and how answers and callbacks are signed."""

import asyncio
import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from sandbox.calls import Answer, Call, Envelope
from sandbox.clock import SandboxClock
from sandbox.faults import FaultKind
from sandbox.store import Store
from sandbox.wechat import errors
from sandbox.wechat.bills import DOWNLOAD_PATH, Bills
from sandbox.wechat.keys import SCHEME, KeyRing
from sandbox.wechat.ledger import WeChatLedger
from sandbox.wechat.objects import Json
from sandbox.wechat.refunds import PROVIDER, Refunds
from sandbox.wechat.requests import credentials, read_json, read_wish
from sandbox.wechat.settings import WeChatSandboxSettings

TOLERANCE_S = 300
MINUTE_S, HOUR_S = 60.0, 3600.0
PROBES = "wechat_probes"
REFUNDS = ("v3", "refund", "domestic", "refunds")


class WeChatProvider:
    """The ``Provider`` of ``/v3/``."""

    name = PROVIDER
    prefixes: tuple[str, ...] = ("/v3/",)
    # "15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h", 24 hours and 4 minutes in all.
    redelivery_s: tuple[float, ...] = (
        *(15.0, 15.0, 30.0, 3 * MINUTE_S, 10 * MINUTE_S, 20 * MINUTE_S),
        *(30 * MINUTE_S,) * 3,
        *(HOUR_S, 3 * HOUR_S, 3 * HOUR_S, 3 * HOUR_S, 6 * HOUR_S, 6 * HOUR_S),
    )

    def __init__(
        self,
        settings: WeChatSandboxSettings,
        store: Store,
        clock: SandboxClock,
        keys: KeyRing,
        ledger: WeChatLedger,
        refunds: Refunds,
    ) -> None:
        self._settings = settings
        self._store = store
        self.keys = keys
        self.ledger = ledger
        self.refunds = refunds
        self._bills = Bills(settings, clock, ledger)
        self._timer: asyncio.TimerHandle | None = None

    def describe(self, envelope: Envelope) -> Call:
        """Read the merchant's number, which is key and leg in one, and the order."""
        body = read_json(envelope)
        number, names = body.get("out_refund_no"), [body.get("transaction_id"), body.get("out_trade_no")]
        parts = tuple(envelope.path.strip("/").split("/"))
        if parts[: len(REFUNDS)] == REFUNDS and len(parts) > len(REFUNDS):
            refund = self.ledger.refund(parts[len(REFUNDS)])
            number = refund.out_refund_no if refund else parts[len(REFUNDS)]
            names = [refund.transaction_id, refund.out_trade_no] if refund else []
        leg = number if isinstance(number, str) else None
        payments = tuple(name for name in names if isinstance(name, str))
        params = dict(parse_qsl(envelope.query, keep_blank_values=True))
        return Call(self.name, envelope, params, leg, leg, self._all_names(payments))

    def _all_names(self, given: tuple[str, ...]) -> tuple[str, ...]:
        order = self.ledger.order(given[0]) if given else None
        return given if order is None else (order.transaction_id, order.out_trade_no)

    def admit(self, call: Call) -> Answer | None:
        """Check the merchant's signature over method, address, time, nonce and body."""
        header = call.envelope.headers.get("authorization", "")
        given = credentials(header)
        issue = self._issue(call.envelope, header, given)
        return None if issue is None else self._refused(errors.not_signed(issue))

    def _issue(self, envelope: Envelope, header: str, given: Mapping[str, str]) -> str | None:
        if not header.startswith(f"{SCHEME} "):
            return "Authorization 缺失或认证类型错误"
        if (given.get("mchid"), given.get("serial_no")) != (self._settings.mchid, self._settings.serial_no):
            return "商户号或证书序列号错误"
        stamp, nonce = given.get("timestamp", ""), given.get("nonce_str", "")
        if not (stamp.isascii() and stamp.isdigit()) or abs(time.time() - int(stamp)) > TOLERANCE_S:
            return "时间戳错误或已过期"
        address = f"{envelope.path}?{envelope.query}" if envelope.query else envelope.path
        signed = f"{envelope.method}\n{address}\n{stamp}\n{nonce}\n".encode() + envelope.body + b"\n"
        if not self.keys.signed_by_merchant(signed, given.get("signature", "")):
            return "签名不匹配"
        return None

    def leave(self, call: Call) -> None:
        """Nothing was begun: the same number twice at once is one refund anyway."""

    def execute(self, call: Call, kinds: frozenset[FaultKind]) -> Answer:
        """Do what is asked, and plan when accepted refunds reach their end."""
        with self._store.transaction():
            self.refunds.settle_due()
            answer = self._answer(call, kinds)
        self._plan()
        return answer

    def _answer(self, call: Call, kinds: frozenset[FaultKind]) -> Answer:
        try:
            if FaultKind.ERROR_500 in kinds:
                raise errors.system_error()
            scripted = self.ledger.take_refusal(call.method, call.leg)
            if scripted is not None:
                code, status = scripted
                raise errors.WeChatError(code, "脚本设定的错误", status or 0)
            answer = self._route(call, kinds)
            if FaultKind.EXECUTE_THEN_500 in kinds:
                raise errors.system_error()
        except errors.WeChatError as refusal:
            return self._refused(refusal)
        return answer

    def _route(self, call: Call, kinds: frozenset[FaultKind]) -> Answer:
        match (call.method, call.path.strip("/").split("/")):
            case ("POST", ["v3", "refund", "domestic", "refunds"]):
                refund, known = self.refunds.create(read_wish(read_json(call.envelope)), kinds)
                return self._signed(refund.shown(), replayed=known)
            case ("GET", ["v3", "refund", "domestic", "refunds", number]):
                return self._signed(self._shown(number))
            case ("POST", ["v3", "refund", "domestic", "refunds", refund_id, "apply-abnormal-refund"]):
                return self._signed(self._apply_abnormal(refund_id, read_json(call.envelope)))
            case ("GET", ["v3", "bill", "tradebill"]):
                return self._signed(self._bills.ask(call.params, call.envelope.headers.get("host", "")))
            case ("GET", _) if call.path == DOWNLOAD_PATH:
                # The file carries no signature; the answer that named its address was signed and holds its digest.
                content = self._bills.download(call.params.get("token", ""))
                return Answer(200, content, {"content-type": "application/octet-stream"})
        raise errors.no_such_path(call.method, call.path)

    def _shown(self, out_refund_no: str) -> Json:
        refund = self.ledger.refund(out_refund_no)
        if refund is None or refund.out_refund_no != out_refund_no:
            raise errors.no_such_refund()
        return refund.shown()

    def _apply_abnormal(self, refund_id: str, body: Json) -> Json:
        refund = self.ledger.refund(refund_id)
        if refund is None or (refund.refund_id, refund.out_refund_no) != (refund_id, body.get("out_refund_no")):
            raise errors.no_such_refund()
        kind = body.get("type")
        if kind not in ("USER_BANK_CARD", "MERCHANT_BANK_CARD"):
            raise errors.wrong_field("type", "异常退款处理方式错误", kind)
        if kind == "USER_BANK_CARD" and not self._reads(body, "bank_account", "real_name"):
            raise errors.wrong_field("bank_account", "敏感信息未加密或缺失", None)
        return self.refunds.apply_abnormal(refund, to_merchant=kind == "MERCHANT_BANK_CARD").shown()

    def _reads(self, body: Json, *fields: str) -> bool:
        return all(self.keys.opened(str(body.get(field, ""))) for field in fields)

    def rate_limited(self, call: Call) -> Answer:  # noqa: ARG002 - the same for every call
        """429, before anything else is looked at."""
        return self._refused(errors.too_frequent())

    def _signed(self, body: Json, status: int = HTTPStatus.OK, *, replayed: bool = False) -> Answer:
        said = json.dumps(body, ensure_ascii=False).encode()
        return Answer(status, said, self.keys.headers(said), replayed=replayed)

    def _refused(self, refusal: errors.WeChatError) -> Answer:
        return self._signed(refusal.body(), refusal.status)

    def sign(self, body: bytes, *, forged: bool) -> Mapping[str, str]:
        """The headers of one delivery; a scripted probe has a signature that must be refused."""
        probes = self._store.fact(PROBES)
        left = probes if isinstance(probes, int) else 0
        if left:
            self._store.set_fact(PROBES, left - 1 or None)
        return self.keys.headers(body, forged=forged, probe=left > 0)

    def probe(self, times: int) -> None:
        """Have the next deliveries signed as WeChat Pay does to see who verifies."""
        self._store.set_fact(PROBES, times)

    def acknowledged(self, status: int, body: bytes) -> bool:  # noqa: ARG002 - WeChat Pay ignores the body
        """200 or 204 ends redelivery."""
        return status in (HTTPStatus.OK, HTTPStatus.NO_CONTENT)

    def _plan(self) -> None:
        """Wake when the next refund reaches its end; one timer at a time."""
        self.close()
        due = self.ledger.next_settling()
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(due - time.time(), 0), self._settle)

    def _settle(self) -> None:
        with self._store.transaction():
            self.refunds.settle_due()
        self._plan()

    def close(self) -> None:
        """Settle nothing by itself any more; what is due waits for the next call."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
