"""The database steps of a case, under the names the workflow calls them by. Each is one transaction, done once."""

from __future__ import annotations

from functools import partial
from typing import Final

from temporalio import activity

from activities.assessment import Rules
from activities.casefile import ANY_WAY
from activities.ending import end
from activities.enquiring import NoEnquiries
from activities.errors import named_failures
from activities.intake import take_in
from activities.listening import RefusedError, listen, record_refusal
from activities.particulars import Enquiries
from activities.ports import Store
from activities.resuming import take_up, taken_up_by
from activities.rulings import Policies
from activities.settling import record_payment
from activities.stepping import input_digest, once
from activities.types import Elapse, Intake, RecordMessage, RecordPayment, StepName, StepResult
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode
from aftersales.proof import Keyring
from domain.rails import Ways

NOBODY_TO_ASK: Final = NoEnquiries()


class CaseSteps:
    """Every step raises ApplicationError: step_conflict and case_unknown are final, what is unknown is retried."""

    def __init__(
        self,
        store: Store,
        policies: Policies,
        keyring: Keyring,
        ways: Ways = ANY_WAY,
        enquiries: Enquiries = NOBODY_TO_ASK,
    ) -> None:
        self._store = store
        self._policies = policies
        self._keyring = keyring
        self._ways = ways
        self._enquiries = enquiries

    @activity.defn(name=StepName.INTAKE.value)
    async def intake(self, step: Intake) -> StepResult:
        """Verify, claim the request key, look the order up, assess, reserve if approved (P1.3, P2.1).

        A round that another life of the case has done makes this one go on where that one stopped (R17).
        """
        with named_failures():
            act = partial(
                take_in,
                step=step,
                rules=await self._rules(step),
                policies=self._policies,
                keyring=self._keyring,
                ways=self._ways,
            )
            result = await once(self._store, StepName.INTAKE, step, act)
            if result.life == step.life:
                return result
            return await once(self._store, taken_up_by(step.life), step, partial(take_up, step=step))

    async def _rules(self, step: Intake) -> Rules:
        """Asked for before the transaction, which is not to wait for other systems."""
        return Rules(
            policy=await self._policies.in_force(step.now),
            shadow=await self._policies.shadow(),
            particulars=await self._enquiries.about(step.start.application),
        )

    @activity.defn(name=StepName.RECORD_MESSAGE.value)
    async def record_message(self, step: RecordMessage) -> StepResult:
        """Verify and record what a person said, and do what follows; a refusal is an answer (P2.6).

        A crash may cut a workflow task off whose message is recorded here already, and the engine bring another one
        first when it begins again: that one is recorded beside it, and meets the case where the other has left it.
        """
        with named_failures():
            try:
                return await self._record_message(StepName.RECORD_MESSAGE, step)
            except AftersalesError as taken:
                if taken.code is not ErrorCode.STEP_CONFLICT:
                    raise
                return await self._record_message(f"{StepName.RECORD_MESSAGE.value} {input_digest(step)}", step)

    async def _record_message(self, name: str, step: RecordMessage) -> StepResult:
        try:
            act = partial(listen, step=step, policies=self._policies, keyring=self._keyring, ways=self._ways)
            return await once(self._store, name, step, act)
        except RefusedError as refused:
            act = partial(record_refusal, step=step, refused=refused, keyring=self._keyring)
            return await once(self._store, name, step, act)

    @activity.defn(name=StepName.RECORD_PAYMENT.value)
    async def record_payment(self, step: RecordPayment) -> StepResult:
        """What became of a leg, with its postings (P3.3)."""
        with named_failures():
            act = partial(record_payment, step=step, ways=self._ways)
            return await once(self._store, StepName.RECORD_PAYMENT, step, act)

    @activity.defn(name=StepName.ELAPSE.value)
    async def elapse(self, step: Elapse) -> StepResult:
        """A wait ran out: the case expires, or is closed."""
        with named_failures():
            return await once(self._store, StepName.ELAPSE, step, partial(end, step=step))
