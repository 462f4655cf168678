"""Money that moved although nobody expected it any more: under two numbers, or after the payment was given up.

The ledger follows the provider. What is wrong about it a person must put right, so finance is told at once, the log
keeps it, and the case is finance's until it is right again or closes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from activities.casefile import FINANCE, CaseFile
from activities.reserving import hold_again
from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.values import OUTCOMES, CaseStatus, LegState, WaitsFor
from domain.doubles import MAY_HAVE_MOVED, moving_twice, paid_twice
from domain.rails import BY_HAND

ALARM: Final = "alarm"
PAID_TWICE: Final = "paid_twice"
MOVING_TWICE: Final = "moving_twice"
MOVED_AFTER_ALL: Final = "moved_after_all"
TAKEN_BACK: Final = "taken_back"
_LET_GO: Final = frozenset({CaseStatus.REJECTED, CaseStatus.WITHDRAWN, CaseStatus.PARTLY_REFUNDED})
_MOVES: Final = frozenset({OutcomeKind.SUCCEEDED, OutcomeKind.PENDING})


class Before(NamedTuple):
    """What matters of a case before news of a payment is written down: whether its payment had been given up, whether
    finance has it for something that the payment does not put right, and which numbers finance was to pay."""

    let_go: bool
    with_finance: bool
    to_pay: frozenset[str]


def before(file: CaseFile) -> Before:
    row = file.row
    with_finance = row.status in OUTCOMES and row.waits_for is WaitsFor.FINANCE and not _moving_twice(file.legs)
    return Before(row.status in _LET_GO, with_finance, _by_hand(file, LegState.PENDING))


async def look_for_trouble(file: CaseFile, was: Before, leg: int, outcome: PaymentOutcome) -> bool:
    """Whether finance must hear of the news that was just written down; says in the case row who has it now."""
    twice = _moving_twice(file.legs)
    alarm = leg in twice and outcome.kind in _MOVES
    if alarm:
        _note_twice(file, leg)
    taken_back = was.to_pay & _by_hand(file, LegState.FAILED)
    if taken_back and outcome.kind in _MOVES:  # somebody may have paid already, and not recorded it yet
        alarm = True
        file.note(ALARM, reason=TAKEN_BACK, facts={"provider_numbers": sorted(taken_back)})
    if was.let_go and outcome.kind is OutcomeKind.SUCCEEDED and leg not in twice:
        alarm = True
        units = "held_again" if await hold_again(file) else "taken_by_others"
        file.note(ALARM, reason=MOVED_AFTER_ALL, facts={"units": units})
    if alarm or twice or was.with_finance:
        file.change(waits_for=WaitsFor.FINANCE, assignee=FINANCE)
    elif file.row.status in OUTCOMES:
        file.change(waits_for=WaitsFor.NOBODY, assignee="")
    return alarm


def _note_twice(file: CaseFile, leg: int) -> None:
    numbers = [row.leg.provider_number for row in file.legs if row.leg.leg == leg and row.leg.state in MAY_HAVE_MOVED]
    done = leg in paid_twice((row.leg.leg, row.leg.state) for row in file.legs)
    file.note(ALARM, reason=PAID_TWICE if done else MOVING_TWICE, facts={"provider_numbers": numbers})


def _by_hand(file: CaseFile, state: LegState) -> frozenset[str]:
    legs = [row.leg for row in file.legs if row.leg.provider == BY_HAND and row.leg.state is state]
    return frozenset(leg.provider_number for leg in legs)


def _moving_twice(legs: list[LegRow]) -> frozenset[int]:
    return moving_twice((row.leg.leg, row.leg.state) for row in legs)
