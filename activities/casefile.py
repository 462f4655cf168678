"""A case within one transaction: what it is, how it moves, and what is written together with it.

A step opens the file, moves the case and closes the file, which writes the case row and the audit entries and tells
where the case then stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from activities.ports import Unit
from activities.precautions import Approval
from activities.rows import AuditEntry, CaseRow, LegRow
from activities.types import Notify, Standing, Step, StepResult
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Answer, Proof
from aftersales.contract.values import OUTCOMES, CaseStatus, ErrorCode, Language, LegState, WaitsFor
from aftersales.contract.views import ApprovalView
from domain.rails import Ways


class Actor(NamedTuple):
    """Who did it: a proved identity, or the system; `channel`: the key that vouched for the person; `account`: an
    account of our own."""

    name: str
    role: str
    channel: str = ""
    account: bool = False


SYSTEM: Final = Actor("system", "system", "system")
NOT_PROVEN: Final = Actor("not proven", "")
AGENTS: Final = "agents"
SUPERVISORS: Final = "supervisors"
FINANCE: Final = "finance"
STATUS: Final = "status"
EXTENDED: Final = "extended"
"""Entries of the log that a workflow started anew reads the agents' clock from (`activities.resuming`)."""

GONE: Final = frozenset({LegState.FAILED, LegState.REVERSED})
"""States of a leg whose money is not with the customer and will not be under that number."""

OPEN: Final = frozenset(LegState) - GONE - {LegState.SUCCEEDED}
PAID_SHORT: Final = OUTCOMES - {CaseStatus.REFUNDED}
"""Statuses of a case of which not all, or nothing, is paid in the end."""


ANY_WAY: Final = Ways()


def role_of(group: str) -> WaitsFor:
    """Who is to act when a case is with that group of the staff; one of a shop's own is made of agents."""
    return {SUPERVISORS: WaitsFor.SUPERVISOR, FINANCE: WaitsFor.FINANCE}.get(group, WaitsFor.AGENT)


def actor_of(proof: Proof, *, account: bool = False) -> Actor:
    return Actor(proof.actor, proof.role.value, proof.key_id, account)


