"""What a reviewer does with a case: `approve`, `reject`, `ask`, `extend`, `hand-over`, `escalate` (P2.6)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from aftersales.contract.messages import Decision
from aftersales.contract.numbers import parse_number
from aftersales.contract.values import DecisionKind, Money, Role
from cli.commands.answers import stored_case, tell
from cli.commands.deployment import Deployment
from cli.commands.errors import MistypedError
from cli.commands.parameters import (
    DEFAULT_HOME,
    AmountOption,
    HomeOption,
    ItemsOption,
    MessageIdOption,
    NumberArgument,
    StaffActorOption,
    StaffRoleOption,
    TypedAmount,
    items_of,
    staff_actor,
)
from cli.commands.screen import say

SignalOption = Annotated[
    bool,
    typer.Option("--signal", help="Send it without waiting for an answer; it is kept even while no worker runs."),
]
ReasonCodeOption = Annotated[
    str, typer.Option("--reason-code", metavar="CODE", help="A short code for the log and for statistics.")
]


class Reviewer(NamedTuple):
    """Who decides, through which deployment, and whether an answer is waited for."""

    home: Path
    actor: str | None
    role: Role
    by_signal: bool
    message_id: str | None

    def decide(self, number: str, amount: str | None = None, **said: object) -> None:
        """Send a decision of these fields. Raises whatever the program's borders explain."""
        number = parse_number(number)
        decision = Decision.model_validate(said)
        if self.by_signal and self.message_id:
            raise MistypedError("A signal carries no message id; leave out --message-id or --signal.")
        typed = TypedAmount(amount) if amount else None
        asyncio.run(self._send(number, decision, typed))

    async def _send(self, number: str, decision: Decision, amount: TypedAmount | None) -> None:
        deployment, actor = Deployment(self.home), staff_actor(self.actor)
        if amount:
            decision = decision.model_copy(update={"amount": await _money(deployment, number, amount)})
        client = await deployment.client()
        if self.by_signal:
            await client.review(number, decision, actor=actor, role=self.role)
            say(f"Sent. What becomes of it is shown by: aftersales show {number}")
            return
        answer = await client.decide(number, decision, actor=actor, role=self.role, message_id=self.message_id)
        tell(number, answer)


async def _money(deployment: Deployment, number: str, amount: TypedAmount) -> Money:
    """The amount in its own currency, or in the case's."""
    if amount.currency:
        return amount.money(amount.currency)
    asked = (await stored_case(deployment, number)).amount
    if asked is None:
        raise MistypedError('The case has no amount yet, so write the currency, such as --amount "12.30 CNY".')
    return amount.money(asked.currency)


def approve(
    number: NumberArgument,
    *,
    items: ItemsOption = None,
    amount: AmountOption = None,
    explanation: Annotated[str, typer.Option(help="What the customer reads with it.")] = "",
    reason_code: ReasonCodeOption = "",
    actor: StaffActorOption = None,
    role: StaffRoleOption = Role.AGENT,
    by_signal: SignalOption = False,
    message_id: MessageIdOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Approve a case, whole or in part.

    With --item or --amount only so much of it is approved, for example: aftersales approve NUMBER --amount 12.30
    """
    kind = DecisionKind.APPROVE_PART if items or amount else DecisionKind.APPROVE
    reviewer = Reviewer(home, actor, role, by_signal, message_id)
    reviewer.decide(number, amount, kind=kind, items=items_of(items), explanation=explanation, reason_code=reason_code)


def reject(
    number: NumberArgument,
    *,
    explanation: Annotated[str, typer.Option(help="The reason, as the customer reads it.")],
    reason_code: ReasonCodeOption = "",
    actor: StaffActorOption = None,
    role: StaffRoleOption = Role.AGENT,
    by_signal: SignalOption = False,
    message_id: MessageIdOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Reject a case, with a reason for the customer."""
    reviewer = Reviewer(home, actor, role, by_signal, message_id)
    reviewer.decide(number, kind=DecisionKind.REJECT, explanation=explanation, reason_code=reason_code)


def ask(
    number: NumberArgument,
    *,
    question: Annotated[str, typer.Option(help="What the customer is asked.")],
    reason_code: ReasonCodeOption = "",
    actor: StaffActorOption = None,
    role: StaffRoleOption = Role.AGENT,
    by_signal: SignalOption = False,
    message_id: MessageIdOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Ask the customer; the review clock stands still meanwhile."""
    reviewer = Reviewer(home, actor, role, by_signal, message_id)
    reviewer.decide(number, kind=DecisionKind.ASK, explanation=question, reason_code=reason_code)


def extend(
    number: NumberArgument,
    *,
    hours: Annotated[int, typer.Option(min=1, max=24 * 30, help="How many hours more.")],
    reason_code: ReasonCodeOption = "",
    actor: StaffActorOption = None,
    role: StaffRoleOption = Role.AGENT,
    by_signal: SignalOption = False,
    message_id: MessageIdOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Take more time to decide; the customer is told."""
    reviewer = Reviewer(home, actor, role, by_signal, message_id)
    reviewer.decide(number, kind=DecisionKind.EXTEND, handling_hours=hours, reason_code=reason_code)


def hand_over(
    number: NumberArgument,
    *,
    to: Annotated[str, typer.Option(metavar="GROUP", help="Who is to decide.")],
    reason_code: ReasonCodeOption = "",
    actor: StaffActorOption = None,
    role: StaffRoleOption = Role.AGENT,
    by_signal: SignalOption = False,
    message_id: MessageIdOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Hand a case over to another group."""
    reviewer = Reviewer(home, actor, role, by_signal, message_id)
    reviewer.decide(number, kind=DecisionKind.HAND_OVER, hand_to=to, reason_code=reason_code)


def escalate(
    number: NumberArgument,
    *,
    reason_code: ReasonCodeOption = "",
    actor: StaffActorOption = None,
    role: StaffRoleOption = Role.AGENT,
    by_signal: SignalOption = False,
    message_id: MessageIdOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Hand a case to the supervisors."""
    reviewer = Reviewer(home, actor, role, by_signal, message_id)
    reviewer.decide(number, kind=DecisionKind.ESCALATE, reason_code=reason_code)
