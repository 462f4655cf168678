"""What a backend service does with refund cases: start them, speak to them, follow and find them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Unpack

from pydantic import TypeAdapter
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.service import TLSConfig

from aftersales import connection, search
from aftersales.contract.errors import AftersalesError
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import (
    Answer,
    Appeal,
    Application,
    CaseStart,
    Claim,
    Decision,
    EvidenceSupplied,
    HandPayment,
    PaymentChanged,
    PayoutChoice,
    Proven,
    SurveyAnswer,
    Withdrawal,
)
from aftersales.contract.numbers import number_for, parse_number
from aftersales.contract.values import ErrorCode, OpaqueId, Role
from aftersales.contract.views import CaseView
from aftersales.encryption import EncryptionSettings
from aftersales.following import Follower, Glance
from aftersales.line import CALL_LIMIT_S, Line
from aftersales.proof import MessageT, Signer
from aftersales.starting import start_case

ANSWER_LIMIT_S = 8.0
PATIENCE_S = 60.0
_VIEW_ADVICE = "Its state can be read again as soon as a worker runs; what was sent to it is kept."
_OPAQUE_ID: TypeAdapter[str] = TypeAdapter(OpaqueId)


class AfterSales:
    """Refund cases, as one calling service sees them.

    Every method raises AftersalesError, whose `code` is stable and whose text is one readable sentence; a
    malformed argument raises pydantic.ValidationError, which names the field. Numbers may be given as a
    person typed them. All calls are bounded: `engine_unavailable` comes within about three seconds,
    `nobody_answers` after `answer_limit_s`.
    """

    def __init__(
        self,
        client: Client,
        *,
        caller: str,
        key: Signer,
        answer_limit_s: float = ANSWER_LIMIT_S,
        call_limit_s: float = CALL_LIMIT_S,
    ) -> None:
        """Use a Temporal client that exists; it must convert pydantic models (see `aftersales.connect`).

        `caller` names the calling service: with a request key it identifies an application. `key` signs what
        the service says for the people it has authenticated: its `ProofKey`, or any other `Signer`. A server that
        is further away than the next rack may be given more than `call_limit_s` for what it answers by itself.
        """
        self._caller = _OPAQUE_ID.validate_python(caller)
        self._key = key
        self._line = Line(client, answer_limit_s, call_limit_s)

    @classmethod
    async def connect(
        cls,
        *,
        caller: str,
        key: Signer,
        address: str | None = None,
        namespace: str | None = None,
        api_key: str | None = None,
        tls: bool | TLSConfig | None = None,
        profile: str | None = None,
        data_converter: DataConverter = pydantic_data_converter,
        encryption: EncryptionSettings | None = None,
        answer_limit_s: float = ANSWER_LIMIT_S,
    ) -> AfterSales:
        """Connect as the environment says (see `aftersales.connect`); arguments take precedence.

        Raises AftersalesError(engine_unavailable) within about three seconds.
        """
        client = await connection.connect(
            address=address,
            namespace=namespace,
            api_key=api_key,
            tls=tls,
            profile=profile,
            identity=f"{caller}@{socket.gethostname()}",
            data_converter=data_converter,
            encryption=encryption,
        )
        return cls(client, caller=caller, key=key, answer_limit_s=answer_limit_s)

    async def apply(
        self,
        application: Application,
        *,
        request_key: str,
        actor: str | None = None,
        role: Role = Role.CUSTOMER,
    ) -> str:
        """Start a case and return its application number (P1.2); it is kept even while no worker runs.

        The same `request_key` (at most 200 characters) with the same content gives the same number and no
        second case. Whoever applies in a customer's place is named by `actor` and `role`.

        Raises AftersalesError: request_key_reused (the key stands for another application),
        role_not_allowed, proof_missing (a role other than customer without an actor), engine_unavailable.
        """
        number = number_for(self._caller, request_key)
        sender = actor or (application.customer_id if role is Role.CUSTOMER else None)
        if sender is None:
            raise AftersalesError(
                ErrorCode.PROOF_MISSING, f"An application in the role {role.value} needs `actor`: say who it is."
            )
        signed = await self._signed(application, number, sender, role)
        await start_case(
            self._line,
            CaseStart(number=number, caller=self._caller, request_key=request_key, application=signed),
        )
        return number

    async def review(self, number: str, decision: Decision, *, actor: str, role: Role = Role.AGENT) -> None:
        """Send a decision without waiting for an answer (P2.6); it is kept even while no worker runs.

        Raises AftersalesError: number_invalid, case_unknown, case_closed, decision_incomplete,
        role_not_allowed, engine_unavailable.
        """
        number = parse_number(number)
        signed = await self._signed(_complete(decision), number, actor, role)
        await self._line.send(self._line.case(number).signal(RefundCaseHandle.review, signed), number)

    async def payment_changed(self, number: str, hint: PaymentChanged) -> None:
        """Tell a case that a provider has news; kept even while no worker runs. The case asks the provider."""
        number = parse_number(number)
        await self._line.send(self._line.case(number).signal(RefundCaseHandle.payment_changed, hint), number)

    async def decide(
        self,
        number: str,
        decision: Decision,
        *,
        actor: str,
        role: Role = Role.AGENT,
        message_id: str | None = None,
    ) -> Answer:
        """Send a decision and wait for the answer (P2.6). A refusal by the rules is an Answer too.

        The same `message_id` twice is answered once, with the first answer. Raises AftersalesError:
        nobody_answers, number_invalid, case_unknown, case_closed, decision_incomplete, role_not_allowed,
        engine_unavailable.
        """
        return await self._update("decide", number, _complete(decision), actor, role, message_id)

    async def supply_evidence(
        self,
        number: str,
        message: EvidenceSupplied,
        *,
        actor: str,
        role: Role = Role.CUSTOMER,
        message_id: str | None = None,
    ) -> Answer:
        """Hand in what the case asked for (P2.2). Answers and errors as for `decide`."""
        return await self._update("supply_evidence", number, message, actor, role, message_id)

    async def withdraw(
        self,
        number: str,
        message: Withdrawal | None = None,
        *,
        actor: str,
        role: Role = Role.CUSTOMER,
        message_id: str | None = None,
    ) -> Answer:
        """Give a case up, wherever nothing irreversible has happened. Answers and errors as for `decide`."""
        said = message or Withdrawal()
        return await self._update("withdraw", number, said, actor, role, message_id)

    async def appeal(
        self,
        number: str,
        message: Appeal,
        *,
        actor: str,
        role: Role = Role.CUSTOMER,
        message_id: str | None = None,
    ) -> Answer:
        """Ask once for another look at a rejection (P2.8). Answers and errors as for `decide`."""
        return await self._update("appeal", number, message, actor, role, message_id)

    async def answer_survey(
        self,
        number: str,
        message: SurveyAnswer,
        *,
        actor: str,
        role: Role = Role.CUSTOMER,
        message_id: str | None = None,
    ) -> Answer:
        """Say how it was (P4.2). Answers and errors as for `decide`."""
        return await self._update("answer_survey", number, message, actor, role, message_id)

    async def choose_payout(
        self,
        number: str,
        message: PayoutChoice,
        *,
        actor: str,
        role: Role = Role.CUSTOMER,
        message_id: str | None = None,
    ) -> Answer:
        """Say where money is to go that cannot go back the way it came (P3.2). Answers and errors as for `decide`."""
        return await self._update("choose_payout", number, message, actor, role, message_id)

    async def record_hand_payment(
        self,
        number: str,
        message: HandPayment,
        *,
        actor: str,
        role: Role = Role.FINANCE,
        message_id: str | None = None,
    ) -> Answer:
        """Record what finance did about a payment without an interface (P3.3). Answers and errors as for `decide`."""
        return await self._update("record_hand_payment", number, message, actor, role, message_id)

    async def claim(
        self,
        number: str,
        message: Claim | None = None,
        *,
        actor: str,
        role: Role = Role.AGENT,
        message_id: str | None = None,
    ) -> Answer:
        """Keep others from deciding the case for a while, or let it go (P6.2). Answers and errors as for `decide`."""
        return await self._update("claim", number, message or Claim(), actor, role, message_id)

    async def view(self, number: str) -> CaseView:
        """The case as its workflow knows it; each call is billed, so pages read the database instead.

        Raises AftersalesError: nobody_answers, number_invalid, case_unknown, engine_unavailable.
        """
        number = parse_number(number)
        return await self._line.ask(self._line.case(number).query(RefundCaseHandle.view), number, _VIEW_ADVICE)

    async def follow(
        self, number: str, *, until_closed: bool = False, patience_s: float | None = PATIENCE_S
    ) -> AsyncIterator[CaseView]:
        """The case now and at each change of status, until it has an outcome (or until it is closed).

        Looks at the status attribute, which is free and needs no worker, after 0.1 s at first and every 2 s in
        the end, and asks for the view only on a change; statuses between two looks are not shown. Puts up
        with a worker or a server that is down for `patience_s` seconds (None: for ever), then raises
        AftersalesError: nobody_answers or engine_unavailable; case_unknown and number_invalid at once.
        """
        async for view in self._follower(parse_number(number), patience_s).views(until_closed=until_closed):
            yield view

    async def result(
        self, number: str, *, timeout: float | None = None, patience_s: float | None = PATIENCE_S
    ) -> CaseView:
        """The case at its outcome, weeks before it closes; `timeout` in seconds.

        Raises TimeoutError; AftersalesError as `follow`, and case_closed if its workflow was ended by force.
        """
        number = parse_number(number)
        try:
            async with asyncio.timeout(timeout):
                return await self._follower(number, patience_s).outcome(number)
        except TimeoutError as error:
            raise TimeoutError(f"Case {number} has no outcome after {timeout:g} seconds.") from error

    async def find(self, *, limit: int = 100, **filters: Unpack[search.Filters]) -> AsyncIterator[search.FoundCase]:
        """Cases for which all of the given filters hold, newest first, at most `limit`.

        Filters: status, kind, reason, order_id, customer_id, assignee, open_only. The index is up to a second
        behind, so a case just started may be missing. Needs no worker.
        """
        async for execution in self._line.executions(search.query_for(**filters), limit):
            yield search.row_of(execution)

    async def _update(
        self,
        update: str,
        number: str,
        message: Proven,
        actor: str,
        role: Role,
        message_id: str | None,
    ) -> Answer:
        number = parse_number(number)
        signed = await self._signed(message, number, actor, role)
        # The nonce is as unique as the message, and the SDK's own retries carry the same one.
        update_id = message_id or (signed.proof.nonce if signed.proof else None)
        call = self._line.case(number).execute_update(update, signed, id=update_id, result_type=Answer)
        return await self._line.ask(call, number, _unanswered_advice(update_id))

    async def _signed(self, message: MessageT, number: str, actor: str, role: Role) -> MessageT:
        return await self._key.signed(message, number=number, actor=_OPAQUE_ID.validate_python(actor), role=role)

    def _follower(self, number: str, patience_s: float | None) -> Follower:
        async def look() -> Glance:
            return Glance.at(await self._line.describe(number))

        return Follower(look, lambda: self.view(number), patience_s)


def _complete(decision: Decision) -> Decision:
    # A signal has no answer, so what is missing must be said before it is sent.
    if missing := decision.missing_field():
        raise AftersalesError(
            ErrorCode.DECISION_INCOMPLETE,
            f"A decision to {decision.kind.value} needs {missing}; nothing was sent.",
        )
    return decision


def _unanswered_advice(message_id: str | None) -> str:
    # Temporal holds an update in memory for a while and may yet deliver it: nothing is recorded, nor ruled out.
    return (
        "The message was not recorded so far and may be lost: send it again with "
        f"message_id={message_id!r}, which makes it count once at most, or send a decision as `review`, which "
        "is kept until a worker runs."
    )
