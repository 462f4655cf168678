"""The rules of refunds: what WeChat Pay accepts, refuses, finishes later and finds abnormal."""

import json
import time
from dataclasses import dataclass, replace

from sandbox.books import Books, Execution
from sandbox.clock import SandboxClock
from sandbox.faults import CALLBACK_KINDS, FaultKind
from sandbox.outbox import Event, Outbox
from sandbox.wechat import errors
from sandbox.wechat.keys import KeyRing
from sandbox.wechat.ledger import WeChatLedger
from sandbox.wechat.objects import (
    BANK_ACCOUNT,
    MERCHANT_ACCOUNT,
    Json,
    Order,
    Refund,
    Status,
    new_number,
    rfc3339,
)
from sandbox.wechat.requests import Wish
from sandbox.wechat.settings import WeChatSandboxSettings

PROVIDER = "wechat"
CURRENCY = "cny"
DAY_S = 86_400
SUMMARIES = {Status.SUCCESS: "退款成功", Status.CLOSED: "退款关闭", Status.ABNORMAL: "退款异常"}


@dataclass(eq=False)
class WrongStateError(Exception):
    """A refund cannot go where the test wants it to go."""

    refund: str
    status: Status


class Refunds:
    """Accepts refunds and moves them through their states, with books and callbacks kept in step.

    Every method that changes anything is to be called inside one transaction of the store.
    """

    def __init__(
        self,
        settings: WeChatSandboxSettings,
        ledger: WeChatLedger,
        books: Books,
        outbox: Outbox,
        clock: SandboxClock,
        keys: KeyRing,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._books = books
        self._outbox = outbox
        self._clock = clock
        self._keys = keys

    def create(self, wish: Wish, kinds: frozenset[FaultKind]) -> tuple[Refund, bool]:
        """The refund, and whether it was there before; raises WeChatError when WeChat Pay would refuse it."""
        known = self._ledger.refund(wish.out_refund_no)
        if known is not None:
            return self._known(known, wish), True
        order = self._order(wish)
        self._check(order, wish)
        refund = Refund(
            refund_id=new_number("5030"),
            out_refund_no=wish.out_refund_no,
            transaction_id=order.transaction_id,
            out_trade_no=order.out_trade_no,
            refund_minor=wish.refund_minor,
            total_minor=wish.total_minor,
            created=self._clock.now(),
            notify_url=wish.notify_url,
            callbacks=" ".join(sorted(kinds & CALLBACK_KINDS)),
            settle_at=None if FaultKind.PENDING in kinds else self._settling(),
            settle_as=Status.ABNORMAL if FaultKind.REQUIRES_ACTION in kinds else Status.SUCCESS,
        )
        self._ledger.write(refund)
        self._execute(refund)
        return refund, False

    def _known(self, known: Refund, wish: Wish) -> Refund:
        same_order = wish.reference in (known.transaction_id, known.out_trade_no)
        if not same_order or (known.refund_minor, known.total_minor) != (wish.refund_minor, wish.total_minor):
            raise errors.other_amounts(self._settings.mismatch_code)
        return known

    def _order(self, wish: Wish) -> Order:
        order = self._ledger.order(wish.reference)
        if order is None or wish.reference != getattr(order, wish.reference_field):
            raise errors.no_such_order()
        return order

    def _check(self, order: Order, wish: Wish) -> None:
        earlier = self._ledger.refunds(order.transaction_id)
        counted = [refund for refund in earlier if refund.status is not Status.CLOSED]
        now = self._clock.now()
        if wish.total_minor != order.amount_minor:
            raise errors.other_amounts(self._settings.mismatch_code)
        if now - order.paid_at > self._settings.refund_days * DAY_S:
            raise errors.overdue()
        if order.payer_abnormal:
            raise errors.payer_abnormal()
        if len(counted) >= self._settings.most_parts:
            raise errors.too_many_parts(self._settings.most_parts)
        if wish.refund_minor > order.amount_minor - sum(refund.refund_minor for refund in counted):
            raise errors.over_amount()
        if earlier and 0 <= now - earlier[-1].created < self._settings.spacing_s:
            raise errors.too_frequent()
        if not self._books.covers(PROVIDER, CURRENCY, wish.refund_minor):
            raise errors.not_enough()

    def _settling(self) -> float | None:
        return None if self._settings.settle_after_s is None else time.time() + self._settings.settle_after_s

    def _execute(self, refund: Refund) -> None:
        self._books.record(
            Execution(
                provider=PROVIDER,
                refund=refund.refund_id,
                leg=refund.out_refund_no,
                payment=refund.transaction_id,
                amount_minor=refund.refund_minor,
                currency=CURRENCY,
                executed_at=self._clock.now(),
            )
        )

    def settle_due(self) -> None:
        """Finish what reaches its end by itself."""
        for refund in self._ledger.settling(time.time()):
            self.finish(refund, refund.settle_as)

    def finish(self, refund: Refund, status: Status) -> Refund:
        """Bring an accepted refund to an end; raises WrongStateError for one that has an end."""
        if refund.status is not Status.PROCESSING or status is Status.PROCESSING:
            raise WrongStateError(refund.out_refund_no, refund.status)
        return self._end(refund, status)

    def reverse(self, refund: Refund) -> Refund:
        """Find a success abnormal after all, as when a bank sends the money back days later."""
        if refund.status is not Status.SUCCESS:
            raise WrongStateError(refund.out_refund_no, refund.status)
        return self._end(refund, Status.ABNORMAL)

    def _end(self, refund: Refund, status: Status) -> Refund:
        success_at = self._clock.now() if status is Status.SUCCESS else None
        ended = replace(refund, status=status, success_at=success_at, settle_at=None)
        if status is not Status.SUCCESS:
            # The money lies with the merchant again, whether the refund is closed or waits for another account.
            self._books.undo(PROVIDER, refund.refund_id, CURRENCY, refund.refund_minor)
        self._ledger.write(ended)
        self._tell(ended)
        return ended

    def apply_abnormal(self, refund: Refund, *, to_merchant: bool) -> Refund:
        """Send an abnormal refund to another account of the payer's, or give it up to the merchant's own."""
        if refund.status is not Status.ABNORMAL:
            raise errors.not_abnormal()
        sent = replace(
            refund,
            status=Status.PROCESSING,
            channel="ORIGINAL" if to_merchant else "OTHER_BANKCARD",
            received_account=MERCHANT_ACCOUNT if to_merchant else BANK_ACCOUNT,
            settle_at=self._settling(),
            settle_as=Status.SUCCESS,
        )
        self._ledger.write(sent)
        if not to_merchant:
            self._execute(sent)
        return sent

    def _tell(self, refund: Refund) -> None:
        event_id, type_ = new_number("EV-"), f"REFUND.{refund.status}"
        content = json.dumps(refund.told(self._settings.mchid), ensure_ascii=False).encode()
        body: Json = {
            "id": event_id,
            "create_time": rfc3339(self._clock.now()),
            "resource_type": "encrypt-resource",
            "event_type": type_,
            "summary": SUMMARIES[refund.status],
            "resource": {"original_type": "refund", **self._keys.sealed(content, "refund")},
        }
        said = json.dumps(body, ensure_ascii=False).encode()
        url = refund.notify_url or self._settings.notify_url
        event = Event(event_id, PROVIDER, type_, refund.refund_id, said, url)
        self._outbox.publish(event, frozenset(FaultKind(kind) for kind in refund.callbacks.split()))
