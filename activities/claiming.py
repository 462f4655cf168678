"""Somebody of the staff works on a case: for a while nobody else decides it (P2.6). It ends by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from activities.casefile import CaseFile
from activities.precautions import Lease
from activities.sentences import refusal
from activities.speakers import same_person
from activities.turns import DECIDABLE, out_of_turn
from aftersales.contract.messages import Claim, Proof
from aftersales.contract.values import ErrorCode, Role

_MAY_TAKE_OVER: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})


async def claim(file: CaseFile, message: Claim, proof: Proof) -> None:
    """Take the case, keep it longer, or let it go; a supervisor may take it from somebody else, which is logged.

    Raises AftersalesError: not_now, too_late, claimed_by_another.
    """
    if file.row.status not in DECIDABLE:
        raise out_of_turn(file)
    if proof.role not in _MAY_TAKE_OVER:
        refuse_claimed(file, proof.actor)
    other = _others(file, proof.actor)
    if other:
        file.note("claim_taken_over", facts={"staff": other.holder})
    until = file.now + timedelta(minutes=message.minutes)
    if message.minutes:
        file.change(lease=Lease(holder=proof.actor, until=until))
        file.note("claimed", after=until.isoformat())
    else:
        let_go(file)


def refuse_claimed(file: CaseFile, actor: str) -> None:
    """Raises AftersalesError(claimed_by_another): who works on it, and until when."""
    other = _others(file, actor)
    if other:
        raise refusal(
            ErrorCode.CLAIMED_BY_ANOTHER, file.language, who=other.holder, until=f"{other.until:%Y-%m-%d %H:%M} UTC"
        )


def let_go(file: CaseFile) -> None:
    """Nobody works on it any more."""
    if file.row.lease:
        file.change(lease=None)
        file.note("claim_let_go")


def in_force(lease: Lease | None, at: datetime) -> bool:
    return lease is not None and lease.until > at


def _others(file: CaseFile, actor: str) -> Lease | None:
    held = file.row.lease
    return held if held and in_force(held, file.now) and not same_person(held.holder, actor) else None
