"""The bank's API at the wire: bearer token, paths, and answers in its shape."""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl

from sandbox.bank import errors, form
from sandbox.bank.events import FORGED_SECRET, signature
from sandbox.bank.objects import Json, Payout
from sandbox.bank.register import BankRegister
from sandbox.bank.settings import BankSettings
from sandbox.bank.statement import statement
from sandbox.bank.terms import TermsKept
from sandbox.bank.transfers import PROVIDER, Transfers
from sandbox.books import Books
from sandbox.calls import Answer, Call, Envelope
from sandbox.clock import SandboxClock
from sandbox.faults import FaultKind
from sandbox.outbox import Outbox
from sandbox.store import Store

MINUTE_S = 60
HOUR_S = 3600
PREFIX = "/bank/v1/"


class BankProvider:
    """The ``Provider`` of ``/bank/v1/payouts`` and ``/bank/v1/statements``."""

    name = PROVIDER
    prefixes: tuple[str, ...] = (PREFIX,)
    redelivery_s: tuple[float, ...] = (
        *(30, 2 * MINUTE_S, 10 * MINUTE_S, HOUR_S, 6 * HOUR_S),
        *(24 * HOUR_S,) * 3,
    )

    def __init__(
        self,
        settings: BankSettings,
        store: Store,
        clock: SandboxClock,
        register: BankRegister,
        terms: TermsKept,
        transfers: Transfers,
    ) -> None:
        self.settings = settings
        self.register = register
        self.terms = terms
        self.transfers = transfers
        self._store = store
        self._clock = clock

    def describe(self, envelope: Envelope) -> Call:
        """Read the number from body, query or the payout asked for; it is key and leg in one."""
        params = dict(parse_qsl(envelope.query))
        number, account = params.get("end_to_end_id"), None
        if envelope.method == "POST":
            fields = form.content(envelope.body)
            number = _word(fields.get("end_to_end_id"))
            creditor = fields.get("creditor")
            if isinstance(creditor, dict):
                account = _word(creditor.get("iban") or creditor.get("account_number"))
        elif payout := self.register.by_id(envelope.path.rpartition("/")[2]):
            number, account = payout.order.number, payout.order.account
        key = number if envelope.method == "POST" else None
        return Call(self.name, envelope, params, key, number, (account,) if account else ())

    def admit(self, call: Call) -> Answer | None:
        """Check the token."""
        scheme, _, given = call.envelope.headers.get("authorization", "").partition(" ")
        token = self.settings.token.get_secret_value()
        if scheme.lower() == "bearer" and secrets.compare_digest(given.encode(), token.encode()):
            return None
        return _refused(errors.not_authorised())

    def leave(self, call: Call) -> None:
        """Nothing is held: one number is one payout, however many requests name it at once."""

    def execute(self, call: Call, kinds: frozenset[FaultKind]) -> Answer:
        """Execute in one transaction; a refusal undoes nothing that was due anyway."""
        with self._store.transaction():
            self.transfers.settle_due()
            try:
                if FaultKind.ERROR_500 in kinds:
                    raise errors.internal()
                answer = self._route(call, kinds)
                if FaultKind.EXECUTE_THEN_500 in kinds:
                    raise errors.internal()
            except errors.BankError as refusal:
                return _refused(refusal)
            return answer

    def _route(self, call: Call, kinds: frozenset[FaultKind]) -> Answer:
        match (call.method, *call.path.removeprefix(PREFIX).split("/")):
            case ("POST", "payouts"):
                return self._order(call, kinds)
            case ("GET", "payouts"):
                return self._look_up(call)
            case ("GET", "payouts", payout_id):
                payout = self.register.by_id(payout_id)
                if payout is None:
                    raise errors.not_found(f"payout {payout_id}")
                return _answer(200, payout.shown())
            case ("GET", "statements", "camt053"):
                return self._statement(call)
        raise errors.not_found(f"{call.method} {call.path}")

    def _order(self, call: Call, kinds: frozenset[FaultKind]) -> Answer:
        order = form.order_of(call.envelope.body)
        if order.debtor != self.settings.account:
            raise errors.refused("AC02", "The account to pay from is not the merchant's.")
        payout, is_new = self.transfers.order(order, kinds)
        return _answer(202 if is_new else 200, payout.shown(), replayed=not is_new)

    def _look_up(self, call: Call) -> Answer:
        number = call.params.get("end_to_end_id")
        if not number:
            raise errors.malformed("end_to_end_id", "the number to look for")
        found: Payout | None = self.register.by_number(number)
        return _answer(200, {"payouts": [found.shown()] if found else []})

    def _statement(self, call: Call) -> Answer:
        try:
            day = date.fromisoformat(call.params.get("date", ""))
            page = int(call.params.get("page", "1"))
        except ValueError as wrong:
            raise errors.malformed("date", "a day such as 2026-11-23, with page a number from 1 on") from wrong
        if page < 1:
            raise errors.malformed("page", "a number from 1 on")
        if day >= datetime.fromtimestamp(self._clock.now(), UTC).date():
            raise errors.statement_not_ready(day.isoformat())
        body = statement(self.register, self.settings.account, day, self.terms.now(), page)
        return Answer(200, body, {"content-type": "application/xml"})

    def rate_limited(self, call: Call) -> Answer:  # noqa: ARG002 - every call is answered alike
        """429, before anything else is looked at."""
        return _refused(errors.too_many_requests())

    def sign(self, body: bytes, *, forged: bool) -> Mapping[str, str]:
        """The signature header of one delivery."""
        secret = self.settings.webhook_secret.get_secret_value().encode()
        return {"Bank-Signature": signature(body, FORGED_SECRET if forged else secret)}

    def acknowledged(self, status: int, body: bytes) -> bool:  # noqa: ARG002 - the status says it
        """Any 2xx ends redelivery."""
        return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def open_bank(settings: BankSettings, store: Store, clock: SandboxClock, books: Books, outbox: Outbox) -> BankProvider:
    """The bank with its parts."""
    register, terms = BankRegister(store), TermsKept(store, settings.terms)
    transfers = Transfers(register, terms, books, outbox, clock)
    return BankProvider(settings, store, clock, register, terms, transfers)


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _answer(status: int, body: Json, *, replayed: bool = False) -> Answer:
    return Answer(status, json.dumps(body).encode(), replayed=replayed)


def _refused(refusal: errors.BankError) -> Answer:
    return _answer(refusal.status, refusal.body())
