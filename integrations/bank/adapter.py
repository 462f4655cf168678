"""Payouts to the account that a customer named (P3.2): order one, or look for one by our number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from activities.ports import Payee
from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.values import PayoutMethod
from domain.errors import CurrencyUnknown
from integrations.bank.accounts import AccountRefusedError, EnteredAccount, bank_account
from integrations.bank.amounts import amount_text
from integrations.bank.api import AnswerLostError, BankAccess, BankApi, NothingSentError
from integrations.bank.outcomes import outcome_of_look, outcome_of_order, unknown

LONGEST_NUMBER: Final = 35
"""ISO 20022, Max35Text: every bank on the way carries so much of our number."""

# A bank knows an end-to-end id for ever; ten years are longer than any case.
KEY_LIFE_S: Final = 10 * 365 * 86400
_NUMBER: Final = re.compile(r"[A-Za-z0-9/\-?:().,'+]{1,35}")
_FOR_EVER: Final = (OutcomeKind.REJECTED, OutcomeKind.NEEDS_PAYEE)
_SAYS_NOTHING: Final = (OutcomeKind.UNKNOWN, OutcomeKind.NEEDS_MERCHANT)


@dataclass
class _UnsendableError(Exception):
    """The leg cannot be put into an order of this bank; nothing was sent."""

    outcome: PaymentOutcome


class BankPayments:
    """Implements `activities.ports.Payments`. One instance serves a whole process; `close` ends it."""

    provider: str = "bank"
    key_life_s: int = KEY_LIFE_S

    def __init__(self, access: BankAccess) -> None:
        self._access = access
        self._api = BankApi(access, timeout_s=access.timeout_s)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def refund(self, leg: LegRow) -> PaymentOutcome:
        """A transfer that a customer once made cannot be undone by its receiver: `rejected`, nothing is sent."""
        del leg
        return _not_offered("A bank gives no payment back by itself; a destination is needed.")

    async def pay_out(self, leg: LegRow, payee: Payee) -> PaymentOutcome:
        """Order the payout; the same number again finds the same payout, for ever.

        That the money will never move (`rejected`, `needs_payee`) is only reported once a look has shown that no
        earlier call was executed.
        """
        if payee.method is not PayoutMethod.BANK_TRANSFER:
            return _not_offered(f"A bank does not pay to {payee.method}.")
        try:
            order = self._order(leg, payee)
        except _UnsendableError as error:
            return await self._made_sure(error.outcome, leg)
        try:
            answer = await self._api.post("payouts", order)
        except NothingSentError as error:
            return PaymentOutcome(kind=OutcomeKind.RETRY_SAME, code="not_connected", sentence=str(error))
        except AnswerLostError as error:
            return unknown(error.code, str(error))
        return await self._made_sure(outcome_of_order(answer, leg), leg)

    async def query(self, leg: LegRow) -> PaymentOutcome:
        """Look for our number among the payouts.

        `not_found`: the bank says that it has none. Whatever goes wrong with the look says nothing about the leg:
        `unknown`, or `needs_merchant` when the bank does not let us look.
        """
        if not _NUMBER.fullmatch(leg.leg.provider_number):
            return PaymentOutcome(kind=OutcomeKind.NOT_FOUND)
        try:
            answer = await self._api.get("payouts", {"end_to_end_id": leg.leg.provider_number})
        except NothingSentError as error:
            return unknown("not_connected", str(error))
        except AnswerLostError as error:
            return unknown(error.code, str(error))
        return outcome_of_look(answer, leg)

    async def _made_sure(self, outcome: PaymentOutcome, leg: LegRow) -> PaymentOutcome:
        """A refusal without a payout speaks of this call alone; an earlier one may have been executed."""
        if outcome.kind not in _FOR_EVER or outcome.provider_reference:
            return outcome
        found = await self.query(leg)
        if found.kind is OutcomeKind.NOT_FOUND:
            return outcome
        return found.model_copy(update={"kind": OutcomeKind.UNKNOWN}) if found.kind in _SAYS_NOTHING else found

    def _order(self, leg: LegRow, payee: Payee) -> dict[str, object]:
        amount = leg.leg.amount
        if not _NUMBER.fullmatch(leg.leg.provider_number):
            raise _unsendable(
                "number_not_sendable",
                f"{leg.leg.provider_number!r} is no end-to-end id: it has at most {LONGEST_NUMBER} letters and digits.",
            )
        if self._access.currencies is not None and amount.currency not in self._access.currencies:
            raise _unsendable("currency_not_offered", f"The bank does not pay in {amount.currency}.", elsewhere=True)
        try:
            account = bank_account(payee.account, payee.holder, payee.bank)
            return {
                "end_to_end_id": leg.leg.provider_number,
                "amount": amount_text(amount),
                "currency": amount.currency,
                "debtor_account": self._access.debtor_account,
                "creditor": _creditor(account),
                "remittance": f"Refund {leg.number}",
            }
        except CurrencyUnknown as error:
            raise _unsendable("currency_not_offered", str(error), elsewhere=True) from error
        except AccountRefusedError as error:
            refused = PaymentOutcome(kind=OutcomeKind.NEEDS_PAYEE, code=error.code, sentence=str(error), elsewhere=True)
            raise _UnsendableError(refused) from error


def _creditor(account: EnteredAccount) -> dict[str, str]:
    number, bank = ("iban", "bic") if account.is_iban else ("account_number", "bank_code")
    creditor = {"name": account.holder, number: account.account}
    return {**creditor, bank: account.bank} if account.bank else creditor


def _unsendable(code: str, sentence: str, *, elsewhere: bool = False) -> _UnsendableError:
    outcome = PaymentOutcome(kind=OutcomeKind.REJECTED, code=code, sentence=sentence, elsewhere=elsewhere)
    return _UnsendableError(outcome)


def _not_offered(sentence: str) -> PaymentOutcome:
    return PaymentOutcome(kind=OutcomeKind.REJECTED, code="not_offered", sentence=sentence, elsewhere=True)
