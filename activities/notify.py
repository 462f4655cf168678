"""Telling people: each stage's letters are composed once, and each of them is sent once (P4.1, P2.7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from temporalio import activity

from activities.casefile import SUPERVISORS, CaseFile
from activities.errors import named_failures
from activities.ports import Clock, Letter, Letters, Mailer, MailRefusedError, Store, Unit
from activities.rows import Account, CaseRow, Mail, MailState
from activities.types import Notify, Stage, StepName
from aftersales.contract.values import CaseStatus, ErrorCode, WaitsFor

LADDER: Final = frozenset({Stage.REVIEW_REMINDER, Stage.HANDLING_TIME, Stage.REVIEW_ESCALATED})
"""Stages that the operations log keeps: they show that somebody was reminded in time (P2.7, P6.3)."""

_NOT_THE_CUSTOMERS_WORD: Final = frozenset(
    {
        ErrorCode.PROOF_MISSING.value,
        ErrorCode.PROOF_INVALID.value,
        ErrorCode.ROLE_NOT_ALLOWED.value,
        ErrorCode.NOT_YOUR_CASE.value,
    }
)
"""Refused applications that the customer they name may never have made; writing to them would be abuse."""


class Notifications:
    """Sends what a stage has to say; `host` is the domain of message ids.

    What a mail server refuses for good is kept as refused; any other failure is raised, so that Temporal tries again,
    and what was sent by then is not sent again. What would not be written any more, since it became untrue while a mail
    server was away or a worker was killed, is not sent at all (P4.1).
    """

    def __init__(self, store: Store, letters: Letters, mailer: Mailer, clock: Clock, host: str) -> None:
        self._store = store
        self._letters = letters
        self._mailer = mailer
        self._clock = clock
        self._host = host

    @activity.defn(name=StepName.NOTIFY.value)
    async def notify(self, order: Notify) -> None:
        """Raises ApplicationError case_unknown, and whatever kept a mail from being handed over."""
        with named_failures():
            async with self._store.begin() as unit:
                mails = await unit.mails(order.number, order.stage, order.round)
                if not mails:
                    mails = await self._compose(unit, order)
                elif _waits(mails):
                    mails = await self._brought_up_to_date(unit, order, mails)
            for mail in mails:
                if mail.state is MailState.QUEUED:
                    await self._send(mail)

    async def _compose(self, unit: Unit, order: Notify) -> tuple[Mail, ...]:
        file = await CaseFile.open(unit, order)
        letters = await self._written(file, order)
        mails = await self._put_down(unit, order, letters, first=1)
        if order.stage in LADDER and file.row.status is CaseStatus.UNDER_REVIEW:
            await _climb(file, order)
        return mails

    async def _brought_up_to_date(self, unit: Unit, order: Notify, mails: tuple[Mail, ...]) -> tuple[Mail, ...]:
        """What would not be written any more stays in. Whom nothing has reached yet is told what is to be said instead:
        an approval, say, without the news beside it that are old by now."""
        letters = await self._written(await CaseFile.open(unit, order), order)
        said = {(letter.recipient, letter.subject) for letter in letters}
        kept = [mail for mail in mails if _holds(mail, said)]
        for mail in mails:
            if mail not in kept:
                await unit.update_mail(mail.model_copy(update={"state": MailState.OVERTAKEN}))
        reached = {mail.recipient for mail in kept}
        instead = [letter for letter in letters if letter.recipient not in reached]
        return (*kept, *await self._put_down(unit, order, instead, first=len(mails) + 1))

    async def _written(self, file: CaseFile, order: Notify) -> tuple[Letter, ...]:
        """What the stage has to say by now."""
        account = await _account(file.unit, file.row)
        case = file.row.model_copy(update={"break_down": order.break_down or file.row.break_down})
        legs = tuple(file.legs if order.stage is Stage.PAYMENT_BLOCKED else file.present_legs())
        return self._letters.compose(order, case, account, legs)

    async def _put_down(self, unit: Unit, order: Notify, letters: Iterable[Letter], *, first: int) -> tuple[Mail, ...]:
        mails = tuple(self._mail(order, letter, n) for n, letter in enumerate(letters, start=first))
        for mail in mails:
            await unit.insert_mail(mail)
        return mails

    def _mail(self, order: Notify, letter: Letter, n: int) -> Mail:
        return Mail(
            message_id=f"<{order.number}.{order.stage.value}.{order.round}.{n}@{self._host}>",
            number=order.number,
            stage=order.stage,
            round=order.round,
            recipient=letter.recipient,
            language=letter.language,
            subject=letter.subject,
            body=letter.body,
            created_at=order.now,
        )

    async def _send(self, mail: Mail) -> None:
        try:
            await self._mailer.send(mail)
        except MailRefusedError as error:
            changed = mail.model_copy(update={"state": MailState.REFUSED, "failure": str(error)})
        else:
            changed = mail.model_copy(update={"state": MailState.SENT, "sent_at": self._clock.now()})
        async with self._store.begin() as unit:
            await unit.update_mail(changed)


def _waits(mails: tuple[Mail, ...]) -> bool:
    return any(mail.state is MailState.QUEUED for mail in mails)


def _holds(mail: Mail, said: set[tuple[str, str]]) -> bool:
    """Whether it is out already, or may go out as it is; what was dropped once stays so."""
    if mail.state is MailState.OVERTAKEN:
        return False
    return mail.state is not MailState.QUEUED or (mail.recipient, mail.subject) in said


async def _account(unit: Unit, case: CaseRow) -> Account:
    """The customer as the order knows them, without an address when nobody proved to be them."""
    application = case.start.application
    buyer = await unit.buyer(application.order_id)
    nobody = Account(customer_id=application.customer_id, language=application.language)
    if buyer is None or buyer.customer_id != application.customer_id:
        return nobody
    # Of a guest nothing was proved before the order was shown to be theirs.
    unproved = buyer.guest and (case.status is CaseStatus.RECEIVED or case.reason_code == ErrorCode.ORDER_UNKNOWN)
    return nobody if unproved or case.reason_code in _NOT_THE_CUSTOMERS_WORD else buyer


async def _climb(file: CaseFile, order: Notify) -> None:
    """The log entry of a rung; the last one makes the case the supervisors' (P2.7)."""
    escalates = order.stage is Stage.REVIEW_ESCALATED
    file.note(order.stage.value, after=SUPERVISORS if escalates else "")
    if escalates:
        file.change(waits_for=WaitsFor.SUPERVISOR, assignee=SUPERVISORS)
    await file.close()
