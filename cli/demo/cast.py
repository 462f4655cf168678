"""The people and the provider of a scene: what each of them can do to a case, through the doors they really use."""

from __future__ import annotations

import asyncio
import html
import random
import re
import struct
import zlib
from collections.abc import Callable
from typing import Any, Final

import httpx2

from aftersales.client import AfterSales
from aftersales.contract.messages import Appeal, Decision, EvidenceSupplied, HandPayment, Withdrawal
from aftersales.contract.values import (
    CaseStatus,
    DecisionKind,
    ErrorCode,
    EvidenceRef,
    HandPaymentAct,
    LegState,
    PayoutMethod,
    Role,
)
from cli.commands.evidence import ticket_for
from cli.home import LINK_KEY_ID, Home
from cli.stack import Stack
from domain.chargebacks import ChargebackState
from integrations.links import LinkKey, LinkSigner
from integrations.mail_folder import read_mails
from storage.reading import CaseRecord, Reading
from storage.risk import RiskBook

PATIENCE_S: Final = 90
LOOK_EVERY_S: Final = 0.25
MOST_DISPUTES: Final = 100
SQUARES: Final = 9
SIDE: Final = 80
"""Squares of a picture in a row, and pixels of each."""


class SceneError(Exception):
    """A scene did not go as it must; `str(error)` says what was seen instead."""


