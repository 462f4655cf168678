"""The rules of payouts: what the bank takes on, books, rejects and sends back."""

from dataclasses import replace
from uuid import uuid4

from sandbox.bank import errors
from sandbox.bank.calendar import due_at
from sandbox.bank.events import event
from sandbox.bank.objects import FINAL, Order, Payout, Status
from sandbox.bank.register import BankRegister, Refusal
from sandbox.bank.terms import TermsKept
from sandbox.books import Books, Execution
from sandbox.clock import SandboxClock
from sandbox.faults import CALLBACK_KINDS, FaultKind
from sandbox.outbox import Outbox

PROVIDER = "bank"
_SEQUENCE = tuple(Status)


class WrongStateError(Exception):
    """A payout cannot go where the test wants it to go."""


class Transfers:
    """Takes orders and moves payouts through their states, with books and events kept in step.

    Every method that changes anything is to be called inside one transaction of the store.
    """

    def __init__(
        self, register: BankRegister, terms: TermsKept, books: Books, outbox: Outbox, clock: SandboxClock
    ) -> None:
        self._register = register
        self._terms = terms
        self._books = books
        self._outbox = outbox
        self._clock = clock

    def order(self, order: Order, kinds: frozenset[FaultKind]) -> tuple[Payout, bool]:
        """Take an order, or find the payout that has its number; and whether it is new.

        What is given back is how it stood when it was taken: a bank answers before it settles. Raises ``BankError``.
        """
        if kept := self._register.by_number(order.number):
            if not kept.order.means(order):
                raise errors.number_in_use(order.number)
            return kept, False
        refusal = self._register.take_refusal(order)
        if refusal is not None and refusal.http_status is not None:
            raise errors.BankError(refusal.http_status, refusal.reason, f"Refused with {refusal.reason}.")
        if not self._books.covers(PROVIDER, order.currency.lower(), order.amount_minor):
            raise errors.refused("AM04", "The account does not cover the payout.")
        taken = self._take(order, kinds)
        self._go_on(taken, kinds, refusal)
        return taken, True

    def _take(self, order: Order, kinds: frozenset[FaultKind]) -> Payout:
        payout = Payout(
            id=f"po_{uuid4().hex[:20]}",
            uetr=str(uuid4()),
            order=order,
            status=Status.RCVD,
            created_at=self._clock.now(),
            charge_minor=self._terms.now().charge_minor,
            callbacks=frozenset(kinds & CALLBACK_KINDS),
        )
        self._register.add(payout)
        self._books.record(
            Execution(
                provider=PROVIDER,
                refund=payout.id,
                leg=order.number,
                payment=order.account,
                amount_minor=order.amount_minor,
                currency=order.currency.lower(),
                executed_at=payout.created_at,
            )
        )
        self._announce(payout)
        return payout

    def _go_on(self, payout: Payout, kinds: frozenset[FaultKind], refusal: Refusal | None) -> None:
        reason = refusal.reason if refusal else self._register.account_reason(payout.order.account)
        due = due_at(payout.created_at, self._terms.now())
        if reason is not None:
            self.reject(payout, reason)
        elif FaultKind.REQUIRES_ACTION in kinds:
            self._change(replace(payout, status=Status.PATC))
        elif FaultKind.PENDING in kinds:
            self._change(replace(payout, status=Status.PDNG))
        elif due > payout.created_at:
            self._change(replace(payout, status=Status.PDNG, due_at=due))
        else:
            self._book(payout)

    def settle_due(self) -> None:
        """Book what waited for a day that has come."""
        for payout in self._register.due(self._clock.now()):
            self._book(payout)

    def advance(self, payout: Payout, to: Status) -> Payout:
        """Move an open payout onward. Raises ``WrongStateError``."""
        if payout.status in FINAL or to is Status.RJCT or _SEQUENCE.index(to) <= _SEQUENCE.index(payout.status):
            raise WrongStateError(f"{payout.id} is {payout.status} and cannot become {to}")
        if to is Status.ACSC:
            return self._book(payout)
        return self._change(replace(payout, status=to, due_at=None))

    def reject(self, payout: Payout, reason: str) -> Payout:
        """Reject an open payout: the money stays. Raises ``WrongStateError``."""
        if payout.status in FINAL:
            raise WrongStateError(f"{payout.id} is {payout.status} and cannot be rejected")
        self._give_back(payout)
        return self._change(replace(payout, status=Status.RJCT, reason=reason, due_at=None))

    def send_back(self, payout: Payout, reason: str) -> Payout:
        """Return a booked payout, as the creditor's bank does days later. Raises ``WrongStateError``."""
        if payout.status is not Status.ACSC or payout.returned_at is not None:
            raise WrongStateError(f"{payout.id} is {payout.status} and cannot be returned")
        self._give_back(payout)
        return self._change(replace(payout, returned_at=self._clock.now(), return_reason=reason))

    def _book(self, payout: Payout) -> Payout:
        booked = replace(payout, status=Status.ACSC, due_at=None, booked_at=self._clock.now())
        return self._change(booked)

    def _give_back(self, payout: Payout) -> None:
        order = payout.order
        self._books.undo(PROVIDER, payout.id, order.currency.lower(), order.amount_minor)

    def _change(self, payout: Payout) -> Payout:
        self._register.change(payout)
        self._announce(payout)
        return payout

    def _announce(self, payout: Payout) -> None:
        url = self._terms.now().webhook_url
        # The outbox would send it to another provider's address.
        callbacks = payout.callbacks if url else frozenset({FaultKind.NEVER_CALL_BACK})
        self._outbox.publish(event(payout, self._clock.now(), url), callbacks)
