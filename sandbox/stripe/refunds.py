"""The rules of refunds: what Stripe executes, refuses, finishes later and takes back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sandbox.books import Books, Execution
from sandbox.clock import SandboxClock
from sandbox.faults import CALLBACK_KINDS, FaultKind
from sandbox.outbox import Outbox
from sandbox.stripe import errors, form
from sandbox.stripe.events import Cause, event
from sandbox.stripe.ledger import StripeLedger
from sandbox.stripe.objects import OPEN, Charge, Json, Refund, RefundStatus, new_id

PROVIDER = "stripe"
LEG = "leg"


class Finish(StrEnum):
    """How an open refund ends."""

    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"


@dataclass(eq=False)
class WrongStateError(Exception):
    """A refund cannot go where the test wants it to go."""

    refund: str
    status: RefundStatus


class Refunds:
    """Creates refunds and moves them through their states, with books and events kept in step.

    Every method that changes anything is to be called inside one transaction of the store.
    """

    def __init__(
        self,
        ledger: StripeLedger,
        books: Books,
        outbox: Outbox,
        clock: SandboxClock,
        over_amount_code: str | None,
    ) -> None:
        self._ledger = ledger
        self._books = books
        self._outbox = outbox
        self._clock = clock
        self._over_amount_code = over_amount_code

    def create(self, params: Mapping[str, str], kinds: frozenset[FaultKind], cause: Cause) -> Refund:
        """Execute a refund; raises ``StripeError`` when Stripe would refuse it."""
        form.check_create(params)
        charge = self._charge_to_refund(params)
        amount_minor = self._allowed_amount(charge, form.integer(params, "amount"))
        refund = Refund(
            id=new_id("re"),
            charge=charge.id,
            payment_intent=charge.payment_intent,
            amount_minor=amount_minor,
            currency=charge.currency,
            status=_first_status(kinds),
            created=int(self._clock.now()),
            balance_transaction=new_id("txn"),
            metadata=form.metadata(params),
            reason=params.get("reason"),
            callbacks=frozenset(kinds & CALLBACK_KINDS),
        )
        self._execute(refund)
        self._announce(refund, ["refund.created"], {}, cause)
        if refund.status is RefundStatus.SUCCEEDED:
            self._refer(refund)
        return refund

    def _charge_to_refund(self, params: Mapping[str, str]) -> Charge:
        param = "charge" if params.get("charge") else "payment_intent"
        charge = self._ledger.charge_by(param, params[param])
        if charge is None:
            raise errors.no_such(param, params[param], param, stored=True)
        return charge

    def _allowed_amount(self, charge: Charge, asked_minor: int | None) -> int:
        if charge.disputed:
            raise errors.charge_disputed(charge.id)
        if charge.left_minor == 0:
            raise errors.already_refunded(charge.id)
        amount_minor = charge.left_minor if asked_minor is None else asked_minor
        if amount_minor > charge.left_minor:
            raise errors.over_amount(amount_minor, charge.left_minor, self._over_amount_code)
        if not self._books.covers(PROVIDER, charge.currency, amount_minor):
            raise errors.insufficient_balance()
        return amount_minor

    def _execute(self, refund: Refund) -> None:
        self._ledger.add(refund)
        self._ledger.move_refunded(refund.charge, refund.amount_minor)
        self._books.record(
            Execution(
                provider=PROVIDER,
                refund=refund.id,
                leg=refund.metadata.get(LEG),
                payment=refund.charge,
                amount_minor=refund.amount_minor,
                currency=refund.currency,
                executed_at=self._clock.now(),
            )
        )

    def finish(self, refund: Refund, how: Finish, failure_reason: str) -> Refund:
        """End a pending or action-requiring refund; raises ``WrongStateError`` for any other."""
        if refund.status not in OPEN:
            raise WrongStateError(refund.id, refund.status)
        if how is Finish.SUCCEED:
            return self._refer(refund)
        return self._take_back(refund, how, failure_reason)

    def reverse(self, refund: Refund, failure_reason: str) -> Refund:
        """Turn a success into a failure, as a bank's return does up to 30 days later."""
        if refund.status is not RefundStatus.SUCCEEDED:
            raise WrongStateError(refund.id, refund.status)
        return self._take_back(refund, Finish.FAIL, failure_reason)

    def _refer(self, refund: Refund) -> Refund:
        # The bank's reference number comes after the success, in an event of its own.
        reference = f"7{self._ledger.position(refund.id) or 0:022d}"
        done = replace(refund, status=RefundStatus.SUCCEEDED, reference=reference)
        self._change(refund, done, ["refund.updated", "charge.refund.updated"])
        return done

    def _take_back(self, refund: Refund, how: Finish, failure_reason: str) -> Refund:
        failed = how is Finish.FAIL
        transaction_id = new_id("txn")
        undone = replace(
            refund,
            status=RefundStatus.FAILED if failed else RefundStatus.CANCELED,
            failure_reason=failure_reason if failed else "merchant_request",
            failure_balance_transaction=transaction_id,
        )
        self._ledger.move_refunded(refund.charge, -refund.amount_minor)
        self._ledger.give_back(refund, transaction_id, int(self._clock.now()))
        self._books.undo(PROVIDER, refund.id, refund.currency, refund.amount_minor)
        types = ["refund.updated", "charge.refund.updated"]
        self._change(refund, undone, [*types, "refund.failed"] if failed else types)
        return undone

    def _change(self, before: Refund, after: Refund, types: list[str]) -> None:
        self._ledger.change(after)
        was, now = before.shown(), after.shown()
        previous = {name: was.get(name) for name in now if was.get(name) != now[name]}
        self._announce(after, types, previous, Cause())

    def _announce(self, refund: Refund, types: list[str], previous: Json, cause: Cause) -> None:
        callbacks = frozenset(FaultKind(kind) for kind in refund.callbacks)
        for type_ in types:
            changed = previous if type_.endswith("updated") else {}
            self._outbox.publish(event(type_, refund.shown(), changed, self._clock.now(), cause), callbacks)


def _first_status(kinds: frozenset[FaultKind]) -> RefundStatus:
    if FaultKind.PENDING in kinds:
        return RefundStatus.PENDING
    if FaultKind.REQUIRES_ACTION in kinds:
        return RefundStatus.REQUIRES_ACTION
    return RefundStatus.SUCCEEDED
