"""Giving up money that will not come back: by finance, with a reason, never more than there is to give up (P3.3).

The ledger is append-only: a write-off is a posting like any other, and the case's operations log says whose it was.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from activities import ledger
from activities.casefile import Actor, CaseFile
from activities.ports import Unit
from activities.rows import LegRow, Posting
from activities.speakers import check_cashier
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import FreeText, Number
from aftersales.contract.values import ErrorCode, Frozen, Money, OpaqueId, Role
from domain.accounts import REFUNDS_OVERPAID, WRITE_OFFS, settlement
from domain.tenders import refuse_over

WRITTEN_OFF: Final = "written_off"


class Lost(StrEnum):
    """What is given up."""

    OVERPAYMENT = "overpayment"  # paid twice for one leg, and not to be got back
    DIFFERENCE = "difference"  # the provider's statement has more for the leg than it was to move


class WriteOff(Frozen):
    """The amount of a payment's leg, by our number at its provider, that finance gives up. `account`: the actor is one
    of ours, who must hold the role; `channel`: the key that vouches for them."""

    number: Number
    provider_number: str
    lost: Lost
    amount: Money
    reason: FreeText
    actor: OpaqueId
    role: Role
    account: bool = False
    channel: str = ""


async def write_off(unit: Unit, asked: WriteOff, now: datetime) -> Posting:
    """Post it, and say so in the case's log; an overpayment up to what the case was overpaid, a difference up to the
    leg's amount, both less what was written off before.

    Raises AftersalesError: role_not_allowed, case_unknown, payment_unknown; AmountRefused, CurrencyMixed.
    """
    await check_cashier(unit, asked.actor, asked.role, account=asked.account, deed="writes money off")
    file = await _opened(unit, asked.number, now)
    row = _leg(file, asked.provider_number)
    account = REFUNDS_OVERPAID if asked.lost is Lost.OVERPAYMENT else settlement(row.leg.provider)
    largest_minor = _largest_minor(await unit.postings(asked.number), row, account)
    refuse_over(asked.amount, Money(minor=largest_minor, currency=row.leg.amount.currency))
    posting = ledger.written_off(row, account, asked.amount, asked.reason, now)
    await unit.post(posting)
    facts = {"provider_number": asked.provider_number, "account": account, **asked.amount.model_dump()}
    by = Actor(asked.actor, asked.role.value, asked.channel)
    file.note(WRITTEN_OFF, reason=asked.lost.value, facts=facts, why=asked.reason, actor=by)
    await file.close()
    return posting


async def _opened(unit: Unit, number: str, now: datetime) -> CaseFile:
    row = await unit.case(number)
    if row is None:
        raise AftersalesError(ErrorCode.CASE_UNKNOWN, f"There is no case {number}; check the payment's number.")
    return CaseFile(unit, row, await unit.legs(number), now)


def _leg(file: CaseFile, provider_number: str) -> LegRow:
    for row in file.legs:
        if row.leg.provider_number == provider_number:
            return row
    raise AftersalesError(
        ErrorCode.PAYMENT_UNKNOWN,
        f"Case {file.row.number} has no payment {provider_number}; `aftersales show {file.row.number}` lists them.",
    )


def _largest_minor(postings: tuple[Posting, ...], row: LegRow, account: str) -> int:
    if account == REFUNDS_OVERPAID:
        signs = ((posting, (posting.debit == account) - (posting.credit == account)) for posting in postings)
        return sum(sign * posting.amount.minor for posting, sign in signs)
    before = [each for each in postings if (each.debit, each.credit) == (WRITE_OFFS, account)]
    of_the_leg = sum(each.amount.minor for each in before if each.provider_number == row.leg.provider_number)
    return row.leg.amount.minor - of_the_leg
