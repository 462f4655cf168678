"""What a reviewer does with a case: `approve`, `reject`, `ask`, `extend`, `hand-over`, `escalate` (P2.6)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from aftersales.contract.messages import Answer, Decision
from aftersales.contract.values import CaseStatus, DecisionKind, Money
from cli.commands.answers import stored_case, tell
from cli.commands.deployment import Deployment
from cli.commands.errors import MistypedError
from cli.commands.identity import REVIEWERS, speaker_of
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
    said_in,
    typed_amount,
)
from cli.commands.screen import say
from cli.commands.speaking import spoken_by

SignalOption = Annotated[
    bool,
    typer.Option("--signal", help="Send it without waiting for an answer; it is kept even while no worker runs."),
]
ReasonCodeOption = Annotated[
    str, typer.Option("--reason-code", metavar="CODE", help="A short code for the log and for statistics.")
]


_UNDECIDED: Final = frozenset({CaseStatus.UNDER_REVIEW, CaseStatus.AWAITING_CUSTOMER, CaseStatus.PAYMENT_FAILED})


@dataclass(frozen=True)
class Reviewer:
    """Who decides which case, through which deployment, and whether an answer is waited for."""

    number: NumberArgument
    reason_code: ReasonCodeOption = ""
    actor: StaffActorOption = None
    role: StaffRoleOption = None
    by_signal: SignalOption = False
    message_id: MessageIdOption = None
    home: HomeOption = DEFAULT_HOME

    def decide(self, kind: DecisionKind, amount: TypedAmount | None = None, **said: object) -> None:
        """Send a decision of these fields. Raises whatever the program's borders explain."""
        decision = Decision.model_validate({"kind": kind, "reason_code": self.reason_code, **said})
        if self.by_signal and self.message_id:
            raise MistypedError("A signal carries no message id; leave out --message-id or --signal.")
        asyncio.run(self._send(decision, amount))

    async def _send(self, decision: Decision, amount: TypedAmount | None) -> None:
        deployment = Deployment(self.home)
        speaker = await speaker_of(deployment, self.actor, self.role, REVIEWERS)
        if amount:
            decision = decision.model_copy(update={"amount": await _money(deployment, self.number, amount)})
        client = await deployment.client(speaker)
        if self.by_signal:
            await client.review(self.number, decision, actor=speaker.actor, role=speaker.role)
            say(f"Sent. What becomes of it is shown by: aftersales show {self.number}")
            return
        answer = await client.decide(
            self.number, decision, actor=speaker.actor, role=speaker.role, message_id=self.message_id
        )
        tell(self.number, answer, what_follows(decision, answer))


def what_follows(decision: Decision, answer: Answer) -> str:
    """What comes of an act that the case accepted; its new status alone does not say."""
    match decision.kind:
        case DecisionKind.APPROVE | DecisionKind.APPROVE_PART if answer.status in _UNDECIDED:
            return "No money moves yet: a second person has to approve the same amount and destination."
        case DecisionKind.ASK:
            return "The customer is written to."
        case DecisionKind.EXTEND:
            return f"There are {decision.handling_hours} h more, and the customer is told."
        case DecisionKind.HAND_OVER:
            return f"The group {decision.hand_to} is to decide."
        case DecisionKind.ESCALATE:
            return "The supervisors are to decide."
        case _:
            return ""


async def _money(deployment: Deployment, number: str, amount: TypedAmount) -> Money:
    """The amount in its own currency, or in the case's."""
    if amount.currency:
        return amount.money(amount.currency)
    asked = (await stored_case(deployment, number)).amount
    if asked is None:
        raise MistypedError('The case has no amount yet, so write the currency, such as --amount "12.30 CNY".')
    return amount.money(asked.currency)


@spoken_by(Reviewer)
def approve(
    reviewer: Reviewer,
    *,
    items: ItemsOption = None,
    amount: AmountOption = None,
    explanation: Annotated[str, typer.Option(help="What the customer reads with it.")] = "",
) -> None:
    """Approve a case, whole or in part.

    With --item or --amount only so much of it is approved, for example: aftersales approve NUMBER --amount 12.30
    """
    typed = typed_amount(amount)
    kind = DecisionKind.APPROVE_PART if items or typed else DecisionKind.APPROVE
    reviewer.decide(kind, typed, items=items_of(items), explanation=explanation)


@spoken_by(Reviewer)
def reject(
    reviewer: Reviewer,
    *,
    explanation: Annotated[str, typer.Option(help="The reason, as the customer reads it.")],
) -> None:
    """Reject a case, with a reason for the customer."""
    reviewer.decide(DecisionKind.REJECT, explanation=said_in("--explanation", explanation))


@spoken_by(Reviewer)
def ask(
    reviewer: Reviewer,
    *,
    question: Annotated[str, typer.Option(help="What the customer is asked.")],
) -> None:
    """Ask the customer; the review clock stands still meanwhile."""
    reviewer.decide(DecisionKind.ASK, explanation=said_in("--question", question))


@spoken_by(Reviewer)
def extend(
    reviewer: Reviewer,
    *,
    hours: Annotated[int, typer.Option(min=1, max=24 * 30, help="How many hours more.")],
) -> None:
    """Take more time to decide; the customer is told."""
    reviewer.decide(DecisionKind.EXTEND, handling_hours=hours)


@spoken_by(Reviewer)
def hand_over(
    reviewer: Reviewer,
    *,
    to: Annotated[str, typer.Option(metavar="GROUP", help="Who is to decide.")],
) -> None:
    """Hand a case over to another group."""
    reviewer.decide(DecisionKind.HAND_OVER, hand_to=said_in("--to", to))


@spoken_by(Reviewer)
def escalate(reviewer: Reviewer) -> None:
    """Hand a case to the supervisors."""
    reviewer.decide(DecisionKind.ESCALATE)
