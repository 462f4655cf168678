"""The rules of refunding a trade: https://docs.open.alipay.com/api_1/alipay.trade.refund and its query."""

from dataclasses import replace

from sandbox.alipay.errors import AlipayError, call_limited
from sandbox.alipay.ledger import AlipayLedger
from sandbox.alipay.messages import Messenger
from sandbox.alipay.objects import (
    CURRENCY,
    PROVIDER,
    Channel,
    Json,
    PayeeState,
    Refund,
    RefundState,
    Trade,
    TradeStatus,
    fen,
    masked,
    shown_time,
    yuan,
)
from sandbox.alipay.settings import AlipaySettings
from sandbox.books import Books, Execution
from sandbox.clock import SandboxClock
from sandbox.faults import CALLBACK_KINDS, FaultKind

DAY_S = 86_400
LONGEST_NUMBER = 64
BUYER_REFUSALS = {
    PayeeState.NOT_EXIST: "ACQ.BUYER_NOT_EXIST",
    PayeeState.FROZEN: "ACQ.BUYER_ENABLE_STATUS_FORBID",
}


class Refunds:
    """Refunds of trades; every method that changes anything is to be called inside one transaction of the store."""

    def __init__(
        self, settings: AlipaySettings, ledger: AlipayLedger, books: Books, clock: SandboxClock, messenger: Messenger
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._books = books
        self._clock = clock
        self._messenger = messenger

    def create(self, content: Json, kinds: frozenset[FaultKind], notify_url: str | None) -> Json:
        """Refund, or answer again for a number that is known; raises ``AlipayError``."""
        trade = self._trade(content, "ACQ.TRADE_NOT_EXIST")
        amount_minor = fen(content.get("refund_amount"))
        number = str(content.get("out_request_no") or trade.out_trade_no)
        if amount_minor is None or len(number) > LONGEST_NUMBER:
            raise AlipayError("ACQ.INVALID_PARAMETER")
        known = self._ledger.refund(trade.trade_no, number)
        if known is not None and known.state is not RefundState.DROPPED:
            return self._again(trade, known, amount_minor)
        self._refuse(trade, amount_minor, numbered="out_request_no" in content)
        later = bool(kinds & {FaultKind.PENDING, FaultKind.REQUIRES_ACTION})
        refund = Refund(
            trade_no=trade.trade_no,
            out_request_no=number,
            amount_minor=amount_minor,
            state=RefundState.ACCEPTED,
            dback="P" if trade.channel is Channel.CARD else "",
            at=self._clock.now(),
            notify_url=notify_url,
            callbacks=" ".join(sorted(kinds & CALLBACK_KINDS)),
        )
        self._ledger.put_refund(refund)
        if not later:
            trade = self._execute(trade, refund)
        return self._shown(trade, refund, "N" if later else "Y")

    def _again(self, trade: Trade, known: Refund, amount_minor: int) -> Json:
        if known.amount_minor != amount_minor:
            raise AlipayError("ACQ.DISCORDANT_REPEAT_REQUEST")
        if known.state is RefundState.DONE:
            return self._shown(trade, known, self._settings.repeat_fund_change)
        # "If the former request did not succeed, the interface executes it again."
        return self._shown(self._execute(trade, known), known, "Y")

    def _refuse(self, trade: Trade, amount_minor: int, *, numbered: bool) -> None:
        """Raise what Alipay would say instead of executing, in the order in which it looks."""
        now = self._clock.now()
        if trade.status is TradeStatus.WAIT_BUYER_PAY:
            raise AlipayError("ACQ.TRADE_STATUS_ERROR")
        late = now - trade.paid_at > self._settings.refund_within_days * DAY_S
        if late or trade.status is TradeStatus.TRADE_FINISHED:
            raise AlipayError("ACQ.TRADE_HAS_FINISHED")
        if trade.status is TradeStatus.TRADE_CLOSED:
            raise AlipayError("ACQ.TRADE_HAS_CLOSE")
        if amount_minor > trade.left_minor or (amount_minor < trade.amount_minor and not numbered):
            raise AlipayError("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        refusal = BUYER_REFUSALS.get(self._ledger.payee(trade.buyer)[1])
        if refusal is not None:
            raise AlipayError(refusal)
        last = self._ledger.last_refund_at(trade.trade_no)
        if last is not None and now - last < self._settings.spacing_s:
            raise call_limited()
        if not self._books.covers(PROVIDER, CURRENCY, amount_minor):
            raise AlipayError("ACQ.SELLER_BALANCE_NOT_ENOUGH")

    def _execute(self, trade: Trade, refund: Refund) -> Trade:
        if refund.amount_minor > trade.left_minor:
            raise AlipayError("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        now = self._clock.now()
        done = replace(refund, state=RefundState.DONE, at=now)
        self._ledger.put_refund(done)
        self._ledger.add_refunded(trade.trade_no, refund.amount_minor)
        self._books.record(
            Execution(PROVIDER, refund.id, refund.out_request_no, trade.trade_no, refund.amount_minor, CURRENCY, now)
        )
        after = self._ledger.trade(trade.trade_no) or trade
        self._messenger.refunded(after, done)
        return after

    def query(self, content: Json) -> Json:
        """The refund; of one that was not executed nothing but the code."""
        trade = self._trade(content, "TRADE_NOT_EXIST")
        if not content.get("out_request_no"):
            raise AlipayError("ACQ.INVALID_PARAMETER")
        refund = self._ledger.refund(trade.trade_no, str(content["out_request_no"]))
        if refund is None or refund.state is not RefundState.DONE:
            return {}
        shown = self._names(trade) | {
            "out_request_no": refund.out_request_no,
            "total_amount": yuan(trade.amount_minor),
            "refund_amount": yuan(refund.amount_minor),
            "refund_status": "REFUND_SUCCESS",
        }
        options = content.get("query_options")
        wanted = options if isinstance(options, list) else []
        if "gmt_refund_pay" in wanted:
            shown["gmt_refund_pay"] = shown_time(refund.at)
        if "refund_detail_item_list" in wanted:
            shown["refund_detail_item_list"] = self._details(trade, refund)
        if "deposit_back_info" in wanted and refund.dback:
            shown["deposit_back_info"] = _deposit_back(refund)
        return shown

    def finish(self, refund: Refund, *, succeeds: bool) -> None:
        """End a refund that was only accepted: execute it, or drop it as if it had never been asked for.

        Raises ``AlipayError`` when nothing is left to refund any more.
        """
        trade = self._ledger.trade(refund.trade_no)
        if succeeds and trade is not None:
            self._execute(trade, refund)
        else:
            self._ledger.put_refund(replace(refund, state=RefundState.DROPPED))

    def bank_says(self, refund: Refund, dback: str, *, to_merchant: bool) -> Refund:
        """Let the bank take the money (S) or refuse it (F); then it stays with the buyer, or comes back to us."""
        told = replace(refund, dback=dback)
        self._ledger.put_refund(told)
        if to_merchant:
            self._books.undo(PROVIDER, refund.id, CURRENCY, refund.amount_minor)
        trade = self._ledger.trade(refund.trade_no)
        if trade is not None:
            self._messenger.deposit_back(trade, told)
        return told

    def trade(self, content: Json) -> Json:
        """The trade itself: https://docs.open.alipay.com/api_1/alipay.trade.query."""
        trade = self._trade(content, "ACQ.TRADE_NOT_EXIST")
        return self._names(trade) | {
            "buyer_logon_id": masked(trade.buyer),
            "trade_status": trade.status,
            "total_amount": yuan(trade.amount_minor),
            "send_pay_date": shown_time(trade.paid_at),
            "fund_bill_list": [{"fund_channel": trade.channel, "amount": yuan(trade.amount_minor)}],
        }

    def _trade(self, content: Json, missing: str) -> Trade:
        names = (str(content.get("trade_no") or ""), str(content.get("out_trade_no") or ""))
        trade = self._ledger.trade(*names) if any(names) else None
        if trade is None:
            raise AlipayError(missing if any(names) else "ACQ.INVALID_PARAMETER")
        return trade

    def _shown(self, trade: Trade, refund: Refund, fund_change: str) -> Json:
        return self._names(trade) | {
            "buyer_logon_id": masked(trade.buyer),
            "fund_change": fund_change,
            "gmt_refund_pay": shown_time(refund.at),
            "refund_fee": yuan(trade.refunded_minor),
            "refund_detail_item_list": self._details(trade, refund),
            "send_back_fee": yuan(refund.amount_minor),
        }

    def _names(self, trade: Trade) -> Json:
        return {"trade_no": trade.trade_no, "out_trade_no": trade.out_trade_no}

    def _details(self, trade: Trade, refund: Refund) -> list[Json]:
        return [{"fund_channel": trade.channel, "amount": yuan(refund.amount_minor)}]


def _deposit_back(refund: Refund) -> Json:
    info: Json = {"has_deposit_back": "true", "dback_status": refund.dback}
    return info if refund.dback == "F" else info | {"dback_amount": yuan(refund.amount_minor)}
