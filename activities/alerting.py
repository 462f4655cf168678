"""Telling the supervisors that the rules stopped approving (P5.1), and turning that breaker by hand.

A database step cannot send mail; the sweep looks every few minutes whether there is something to tell.
"""

from __future__ import annotations

import logging
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple, Protocol

from pydantic import Field

from activities.differences import Courier
from activities.ports import Clock, Letter, MailRefusedError, Store, Unit
from activities.precautions import Breaker
from activities.rows import AuditEntry, PlainMail
from activities.sentences import refusal
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import FreeText
from aftersales.contract.values import ErrorCode, Frozen, Language, OpaqueId, Role

BREAKER_LOG: Final = "breaker"
"""Whose operations log tells when and by whom the breaker was turned."""

MAY_TURN: Final = (Role.SUPERVISOR, Role.ADMIN)
_log = logging.getLogger(__name__)


class Turn(StrEnum):
    """What a person does with the breaker: open stops automatic approvals, closed lets them go on."""

    OPEN = "open"
    CLOSE = "close"


_LOGGED: Final = {Turn.OPEN: "breaker_opened", Turn.CLOSE: "breaker_closed"}


class BreakerTurn(Frozen):
    """Who turns the breaker and why. `account`: the actor is one of ours, who must hold the role; `channel`: the key
    that vouches for them."""

    turn: Turn
    reason: Annotated[FreeText, Field(min_length=1)]
    actor: OpaqueId
    role: Role
    account: bool = False
    channel: str = ""


async def turn_breaker(store: Store, said: BreakerTurn, now: datetime) -> bool:
    """Open or close it and write down who did; False if it stood so already. Who may not is written down, too.

    Raises AftersalesError role_not_allowed: it takes a supervisor.
    """
    try:
        async with store.begin() as unit:
            return await _turn(unit, said, now)
    except AftersalesError as error:
        await note_refusal(store, RefusedTurn(said.turn, said.reason, said.actor, said.role, said.channel), error, now)
        raise


async def _turn(unit: Unit, said: BreakerTurn, now: datetime) -> bool:
    if said.role not in MAY_TURN:
        raise AftersalesError(
            ErrorCode.ROLE_NOT_ALLOWED,
            "Only a supervisor stops or restarts automatic approval; name one, with that role.",
        )
    if said.account and not await unit.holds_role(said.actor, said.role):
        raise refusal(ErrorCode.ROLE_NOT_ALLOWED, Language.EN, key="role_not_held")
    opens = said.turn is Turn.OPEN
    turned = await unit.turn_breaker(Breaker(open=opens, why=said.reason, changed_at=now, changed_by=said.actor))
    if turned:
        done = AuditEntry(
            number=BREAKER_LOG,
            at=now,
            actor=said.actor,
            role=said.role.value,
            channel=said.channel,
            action=_LOGGED[said.turn],
            why=said.reason,
        )
        await unit.append_audit((done,))
    return turned


class RefusedTurn(NamedTuple):
    """Who wanted to turn it; `role`: the one that they named or came with."""

    turn: Turn
    reason: str
    actor: str
    role: str
    channel: str


async def note_refusal(store: Store, refused: RefusedTurn, error: AftersalesError, now: datetime) -> None:
    entry = AuditEntry(
        number=BREAKER_LOG,
        at=now,
        actor=refused.actor,
        role=refused.role,
        channel=refused.channel,
        action="refused",
        before=_LOGGED[refused.turn],
        reason=error.code.value,
        why=refused.reason,
    )
    async with store.begin() as unit:
        await unit.append_audit((entry,))


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
