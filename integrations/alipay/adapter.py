"""Refunds of trades and transfers to accounts through Alipay's gateway: order one, or look for one by our number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import ValidationError

from activities.ports import Payee
from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.values import LegState, Movement, PayoutMethod
from domain.money import to_decimal_string
from integrations.alipay.gateway import AlipayGateway, Answer, NotSentError, UnclearError
from integrations.alipay.outcomes import (
    TABLE,
    bare,
    outcome_of_failed_look,
    outcome_of_refusal,
    outcome_of_silence,
    unknown,
    unreadable,
)
from integrations.alipay.wire import CURRENCY, RefundAnswer, SeenRefund, SeenTransfer, TransferStatus, read_yuan

REFUND: Final = "alipay.trade.refund"
REFUND_QUERY: Final = "alipay.trade.fastpay.refund.query"
TRANSFER: Final = "alipay.fund.trans.uni.transfer"
TRANSFER_QUERY: Final = "alipay.fund.trans.common.query"

NUMBER_LIFE_S: Final = 365 * 86_400
"""A number is known for the life of its trade; no question is asked again that late."""

OUR_TRADE: Final = "out:"
"""Before a payment's reference that is the shop's own number (out_trade_no) instead of Alipay's (trade_no)."""

BALANCE: Final = "支付宝余额"
"""Where money goes that the buyer's bank refuses, in Alipay's words."""

