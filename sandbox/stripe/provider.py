"""Stripe's API at the wire: credentials, idempotency keys, paths, and answers in its shape."""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from sandbox.calls import Answer, Call, Envelope
from sandbox.faults import FaultKind
from sandbox.settings import SandboxSettings
from sandbox.store import Store
from sandbox.stripe import errors, form
from sandbox.stripe.disputes import Disputes
from sandbox.stripe.events import FORGED_SECRET, Cause, signature
from sandbox.stripe.keys import LONGEST_KEY, KeyRing, StoredAnswer, fingerprint
from sandbox.stripe.ledger import Page, StripeLedger
from sandbox.stripe.objects import API_VERSION, Json, new_id
from sandbox.stripe.refunds import LEG, PROVIDER, Refunds

MINUTE_S = 60
HOUR_S = 3600
SOURCE = "data.source"


@dataclass(frozen=True, slots=True)
class _Made:
    """An answer before it is dressed in headers; ``stored``: the key keeps it."""

    status: int
    body: Json
    stored: bool


class StripeProvider:
    """The ``Provider`` of ``/v1/refunds``, ``/v1/charges`` and ``/v1/balance_transactions``."""

    name = PROVIDER
    prefixes: tuple[str, ...] = ("/v1/",)
    # Live mode: "up to three days with an exponential back off", by the intervals users report.
    redelivery_s: tuple[float, ...] = (
        *(5 * MINUTE_S, 30 * MINUTE_S, 2 * HOUR_S, 5 * HOUR_S, 10 * HOUR_S),
        *(12 * HOUR_S,) * 4,
    )

    def __init__(
        self,
        settings: SandboxSettings,
        store: Store,
        keys: KeyRing,
        ledger: StripeLedger,
        refunds: Refunds,
        disputes: Disputes,
    ) -> None:
        self._api_key = settings.stripe_api_key.get_secret_value()
        self._webhook_secret = settings.stripe_webhook_secret.get_secret_value().encode()
        self._store = store
        self._keys = keys
        self.ledger = ledger
        self.refunds = refunds
        self.disputes = disputes

    def describe(self, envelope: Envelope) -> Call:
        """Read key, leg (``metadata[leg]``, or that of the refund asked for) and payment."""
        text = envelope.body.decode("utf-8", "replace") if envelope.method == "POST" else envelope.query
        params = form.parse(text)
        leg = form.metadata(params).get(LEG)
        payment = params.get("charge") or params.get("payment_intent")
        match envelope.path.split("/")[2:]:
            case ["charges", charge_id]:
                payment = charge_id
            case ["refunds", refund_id] if refund := self.ledger.refund(refund_id):
                leg, payment = refund.metadata.get(LEG), refund.charge
        key = envelope.headers.get("idempotency-key") if envelope.method == "POST" else None
        return Call(self.name, envelope, params, key, leg, self._names(payment))

    def _names(self, payment: str | None) -> tuple[str, ...]:
        if payment is None:
            return ()
        charge = self.ledger.charge(payment)
        return (payment,) if charge is None else (charge.id, charge.payment_intent)

    def admit(self, call: Call) -> Answer | None:
        """Check the API key, and that no request with the same Idempotency-Key is in flight."""
        try:
            self._authenticate(call.envelope.headers)
            if call.key is not None and len(call.key) > LONGEST_KEY:
                raise errors.key_too_long()
        except errors.StripeError as refusal:
            return self._refused(call, refusal)
        if call.key is None or self._keys.occupy(call.key):
            return None
        return self._refused(call, errors.key_in_use(call.key))

    def _authenticate(self, headers: Mapping[str, str]) -> None:
        scheme, _, credential = headers.get("authorization", "").partition(" ")
        given = _basic_user(credential) if scheme.lower() == "basic" else credential
        if not given:
            raise errors.no_api_key()
        if not secrets.compare_digest(given.encode(), self._api_key.encode()):
            raise errors.invalid_api_key(given)

    def leave(self, call: Call) -> None:
        """Free the key."""
        if call.key is not None:
            self._keys.vacate(call.key)

    def execute(self, call: Call, kinds: frozenset[FaultKind]) -> Answer:
        """Replay the stored answer of a known key, or execute and store."""
        kept = None if call.key is None else self._keys.stored(call.key)
        if kept is not None and kept.fingerprint != fingerprint(call):
            return self._refused(call, errors.key_of_other_parameters(call.key or ""))
        if kept is not None:
            headers = {"Idempotent-Replayed": "true", "Original-Request": kept.request_id}
            dressed = {**_headers(call, new_id("req")), **headers}
            return Answer(kept.status, kept.body, dressed, replayed=True)
        with self._store.transaction():
            return self._execute_fresh(call, kinds)

    def _execute_fresh(self, call: Call, kinds: frozenset[FaultKind]) -> Answer:
        request_id = new_id("req")
        made = self._make(call, kinds, request_id)
        answer = Answer(made.status, _encoded(made.body), _headers(call, request_id))
        if call.key is not None and made.stored:
            kept = StoredAnswer(fingerprint(call), answer.status, answer.body, request_id)
            self._keys.store(call.key, kept)
        return answer

    def _make(self, call: Call, kinds: frozenset[FaultKind], request_id: str) -> _Made:
        try:
            if FaultKind.ERROR_500 in kinds:
                raise errors.server_error()
            shown = self._route(call, kinds, Cause(request_id, call.key))
            if FaultKind.EXECUTE_THEN_500 in kinds:
                raise errors.server_error()
        except errors.StripeError as refusal:
            return _Made(refusal.status, refusal.body(request_id), refusal.stored)
        return _Made(200, shown, stored=True)

    def _route(self, call: Call, kinds: frozenset[FaultKind], cause: Cause) -> Json:
        match (call.method, *call.path.split("/")[2:]):
            case ("POST", "refunds"):
                return self.refunds.create(call.params, kinds, cause).shown()
            case ("GET", "refunds"):
                return self._list_refunds(call.params)
            case ("GET", "refunds", refund_id):
                refund = self.ledger.refund(refund_id)
                if refund is None:
                    raise errors.no_such("refund", refund_id, "id")
                return refund.shown()
            case ("GET", "balance_transactions"):
                return self._list_balance_transactions(call.params)
            case ("GET", "charges", charge_id):
                charge = self.ledger.charge_by("charge", charge_id)
                if charge is None:
                    raise errors.no_such("charge", charge_id, "id")
                return charge.shown()
        raise errors.no_such_path(call.method, call.path)

    def _list_refunds(self, params: Mapping[str, str]) -> Json:
        form.refuse_unknown(params, form.LIST_PARAMS)
        charge_id = None
        for param in ("charge", "payment_intent"):
            if name := params.get(param):
                charge = self.ledger.charge_by(param, name)
                if charge is None:
                    raise errors.no_such(param, name, param)
                charge_id = charge.id
        page = Page(
            form.page_size(params),
            after=self._position(params, "starting_after"),
            before=self._position(params, "ending_before"),
        )
        refunds, has_more = self.ledger.page(charge_id, page)
        shown = [refund.shown() for refund in refunds]
        return {"object": "list", "data": shown, "has_more": has_more, "url": "/v1/refunds"}

    def _list_balance_transactions(self, params: Mapping[str, str]) -> Json:
        expanded = SOURCE in {value for name, value in params.items() if form.EXPAND.fullmatch(name)}
        transactions, has_more = self.ledger.balance.page(params)
        shown = [each.shown(self.ledger.source(each.source) if expanded else None) for each in transactions]
        return {"object": "list", "data": shown, "has_more": has_more, "url": "/v1/balance_transactions"}

    def _position(self, params: Mapping[str, str], param: str) -> int | None:
        refund_id = params.get(param)
        if refund_id is None:
            return None
        position = self.ledger.position(refund_id)
        if position is None:
            raise errors.no_such("refund", refund_id, param)
        return position

    def rate_limited(self, call: Call) -> Answer:
        """429, before anything else is looked at."""
        return self._refused(call, errors.too_many_requests())

    def _refused(self, call: Call, refusal: errors.StripeError) -> Answer:
        request_id = new_id("req")
        return Answer(refusal.status, _encoded(refusal.body(request_id)), _headers(call, request_id))

    def sign(self, body: bytes, *, forged: bool) -> Mapping[str, str]:
        """The signature header of one delivery."""
        return {"Stripe-Signature": signature(body, FORGED_SECRET if forged else self._webhook_secret)}

    def acknowledged(self, status: int, body: bytes) -> bool:  # noqa: ARG002 - Stripe ignores the body
        """Any 2xx ends redelivery."""
        return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def _basic_user(credential: str) -> str:
    try:
        return base64.b64decode(credential).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _encoded(body: Json) -> bytes:
    return json.dumps(body, indent=2).encode()


def _headers(call: Call, request_id: str) -> dict[str, str]:
    headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
    return headers if call.key is None else {**headers, "Idempotency-Key": call.key}