class Cast:
    """One customer's case and everybody around it."""

    def __init__(
        self, stack: Stack, client: AfterSales, reading: Reading, risks: RiskBook, sandbox: httpx2.AsyncClient
    ) -> None:
        self.client = client
        self._risks = risks
        self._home: Home = stack.options.home
        self._portal = stack.addresses.portal
        self._reading = reading
        self._sandbox = sandbox

    # --- looking --------------------------------------------------------------------------------------

    async def record(self, number: str) -> CaseRecord | None:
        return await self._reading.case(number)

    async def reach(self, number: str, status: CaseStatus) -> None:
        """Wait until the case has this status. Raises SceneError after a bounded time."""
        await self._until(number, lambda case: case.case.status is status, status.value)

    async def leg_is(self, number: str, state: LegState) -> None:
        await self._until(
            number, lambda case: any(leg.leg.state is state for leg in case.legs), f"a payment that is {state.value}"
        )

    async def told(self, number: str, stage: str) -> None:
        """Wait until the letters of a stage are out."""
        await self._until(
            number,
            lambda case: any(mail.stage.value == stage and mail.sent_at for mail in case.mails),
            f"mail: {stage}",
        )

    async def _until(self, number: str, holds: Callable[[CaseRecord], bool], wanted: str) -> None:
        record: CaseRecord | None = None
        for _ in range(int(PATIENCE_S / LOOK_EVERY_S)):
            record = await self.record(number)
            if record and holds(record):
                return
            await asyncio.sleep(LOOK_EVERY_S)
        seen = record.case.status.value if record else "not stored"
        raise SceneError(f"{number}: waited for {wanted}, but it is {seen}")

    # --- customers ------------------------------------------------------------------------------------

    async def photograph(self, number: str, customer: str) -> None:
        """Upload a picture by a ticket and tell the case of it."""
        ref = await self.upload(number, customer, picture(seed=number))
        await self.client.supply_evidence(number, EvidenceSupplied(evidence=(ref,)), actor=customer)

    async def upload(self, number: str, customer: str, content: bytes) -> EvidenceRef:
        signer = LinkSigner([LinkKey(key_id=LINK_KEY_ID, secret=self._home.secrets().link)])
        token = signer.upload_token(ticket_for(number, customer))
        async with httpx2.AsyncClient(base_url=self._portal, timeout=30) as portal:
            answer = await portal.post(f"/evidence/{token}", content=content, headers={"content-type": "image/png"})
        answer.raise_for_status()
        return EvidenceRef.model_validate(answer.json())

    async def answer_survey(self, number: str, score: int, comment: str) -> None:
        """Open the link in the survey mail and send the form, as a browser would."""
        link = await self._link_in_mail(number, "survey")
        async with httpx2.AsyncClient(timeout=30) as browser:
            (await browser.get(link)).raise_for_status()
            answer = await browser.post(link, data={"score": str(score), "comment": comment})
        answer.raise_for_status()

    async def _link_in_mail(self, number: str, page: str) -> str:
        for _ in range(int(PATIENCE_S / LOOK_EVERY_S)):
            mails = await asyncio.to_thread(read_mails, self._home.mails)
            for mail in mails:
                found = re.search(rf"https?://\S+/{page}/\S+", mail.body)
                if mail.number == number and found:
                    return found.group().rstrip(".。）)")
            await asyncio.sleep(LOOK_EVERY_S)
        raise SceneError(f"{number}: the mail with the {page} link did not come")

    async def withdraw(self, number: str, customer: str) -> None:
        await self.client.withdraw(number, Withdrawal(explanation="I keep it after all"), actor=customer)

    async def appeal(self, number: str, customer: str, explanation: str) -> None:
        await self.client.appeal(number, Appeal(explanation=explanation), actor=customer)

    async def name_destination(self, number: str, method: PayoutMethod, *, account: str = "", holder: str = "") -> None:
        """Open the link in the mail, fill in the form, and confirm what it shows, as a browser would."""
        link = await self._link_in_mail(number, "payout")
        filled = {"method": method.value, f"account_{method}": account, f"holder_{method}": holder, "step": "check"}
        async with httpx2.AsyncClient(timeout=30) as browser:
            (await browser.get(link)).raise_for_status()
            shown = await browser.post(link, data=filled)
            kept = re.search(r'name="kept" value="([^"]*)"', shown.text)
            if shown.is_error or kept is None:
                raise SceneError(f"{number}: the destination was not taken: {shown.status_code}")
            answer = await browser.post(link, data={"step": "confirm", "kept": html.unescape(kept[1])})
        answer.raise_for_status()

    # --- staff ----------------------------------------------------------------------------------------

    async def decide(self, number: str, kind: DecisionKind, role: Role = Role.AGENT, **fields: object) -> None:
        decision = Decision.model_validate({"kind": kind, **fields})
        answer = await self.client.decide(number, decision, actor=f"{role.value}-1", role=role)
        if not answer.accepted:
            raise SceneError(f"{number}: the decision {kind.value} was refused: {answer.sentence}")

    async def refused(self, number: str, code: ErrorCode, kind: DecisionKind, role: Role, **fields: object) -> None:
        """A decision that must not be taken."""
        decision = Decision.model_validate({"kind": kind, **fields})
        answer = await self.client.decide(number, decision, actor=f"{role.value}-1", role=role)
        if answer.accepted or answer.code is not code:
            raise SceneError(f"{number}: {kind.value} by {role.value} should be refused as {code.value}: {answer}")

    async def review(self, number: str, kind: DecisionKind, **fields: object) -> None:
        """The same by signal: nobody waits for an answer."""
        decision = Decision.model_validate({"kind": kind, **fields})
        await self.client.review(number, decision, actor="agent-2")

    async def pays_by_hand(self, number: str, act: HandPaymentAct, actor: str, reference: str = "") -> None:
        record = await self.record(number)
        assert record is not None, "a case that is paid by hand is stored"
        payment = record.legs[-1].leg.provider_number
        said = HandPayment(provider_number=payment, act=act, reference=reference)
        answer = await self.client.record_hand_payment(number, said, actor=actor)
        if not answer.accepted:
            raise SceneError(f"{number}: the payment by hand was refused: {answer.sentence}")

    # --- the provider ---------------------------------------------------------------------------------

    async def next_call(self, kind: str, charge: str) -> None:
        """Script what happens to the next refund of a charge."""
        await self._admin("POST", "/faults", {"kind": kind, "payment": charge})

    async def finish_refund(self, charge: str, outcome: str = "succeed") -> None:
        refund = await self._refund_of(charge, "pending")
        await self._admin("POST", f"/stripe/refunds/{refund}/finish", {"outcome": outcome})

    async def reverse_refund(self, charge: str) -> None:
        refund = await self._refund_of(charge, "succeeded")
        await self._admin("POST", f"/stripe/refunds/{refund}/reverse", {})

    async def dispute(self, charge: str) -> None:
        """The customer's bank takes the payment back; waits until the provider's message has told us."""
        await self._admin("PUT", f"/stripe/charges/{charge}/dispute", {"open": True})
        await self._dispute_is(charge, ChargebackState.OPEN)

    async def settle_dispute(self, charge: str) -> None:
        """The bank finds for the shop."""
        await self._admin("PUT", f"/stripe/charges/{charge}/dispute", {"open": False, "outcome": "won"})
        await self._dispute_is(charge, ChargebackState.WON)

    async def _dispute_is(self, charge: str, state: ChargebackState) -> None:
        for _ in range(int(PATIENCE_S / LOOK_EVERY_S)):
            known = await self._risks.chargebacks(limit=MOST_DISPUTES)
            if any(each.payment_reference == charge and each.state is state for each in known):
                return
            await asyncio.sleep(LOOK_EVERY_S)
        raise SceneError(f"nobody told us that the dispute of {charge} is {state.value}")

    async def close_payer(self, reference: str) -> None:
        await self._admin("PUT", f"/wechat/payments/{reference}/payer", {"abnormal": True})

    async def merchant_balance(self, currency: str, amount: int | None) -> None:
        await self._admin("PUT", "/balance", {"currency": currency, "amount": amount})

    async def _refund_of(self, charge: str, status: str) -> str:
        refunds = (await self._admin("GET", "/stripe/refunds"))["refunds"]
        return str(next(r["id"] for r in reversed(refunds) if r["charge"] == charge and r["status"] == status))

    async def _admin(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        answer = await self._sandbox.request(method, path, json=body)
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content


def picture(seed: str) -> bytes:
    """A PNG that looks like no other one's: a pattern of grey squares."""
    shades = random.Random(seed)  # noqa: S311 - a picture is no secret
    squares = [[shades.randrange(256) for _ in range(SQUARES)] for _ in range(SQUARES)]
    rows = b"".join((b"\0" + bytes(shade for shade in row for _ in range(SIDE))) * SIDE for row in squares)
    header = struct.pack(">IIBBBBB", SQUARES * SIDE, SQUARES * SIDE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )
