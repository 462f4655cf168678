"""Telling the supervisors that the rules stopped approving (P5.1), and turning that breaker by hand.

A database step cannot send mail; the sweep looks every few minutes whether there is something to tell.
"""

from __future__ import annotations

import logging
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Protocol

from pydantic import Field

from activities.differences import Courier
from activities.ports import Clock, Letter, MailRefusedError, Unit
from activities.precautions import Breaker
from activities.rows import AuditEntry, PlainMail
from activities.sentences import refusal
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import FreeText
from aftersales.contract.values import ErrorCode, Frozen, Language, OpaqueId, Role

BREAKER_LOG: Final = "breaker"
"""Whose operations log tells when and by whom the breaker was turned."""

_MAY_TURN: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})
_log = logging.getLogger(__name__)


class Turn(StrEnum):
    """What a person does with the breaker: open stops automatic approvals, closed lets them go on."""

    OPEN = "open"
    CLOSE = "close"


class BreakerTurn(Frozen):
    """Who turns the breaker and why. `account`: the actor is one of ours, who must hold the role; `channel`: the key
    that vouches for them."""

    turn: Turn
    reason: Annotated[FreeText, Field(min_length=1)]
    actor: OpaqueId
    role: Role
    account: bool = False
    channel: str = ""


async def turn_breaker(unit: Unit, said: BreakerTurn, now: datetime) -> bool:
    """Open or close it and write down who did; False if it stood so already.

    Raises AftersalesError role_not_allowed: it takes a supervisor.
    """
    if said.role not in _MAY_TURN:
        raise AftersalesError(
            ErrorCode.ROLE_NOT_ALLOWED,
            "Only a supervisor stops or restarts automatic approval; name one, with that role.",
        )
    if said.account and not await unit.holds_role(said.actor, said.role):
        raise refusal(ErrorCode.ROLE_NOT_ALLOWED, Language.EN, key="role_not_held")
    opens = said.turn is Turn.OPEN
    turned = await unit.turn_breaker(Breaker(open=opens, why=said.reason, changed_at=now, changed_by=said.actor))
    if turned:
        await unit.append_audit((_entry(said, now),))
    return turned


def _entry(said: BreakerTurn, now: datetime) -> AuditEntry:
    return AuditEntry(
        number=BREAKER_LOG,
        at=now,
        actor=said.actor,
        role=said.role.value,
        channel=said.channel,
        action="breaker_opened" if said.turn is Turn.OPEN else "breaker_closed",
        why=said.reason,
    )


class Alarms(Protocol):
    """Whether the supervisors know that the breaker is open."""

    async def untold(self) -> Breaker | None:
        """The open breaker, if nobody was told of it yet."""
        ...

    async def mark_told(self, breaker: Breaker, at: datetime) -> None: ...


class AlarmLetters(Protocol):
    def opened(self, breaker: Breaker) -> tuple[Letter, ...]:
        """To whom it concerns; none where there is no address."""
        ...


class Alerting:
    """`host` is the domain of message ids. A mail's id is made of the moment at which the breaker was opened, so that
    one that is sent again after a crash is recognised."""

    def __init__(self, alarms: Alarms, letters: AlarmLetters, courier: Courier, clock: Clock, host: str) -> None:
        self._alarms = alarms
        self._letters = letters
        self._courier = courier
        self._clock = clock
        self._host = host

    async def tell(self) -> int:
        """Write to the supervisors once for each time the breaker opened; how many mails were handed over.

        Raises whatever kept a mail from being handed over: the next sweep tries again.
        """
        breaker = await self._alarms.untold()
        if breaker is None:
            return 0
        sent = 0
        for n, letter in enumerate(self._letters.opened(breaker), start=1):
            sent += await self._handed_over(breaker, letter, n)
        await self._alarms.mark_told(breaker, self._clock.now())
        return sent

    async def _handed_over(self, breaker: Breaker, letter: Letter, n: int) -> bool:
        assert breaker.changed_at is not None, "it was opened at a moment"
        moment = f"{breaker.changed_at:%Y%m%dT%H%M%S%f}"
        mail = PlainMail(
            message_id=f"<breaker.{moment}.{n}@{self._host}>", created_at=breaker.changed_at, **dict(letter)
        )
        try:
            await self._courier.send(mail)
        except MailRefusedError as error:
            _log.error("the mail server refused to tell %s that the breaker is open: %s", letter.recipient, error)
            return False
        return True
