"""What a customer says to a case, or somebody of the staff in their place: `supply`, `withdraw`, `appeal`, `survey`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from aftersales.contract.messages import Answer, Appeal, EvidenceSupplied, SurveyAnswer, Withdrawal
from aftersales.contract.numbers import parse_number
from aftersales.contract.values import EvidenceRef, Role
from cli.commands.answers import stored_case, tell
from cli.commands.deployment import Deployment
from cli.commands.errors import MistypedError
from cli.commands.parameters import (
    DEFAULT_HOME,
    CustomerActorOption,
    CustomerRoleOption,
    EvidenceOption,
    HomeOption,
    MessageIdOption,
    NumberArgument,
    staff_actor,
)

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


class Caller(NamedTuple):
    """Who speaks: the case's customer, unless somebody else is named."""

    home: Path
    actor: str | None
    role: Role
    message_id: str | None

    def speak(
        self, number: str, say: Callable[[Call], Awaitable[Answer]], evidence: Sequence[Path] | None = None
    ) -> None:
        """Send what `say` sends and tell the answer."""
        asyncio.run(self._speak(parse_number(number), say, evidence or ()))

    async def _speak(self, number: str, say: Callable[[Call], Awaitable[Answer]], files: Sequence[Path]) -> None:
        deployment = Deployment(self.home)
        client = await deployment.client()
        actor = self.actor if self.role is Role.CUSTOMER else staff_actor(self.actor)
        customer_id = actor if actor and not files else await _customer_of(deployment, number)
        refs = await _uploaded(deployment, number, customer_id, files)
        call = Call(client, number, actor or customer_id, self.role, self.message_id, refs)
        tell(number, await say(call))


async def _customer_of(deployment: Deployment, number: str) -> str:
    return (await stored_case(deployment, number)).start.application.customer_id


async def _uploaded(
    deployment: Deployment, number: str, customer_id: str, files: Sequence[Path]
) -> tuple[EvidenceRef, ...]:
    if not files:
        return ()
    from cli.commands.evidence import upload  # noqa: PLC0415 - loaded only where there is evidence

    return await upload(deployment, number, customer_id, files)


def supply(
    number: NumberArgument,
    *,
    evidence: EvidenceOption = None,
    note: Annotated[str, typer.Option(help="An answer or a remark, in the customer's words.")] = "",
    actor: CustomerActorOption = None,
    role: CustomerRoleOption = Role.CUSTOMER,
    message_id: MessageIdOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Supply what was asked for: evidence, an answer."""
    if not evidence and not note:
        raise MistypedError("Say with --evidence FILE or --note TEXT what is supplied.")

    async def say(call: Call) -> Answer:
        message = EvidenceSupplied(evidence=call.evidence, note=note)
        return await call.client.supply_evidence(
            call.number, message, actor=call.actor, role=call.role, message_id=call.message_id
        )

    Caller(home, actor, role, message_id).speak(number, say, evidence)


def withdraw(
    number: NumberArgument,
    *,
    explanation: Annotated[str, typer.Option(help="Why, in the customer's words.")] = "",
    actor: CustomerActorOption = None,
    role: CustomerRoleOption = Role.CUSTOMER,
    message_id: MessageIdOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Give a case up, before money moves."""
    message = Withdrawal(explanation=explanation)

    async def say(call: Call) -> Answer:
        return await call.client.withdraw(
            call.number, message, actor=call.actor, role=call.role, message_id=call.message_id
        )

    Caller(home, actor, role, message_id).speak(number, say)


def appeal(
    number: NumberArgument,
    *,
    explanation: Annotated[str, typer.Option(help="Why it should be looked at again, in the customer's words.")],
    evidence: EvidenceOption = None,
    actor: CustomerActorOption = None,
    message_id: MessageIdOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Ask once for another look at a rejection."""
    checked = Appeal(explanation=explanation)

    async def say(call: Call) -> Answer:
        message = checked.model_copy(update={"evidence": call.evidence})
        return await call.client.appeal(call.number, message, actor=call.actor, message_id=call.message_id)

    Caller(home, actor, Role.CUSTOMER, message_id).speak(number, say, evidence)


def survey(
    number: NumberArgument,
    *,
    score: Annotated[int, typer.Option(min=1, max=5, help="From 1 (bad) to 5 (good).")],
    comment: Annotated[str, typer.Option(help="How it was, in the customer's words.")] = "",
    actor: CustomerActorOption = None,
    message_id: MessageIdOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Answer the survey of a case."""
    message = SurveyAnswer(score=score, comment=comment)

    async def say(call: Call) -> Answer:
        return await call.client.answer_survey(call.number, message, actor=call.actor, message_id=call.message_id)

    Caller(home, actor, Role.CUSTOMER, message_id).speak(number, say)