_REFERENCE: Final = re.compile(r"(?:out:)?[A-Za-z0-9_\-]{1,64}")
_TRANSFER_KIND: Final = {"product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
_INCOMPLETE: Final = PaymentOutcome(
    kind=OutcomeKind.NEEDS_PAYEE,
    code="payee_incomplete",
    sentence="Login or holder of the Alipay account is missing; nothing was sent.",
    elsewhere=True,
)
_NOTHING_THERE: Final = PaymentOutcome(kind=OutcomeKind.NOT_FOUND)
_SAYS_NOTHING: Final = (OutcomeKind.UNKNOWN, OutcomeKind.NEEDS_MERCHANT)
_FINAL: Final = (OutcomeKind.REJECTED, OutcomeKind.NEEDS_PAYEE)


class Bounce(StrEnum):
    """Who has the money that a buyer's bank refused (`dback_status` F).

    Alipay's pages say the buyer (https://opendocs.alipay.com/open/02ekfv): sent elsewhere it would be paid twice.
    """

    BUYER = "buyer"  # it stays with the buyer, in their Alipay balance
    MERCHANT = "merchant"  # it came back to us


@dataclass(frozen=True)
class Terms:
    """How we use the gateway. `spacing_s`: between two refunds of a trade; `title`: what a payee sees of a transfer."""

    notify_url: str = ""
    spacing_s: int = 3
    title: str = "退款"
    bounce: Bounce = Bounce.BUYER


class AlipayPayments:
    """Implements `activities.ports.Payments`. One instance serves a whole process; `close` ends it.

    A payment's reference is its trade_no, or `out:` and the shop's own out_trade_no.
    """

    provider: str = "alipay"
    key_life_s: int = NUMBER_LIFE_S

    def __init__(self, gateway: AlipayGateway, terms: Terms) -> None:
        self._gateway = gateway
        self._terms = terms

    async def close(self) -> None:
        """Close the connections."""
        await self._gateway.close()

    async def refund(self, leg: LegRow) -> PaymentOutcome:
        """Refund the trade; asked again under the same number, Alipay answers again and moves nothing.

        Success is code 10000 with fund_change Y; 10000 alone means that the refund is looked for.
        """
        refused = _unsendable(leg)
        if refused is not None:
            return refused
        content = {
            **_trade(leg),
            "out_request_no": leg.leg.provider_number,
            "refund_amount": to_decimal_string(leg.leg.amount),
            "refund_reason": leg.number,
            "query_options": ["refund_detail_item_list", "deposit_back_info"],
        }
        answer = await self._order(REFUND, content)
        if isinstance(answer, PaymentOutcome):
            return await self._made_sure(answer, leg)
        try:
            done = RefundAnswer.model_validate(answer.body)
        except ValidationError:
            return unreadable()
        if done.fund_change != "Y":
            return await self._confirmed(leg)
        return PaymentOutcome(kind=OutcomeKind.SUCCEEDED, provider_reference=done.trade_no, destination=done.payer)

    async def pay_out(self, leg: LegRow, payee: Payee) -> PaymentOutcome:
        """Transfer to an Alipay account: `payee.account` is its login, a phone number or a mail address."""
        if payee.method is not PayoutMethod.ALIPAY:
            sentence = f"Alipay pays to no {payee.method.value}; nothing was sent."
            return PaymentOutcome(kind=OutcomeKind.REJECTED, code="not_offered", sentence=sentence, elsewhere=True)
        refused = _unsendable(leg)
        if refused is not None:
            return refused
        if not payee.account or not payee.holder:
            # An earlier call may have been sent with them; Alipay takes no login without a name.
            return await self._made_sure(_INCOMPLETE, leg)
        content: dict[str, object] = {
            **_TRANSFER_KIND,
            "out_biz_no": leg.leg.provider_number,
            "trans_amount": to_decimal_string(leg.leg.amount),
            "order_title": self._terms.title,
            "remark": leg.number,
            "payee_info": {"identity": payee.account, "identity_type": "ALIPAY_LOGON_ID", "name": payee.holder},
        }
        answer = await self._order(TRANSFER, content)
        outcome = answer if isinstance(answer, PaymentOutcome) else _outcome_of_transfer(answer, leg)
        return await self._made_sure(outcome, leg)

    async def query(self, leg: LegRow) -> PaymentOutcome:
        """Look for our number. Whatever goes wrong with the look says nothing about the leg: `unknown`, or
        `needs_merchant` when Alipay does not let us look."""
        if _unsendable(leg) is not None:
            return _NOTHING_THERE
        if leg.leg.movement is Movement.PAYOUT:
            answer = await self._look(TRANSFER_QUERY, {**_TRANSFER_KIND, "out_biz_no": leg.leg.provider_number})
            return answer if isinstance(answer, PaymentOutcome) else _outcome_of_transfer(answer, leg)
        options = ["gmt_refund_pay", "deposit_back_info"]
        content = {**_trade(leg), "out_request_no": leg.leg.provider_number, "query_options": options}
        answer = await self._look(REFUND_QUERY, content)
        return answer if isinstance(answer, PaymentOutcome) else self._outcome_of_refund(answer, leg)

    async def _order(self, method: str, content: Mapping[str, object]) -> Answer | PaymentOutcome:
        try:
            answer = await self._gateway.ask(method, content, self._terms.notify_url)
        except (NotSentError, UnclearError) as error:
            return outcome_of_silence(error)
        return answer if answer.is_success else outcome_of_refusal(answer, self._terms.spacing_s)

    async def _look(self, method: str, content: Mapping[str, object]) -> Answer | PaymentOutcome:
        try:
            answer = await self._gateway.ask(method, content)
        except NotSentError as error:
            return unknown("not_connected", str(error))
        except UnclearError as error:
            return unknown(error.code, str(error))
        return answer if answer.is_success else outcome_of_failed_look(answer)

    async def _made_sure(self, outcome: PaymentOutcome, leg: LegRow) -> PaymentOutcome:
        """A refusal speaks of this call alone: "over the amount" may well be for our own refund of yesterday."""
        if outcome.kind not in _FINAL:
            return outcome
        found = await self.query(leg)
        if found.kind is OutcomeKind.NOT_FOUND:
            return outcome
        return found.model_copy(update={"kind": OutcomeKind.UNKNOWN}) if found.kind in _SAYS_NOTHING else found

    async def _confirmed(self, leg: LegRow) -> PaymentOutcome:
        """Accepted, or known already. What cannot be seen yet is asked for again under the same number."""
        found = await self.query(leg)
        if found.kind is not OutcomeKind.NOT_FOUND:
            return found
        return unknown("not_confirmed", "Alipay took the refund and does not show it yet.")

    def _outcome_of_refund(self, answer: Answer, leg: LegRow) -> PaymentOutcome:
        try:
            seen = SeenRefund.model_validate(answer.body)
        except ValidationError:
            return unreadable()
        if seen.is_absent:
            return _NOTHING_THERE
        if seen.refund_status != "REFUND_SUCCESS" or seen.refund_amount is None:
            return unknown(seen.refund_status or "no_status", "Alipay does not say that the refund succeeded.")
        if read_yuan(seen.refund_amount) != leg.leg.amount:
            return _conflict(seen.trade_no)
        bounced = seen.deposit_back_info.dback_status == "F"
        if bounced and self._terms.bounce is Bounce.MERCHANT:
            return _failed(leg, seen.trade_no, "deposit_back_failed", "The buyer's bank gave the refund back.")
        destination = BALANCE if bounced else ""
        return PaymentOutcome(kind=OutcomeKind.SUCCEEDED, provider_reference=seen.trade_no, destination=destination)


def _outcome_of_transfer(answer: Answer, leg: LegRow) -> PaymentOutcome:
    try:
        seen = SeenTransfer.model_validate(answer.body)
    except ValidationError:
        return unreadable()
    if seen.trans_amount is not None and read_yuan(seen.trans_amount) != leg.leg.amount:
        return _conflict(seen.order_id)
    names = {"provider_reference": seen.order_id, "trace": seen.pay_fund_order_id}
    match seen.status:
        case TransferStatus.SUCCESS:
            return PaymentOutcome(kind=OutcomeKind.SUCCEEDED, **names)
        case TransferStatus.DEALING:
            return PaymentOutcome(kind=OutcomeKind.PENDING, **names)
        case TransferStatus.FAIL | TransferStatus.REFUND:
            sentence = f"Alipay says the transfer is {seen.status}."
            return _failed(leg, seen.order_id, seen.error_code or seen.status, sentence)
    return unknown(seen.status or "no_status", "Alipay does not say what became of the transfer.")


def _failed(leg: LegRow, reference: str, code: str, sentence: str) -> PaymentOutcome:
    """It did not stay with the customer: a failure, or, of what had succeeded, a reversal; another way would do."""
    kind = OutcomeKind.REJECTED
    verdict = TABLE.get(bare(code))
    if leg.leg.state in (LegState.SUCCEEDED, LegState.REVERSED):
        kind = OutcomeKind.REVERSED
    elif verdict is not None and verdict.kind is OutcomeKind.NEEDS_PAYEE:
        kind = OutcomeKind.NEEDS_PAYEE
    return PaymentOutcome(kind=kind, provider_reference=reference, code=code, sentence=sentence, elsewhere=True)


def _conflict(reference: str) -> PaymentOutcome:
    sentence = "Alipay has this number with another amount."
    return PaymentOutcome(
        kind=OutcomeKind.CONFLICT, provider_reference=reference, code="other_amount", sentence=sentence
    )


def _trade(leg: LegRow) -> dict[str, object]:
    if leg.reference.startswith(OUR_TRADE):
        return {"out_trade_no": leg.reference.removeprefix(OUR_TRADE)}
    return {"trade_no": leg.reference}


def _unsendable(leg: LegRow) -> PaymentOutcome | None:
    """Why the leg cannot be put into words that Alipay takes; nothing was ever sent of such a one."""
    if leg.leg.amount.currency != CURRENCY:
        code, sentence = "currency_not_offered", f"Alipay moves {CURRENCY} only, not {leg.leg.amount.currency}."
    elif leg.leg.movement is Movement.REFUND and not _REFERENCE.fullmatch(leg.reference):
        code = "reference_unknown"
        sentence = f"{leg.reference!r} names no trade at Alipay; it is the trade_no, or out: and the out_trade_no."
    else:
        return None
    return PaymentOutcome(kind=OutcomeKind.REJECTED, code=code, sentence=sentence)
