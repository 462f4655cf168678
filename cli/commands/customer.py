"""What a customer says to a case, or somebody of the staff in their place: `supply`, `withdraw`, `appeal`, `survey`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from aftersales.contract.messages import Answer, Appeal, EvidenceSupplied, SurveyAnswer, Withdrawal
from aftersales.contract.values import EvidenceRef, Role
from cli.commands.answers import stored_case, tell
from cli.commands.deployment import Deployment
from cli.commands.errors import MistypedError
from cli.commands.identity import spokesman_of
from cli.commands.parameters import (
    DEFAULT_HOME,
    CustomerActorOption,
    CustomerRoleOption,
    EvidenceOption,
    HomeOption,
    MessageIdOption,
    NumberArgument,
    said_in,
)
from cli.commands.speaking import spoken_by

if TYPE_CHECKING:
    from aftersales.client import AfterSales


class Call(NamedTuple):
    """One message on its way: to which case, by whom, with which evidence uploaded before."""

    client: AfterSales
    number: str
    actor: str
    role: Role
    message_id: str | None
    evidence: tuple[EvidenceRef, ...]


Send = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True)
class Customer:
    """Who speaks: the case's customer, unless another one is named."""

    number: NumberArgument
    actor: CustomerActorOption = None
    message_id: MessageIdOption = None
    home: HomeOption = DEFAULT_HOME

    def says(self, send: Send, evidence: Sequence[Path] | None = None, role: Role | None = Role.CUSTOMER) -> None:
        """Send what `send` sends and tell the answer."""
        asyncio.run(self._say(send, evidence or (), role))

    async def _say(self, send: Send, files: Sequence[Path], role: Role | None) -> None:
        deployment = Deployment(self.home)
        speaker = await spokesman_of(deployment, self.actor, role)
        client = await deployment.client(speaker)
        actor, as_role = speaker[:2] if speaker else (self.actor, Role.CUSTOMER)
        customer_id = actor if actor and not files else await _customer_of(deployment, self.number)
        refs = await _uploaded(deployment, self.number, customer_id, files)
        tell(self.number, await send(Call(client, self.number, actor or customer_id, as_role, self.message_id, refs)))


async def _customer_of(deployment: Deployment, number: str) -> str:
    return (await stored_case(deployment, number)).start.application.customer_id


async def _uploaded(
    deployment: Deployment, number: str, customer_id: str, files: Sequence[Path]
) -> tuple[EvidenceRef, ...]:
    if not files:
        return ()
    from cli.commands.evidence import upload  # noqa: PLC0415 - loaded only where there is evidence

    return await upload(deployment, number, customer_id, files)


@spoken_by(Customer)
def supply(
    customer: Customer,
    *,
    evidence: EvidenceOption = None,
    note: Annotated[str, typer.Option(help="An answer or a remark, in the customer's words.")] = "",
    role: CustomerRoleOption = None,
) -> None:
    """Supply what was asked for: evidence, an answer."""
    if not evidence and not note.strip():
        raise MistypedError("Say with --evidence FILE or --note TEXT what is supplied.")

    async def send(call: Call) -> Answer:
        message = EvidenceSupplied(evidence=call.evidence, note=note)
        return await call.client.supply_evidence(
            call.number, message, actor=call.actor, role=call.role, message_id=call.message_id
        )

    customer.says(send, evidence, role)


@spoken_by(Customer)
def withdraw(
    customer: Customer,
    *,
    explanation: Annotated[str, typer.Option(help="Why, in the customer's words.")] = "",
    role: CustomerRoleOption = None,
) -> None:
    """Give a case up, before money moves."""
    message = Withdrawal(explanation=explanation)

    async def send(call: Call) -> Answer:
        return await call.client.withdraw(
            call.number, message, actor=call.actor, role=call.role, message_id=call.message_id
        )

    customer.says(send, role=role)


@spoken_by(Customer)
def appeal(
    customer: Customer,
    *,
    explanation: Annotated[str, typer.Option(help="Why it should be looked at again, in the customer's words.")],
    evidence: EvidenceOption = None,
) -> None:
    """Ask once for another look at a rejection."""
    checked = Appeal(explanation=said_in("--explanation", explanation))

    async def send(call: Call) -> Answer:
        message = checked.model_copy(update={"evidence": call.evidence})
        return await call.client.appeal(call.number, message, actor=call.actor, message_id=call.message_id)

    customer.says(send, evidence)


@spoken_by(Customer)
def survey(
    customer: Customer,
    *,
    score: Annotated[int, typer.Option(min=1, max=5, help="From 1 (bad) to 5 (good).")],
    comment: Annotated[str, typer.Option(help="How it was, in the customer's words.")] = "",
) -> None:
    """Answer the survey of a case."""
    message = SurveyAnswer(score=score, comment=comment)

    async def send(call: Call) -> Answer:
        return await call.client.answer_survey(call.number, message, actor=call.actor, message_id=call.message_id)

    customer.says(send)
