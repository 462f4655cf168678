"""Refunds through WeChat Pay: order one, or look for one by our number, which is the merchant's `out_refund_no`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, Literal

from activities.ports import Payee
from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from integrations.wechat.outcomes import CURRENCY, outcome_of_answer, refusal_of, unknown
from integrations.wechat.wire import Answer, Ask, NoAnswerError, NotSentError, WeChatWire

# WeChat Pay states no limit for a number; it cannot outlive the year in which an order can be refunded.
KEY_LIFE_S: Final = 365 * 24 * 3600
OUT_TRADE_NO: Final = "out:"
NOT_THERE: Final = "RESOURCE_NOT_EXISTS"
# These lead to another number, another destination or a person: they must not rest on the answer to one call alone.
_TO_BE_MADE_SURE: Final = (OutcomeKind.REJECTED, OutcomeKind.NEEDS_PAYEE, OutcomeKind.CONFLICT)
_SAYS_NOTHING: Final = (OutcomeKind.UNKNOWN, OutcomeKind.NEEDS_MERCHANT, OutcomeKind.RETRY_SAME)

RateLimit = Literal["unknown", "retry_same"]


class _UnsendableError(Exception):
    """The leg cannot be put into words that WeChat Pay takes; nothing was sent."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class WeChatPayments:
    """Implements `activities.ports.Payments`. One instance serves a whole process; `close` ends it.

    `rate_limited`: what 429 is taken for, `unknown` (looked up, and sent again only if nothing is there) or
    `retry_same` (believed, as WeChat Pay's reference says). Either way the next try waits for `spacing_s`.
    """

    provider: str = "wechat"
    key_life_s: int = KEY_LIFE_S

    def __init__(self, wire: WeChatWire, *, spacing_s: int = 60, rate_limited: RateLimit = "unknown") -> None:
        self._wire = wire
        self._spacing_s = spacing_s
        self._doubted = (
            _TO_BE_MADE_SURE if rate_limited == "retry_same" else (*_TO_BE_MADE_SURE, OutcomeKind.RETRY_SAME)
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    async def refund(self, leg: LegRow) -> PaymentOutcome:
        """Order the refund; asked again under the same number, WeChat Pay answers with the same refund.

        An answer that it is accepted is `pending`: the money moves later. A refusal that would open another way for the
        money is only reported once a look has shown that no earlier call was executed.
        """
        try:
            order = _order(leg)
        except _UnsendableError as error:
            return PaymentOutcome(kind=OutcomeKind.REJECTED, code=error.code, sentence=str(error))
        answer = await self._answer(lambda sdk: sdk.refund(**order))
        if isinstance(answer, PaymentOutcome):
            return answer
        outcome = outcome_of_answer(answer, leg, spacing_s=self._spacing_s)
        return outcome if answer.status == HTTPStatus.OK else await self._made_sure(outcome, leg)

    async def pay_out(self, leg: LegRow, payee: Payee) -> PaymentOutcome:  # noqa: ARG002 - nothing is read of either
        """Not offered: WeChat Pay's merchant transfer is another product (docs/providers/wechat.md)."""
        sentence = "WeChat Pay pays nothing out here; a finance person pays by hand and records the proof."
        return PaymentOutcome(kind=OutcomeKind.REJECTED, code="not_offered", sentence=sentence)

    async def query(self, leg: LegRow) -> PaymentOutcome:
        """Look for our number.

        `not_found`: WeChat Pay says that it has no such refund. Whatever else goes wrong with the look says nothing
        about the leg: `unknown`, or `needs_merchant` when WeChat Pay does not let us look.
        """
        answer = await self._answer(lambda sdk: sdk.query_refund(leg.leg.provider_number))
        if isinstance(answer, PaymentOutcome):
            return answer.model_copy(update={"kind": OutcomeKind.UNKNOWN})
        outcome = outcome_of_answer(answer, leg, spacing_s=self._spacing_s)
        if answer.status == HTTPStatus.OK:
            return outcome
        refusal = refusal_of(answer)
        if answer.status == HTTPStatus.NOT_FOUND and refusal is not None and refusal.code == NOT_THERE:
            return PaymentOutcome(kind=OutcomeKind.NOT_FOUND, code=outcome.code, sentence=outcome.sentence)
        kind = outcome.kind if outcome.kind is OutcomeKind.NEEDS_MERCHANT else OutcomeKind.UNKNOWN
        return PaymentOutcome(kind=kind, code=outcome.code, sentence=outcome.sentence)

    async def _made_sure(self, outcome: PaymentOutcome, leg: LegRow) -> PaymentOutcome:
        """A refusal speaks of this call alone: "refunded in full" may well be our own refund of yesterday."""
        if outcome.kind not in self._doubted:
            return outcome
        found = await self.query(leg)
        if found.kind is OutcomeKind.NOT_FOUND:
            return outcome
        return found.model_copy(update={"kind": OutcomeKind.UNKNOWN}) if found.kind in _SAYS_NOTHING else found

    async def _answer(self, call: Ask) -> Answer | PaymentOutcome:
        """The answer, or what it means that there is none."""
        try:
            return await self._wire.ask(call)
        except NotSentError as error:
            return PaymentOutcome(kind=OutcomeKind.RETRY_SAME, code="not_connected", sentence=str(error))
        except NoAnswerError as error:
            return unknown(error.code, str(error))


def _order(leg: LegRow) -> dict[str, object]:
    """The refund in the SDK's words, amounts in fen."""
    amount = leg.leg.amount
    if amount.currency != CURRENCY:
        raise _UnsendableError("currency_not_offered", f"WeChat Pay refunds {CURRENCY} alone, not {amount.currency}.")
    if not 0 < amount.minor <= leg.captured_minor:
        raise _UnsendableError(
            "amount_not_sendable",
            f"{amount.minor} fen cannot be refunded of a payment of {leg.captured_minor} fen; check the order.",
        )
    number = leg.reference.removeprefix(OUT_TRADE_NO)
    if not number:
        raise _UnsendableError(
            "reference_unknown",
            "The payment has no transaction id of WeChat Pay and no out: with the merchant's number.",
        )
    return {
        "out_refund_no": leg.leg.provider_number,
        "transaction_id" if number == leg.reference else "out_trade_no": number,
        "amount": {"refund": amount.minor, "total": leg.captured_minor, "currency": CURRENCY},
    }