class CaseFile:
    """`row` and `legs` are the case as it will be stored; `legs` holds every attempt, oldest first. `ways`: how money
    can go; `approvals`: of people, those that count."""

    def __init__(self, unit: Unit, row: CaseRow, legs: tuple[LegRow, ...], now: datetime, ways: Ways = ANY_WAY) -> None:
        self.unit = unit
        self.row = row
        self.legs = list(legs)
        self.now = now
        self.ways = ways
        self.actor = SYSTEM
        self.approvals: tuple[Approval, ...] = ()
        self.is_new = False
        self._entries: list[AuditEntry] = []
        self._known_verdict = row.verdict
        self._stood = row.status

    @classmethod
    async def open(cls, unit: Unit, step: Step | Notify, ways: Ways = ANY_WAY) -> CaseFile:
        """Raises AftersalesError(case_unknown)."""
        row = await unit.case(step.number)
        if row is None:
            raise AftersalesError(
                ErrorCode.CASE_UNKNOWN,
                f"Case {step.number} is not in the database; it was never taken in, or the database was "
                "restored to an earlier moment.",
            )
        file = cls(unit, row, await unit.legs(step.number), step.now, ways)
        file.approvals = await unit.approvals(step.number)
        return file

    @classmethod
    def create(cls, unit: Unit, row: CaseRow, ways: Ways = ANY_WAY) -> CaseFile:
        file = cls(unit, row, (), row.opened_at, ways)
        file.is_new = True
        return file

    @property
    def language(self) -> Language:
        return self.row.start.application.language

    def note(
        self,
        action: str,
        *,
        before: str = "",
        after: str = "",
        reason: str = "",
        facts: Mapping[str, object] | None = None,
        actor: Actor | None = None,
        why: str = "",
    ) -> None:
        """An entry of the operations log (P6.3), written when the file is closed; by the file's actor.

        What a person wrote goes into `why`, people into the facts that `storage.people` knows: all else can never be
        erased.
        """
        by = actor or self.actor
        entry = AuditEntry(
            number=self.row.number,
            at=self.now,
            actor=by.name,
            role=by.role,
            channel=by.channel,
            action=action,
            before=before,
            after=after,
            reason=reason,
            why=why,
            facts=json.dumps(facts, sort_keys=True, ensure_ascii=False) if facts else "",
        )
        self._entries.append(entry)

    def change(self, **changes: object) -> None:
        self.row = self.row.model_copy(update=changes)

    def move(
        self,
        status: CaseStatus,
        waits_for: WaitsFor = WaitsFor.NOBODY,
        *,
        assignee: str = "",
        due_in_s: int | None = None,
        reason_code: str | None = None,
        explanation: str | None = None,
    ) -> None:
        """To another status. What is not given: nobody waits, no deadline; reason and explanation stay."""
        due_at = None if due_in_s is None else self.now + timedelta(seconds=due_in_s)
        reason_code = self.row.reason_code if reason_code is None else reason_code
        explanation = self.row.explanation if explanation is None else explanation
        if status is not self.row.status:
            self.note(STATUS, before=self.row.status.value, after=status.value, reason=reason_code)
        self.change(
            status=status,
            waits_for=waits_for,
            assignee=assignee,
            due_at=due_at,
            reason_code=reason_code,
            explanation=explanation,
        )

    def to_review(self, group: str = AGENTS, **told: str) -> None:
        """Somebody of the group is to decide, within the policy's hours (P2.7)."""
        due_in_s = self.row.timings.review_escalation_s
        self.move(CaseStatus.UNDER_REVIEW, role_of(group), assignee=group, due_in_s=due_in_s, **told)

    async def add_leg(self, leg: LegRow) -> None:
        self.legs.append(leg)
        await self.unit.insert_leg(leg)

    async def change_leg(self, row: LegRow, leg: Mapping[str, object], *, released: bool = False) -> LegRow:
        """Store another state of a leg; once released it stays so."""
        update = {"leg": row.leg.model_copy(update=dict(leg)), "released": released or row.released}
        changed = row.model_copy(update=update)
        self.legs[self.legs.index(row)] = changed
        await self.unit.update_leg(changed)
        return changed

    def present_legs(self) -> list[LegRow]:
        """The attempt of each leg that counts: one that paid, else one that may still pay, else the last."""
        present = {row.leg.leg: row for row in sorted(self.legs, key=_weight)}
        return [present[number] for number in sorted(present)]

    def paid_minor(self) -> int:
        return sum(row.leg.amount.minor for row in self.legs if row.leg.state is LegState.SUCCEEDED)

    async def close(self, answer: Answer | None = None, *, look_again: bool = False, whole: bool = False) -> StepResult:
        """Write the case row and the log, and say where the case stands; see `standing`."""
        self.change(updated_at=self.now)
        await self._give_budgets_back()
        write = self.unit.insert_case if self.is_new else self.unit.update_case
        await write(self.row)
        if self._entries:
            await self.unit.append_audit(tuple(self._entries))
        return StepResult(standing=self.standing(whole=whole), as_of=self.now, answer=answer, look_again=look_again)

    async def _give_budgets_back(self) -> None:
        """What nobody is paid of a case that is given up is other cases' to use (P5.1)."""
        given_up = self._stood in PAID_SHORT or self.row.status in PAID_SHORT or self.row.closed_at is not None
        if self.legs and given_up:
            kept = [row.leg.amount.minor for row in self.present_legs() if row.leg.state not in GONE]
            await self.unit.keep_of_budgets(self.row.number, sum(kept))

    async def accept(self, sentence: str = "") -> StepResult:
        """Close the file with a yes to whoever spoke."""
        return await self.close(Answer(accepted=True, status=self.row.status, sentence=sentence))

    def standing(self, *, whole: bool = False) -> Standing:
        """Without a verdict that the workflow knows already, unless it is to be `whole`: every step's answer stays in
        the history."""
        row = self.row
        present = self.present_legs()
        return Standing(
            status=row.status,
            waits_for=row.waits_for,
            assignee=row.assignee,
            language=self.language,
            amount=row.amount,
            break_down=row.break_down,
            legs=tuple(each.leg for each in present),
            earlier=tuple(each.leg for each in self.legs if each not in present),
            verdict=row.verdict if whole or row.verdict != self._known_verdict else None,
            timings=row.timings,
            reason_code=row.reason_code,
            explanation=row.explanation,
            appealed=row.appealed,
            survey_score=row.survey_score or 0,
            handling_hours=row.handling_hours,
            approvals=tuple(ApprovalView(actor=each.actor, role=each.role, at=each.at) for each in self.approvals),
            claimed_by=row.lease.holder if row.lease else "",
            claimed_until=row.lease.until if row.lease else None,
        )


def _weight(row: LegRow) -> tuple[bool, bool, int]:
    return row.leg.state is LegState.SUCCEEDED, row.leg.state in OPEN, row.leg.attempt
