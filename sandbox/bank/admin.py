"""The test's side of the bank: terms, accounts, scripted refusals, and payouts moved by hand."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import Field

from sandbox.admin import Body, Box
from sandbox.assembly import Sandbox
from sandbox.bank.objects import Json, Payout, Status
from sandbox.bank.provider import PREFIX, BankProvider
from sandbox.bank.register import Refusal
from sandbox.bank.settings import BankTerms
from sandbox.bank.transfers import WrongStateError

router = APIRouter(prefix="/admin/bank")

Reason = Annotated[str, Field(pattern=r"^[A-Z0-9]{4}$", description="ISO 20022 reason code")]


async def _provider(request: Request) -> BankProvider:
    provider: BankProvider = request.app.state.bank
    return provider


Bank = Annotated[BankProvider, Depends(_provider)]


class AccountState(StrEnum):
    """How a creditor's account takes payouts."""

    OPEN = "open"
    CLOSED = "closed"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    DECEASED = "deceased"


_REJECTED_FOR = {
    AccountState.CLOSED: "AC04",
    AccountState.BLOCKED: "AC06",
    AccountState.UNKNOWN: "AC01",
    AccountState.DECEASED: "MD07",
}


class Onward(Body):
    """Where an open payout goes."""

    to: Status = Status.ACSC


class Why(Body):
    """The reason of a rejection or a return."""

    reason: Reason = "AC04"


class Account(Body):
    """The state of an account."""

    state: AccountState


class ScriptedRefusal(Body):
    """What the next ``times`` matching orders meet (``None``: all): RJCT with ``reason`` after they were taken, or
    with ``http_status`` a refusal at the door that keeps nothing."""

    reason: Reason
    http_status: int | None = Field(default=None, ge=400, le=599)
    leg: str | None = None
    account: str | None = None
    times: int | None = Field(default=1, ge=1)


@router.get("/credentials")
async def credentials(bank: Bank) -> dict[str, str]:
    """What the merchant needs to speak to the bank; ``path`` follows the sandbox's own address."""
    settings = bank.settings
    return {
        "path": PREFIX.rstrip("/"),
        "token": settings.token.get_secret_value(),
        "webhook_secret": settings.webhook_secret.get_secret_value(),
        "account": settings.account,
    }


@router.get("/terms")
async def terms(bank: Bank) -> BankTerms:
    """The terms in force."""
    return bank.terms.now()


@router.put("/terms")
async def set_terms(wanted: BankTerms, bank: Bank) -> BankTerms:
    """Change the terms; those not named stay."""
    bank.terms.set(bank.terms.now().model_copy(update=wanted.model_dump(exclude_unset=True)))
    return bank.terms.now()


@router.put("/accounts/{account}")
async def set_account(account: str, wanted: Account, bank: Bank) -> dict[str, str]:
    """Close, block or open a creditor's account."""
    bank.register.set_account(account, _REJECTED_FOR.get(wanted.state))
    return {"account": account, "state": wanted.state}


@router.post("/refusals")
async def script_refusal(wanted: ScriptedRefusal, bank: Bank) -> dict[str, int]:
    """Script a refusal."""
    refusal = Refusal(wanted.reason, wanted.http_status)
    return {"id": bank.register.script(refusal, wanted.leg, wanted.account, wanted.times)}


@router.get("/payouts")
async def payouts(box: Box, bank: Bank) -> dict[str, list[Json]]:
    """Every payout as it stands now, oldest first."""
    with box.store.transaction():
        bank.transfers.settle_due()
    return {"payouts": [payout.shown() for payout in bank.register.all()]}


@router.post("/payouts/{payout_id}/advance")
async def advance(payout_id: str, onward: Onward, box: Box, bank: Bank) -> Json:
    """Move an open payout onward, to its end unless told otherwise."""
    return _moved(box, bank, payout_id, lambda payout: bank.transfers.advance(payout, onward.to))


@router.post("/payouts/{payout_id}/reject")
async def reject(payout_id: str, why: Why, box: Box, bank: Bank) -> Json:
    """Reject an open payout."""
    return _moved(box, bank, payout_id, lambda payout: bank.transfers.reject(payout, why.reason))


@router.post("/payouts/{payout_id}/return")
async def send_back(payout_id: str, why: Why, box: Box, bank: Bank) -> Json:
    """Return a booked payout; move the clock before to have it come days later."""
    return _moved(box, bank, payout_id, lambda payout: bank.transfers.send_back(payout, why.reason))


def _moved(box: Sandbox, bank: BankProvider, name: str, move: Callable[[Payout], Payout]) -> Json:
    """Move the payout of this id or end-to-end id."""
    payout = bank.register.by_id(name) or bank.register.by_number(name)
    if payout is None:
        raise HTTPException(404, {"field": "payout_id", "message": f"no payout {name}"})
    try:
        with box.store.transaction():
            return move(payout).shown()
    except WrongStateError as wrong:
        raise HTTPException(409, {"field": "payout_id", "message": str(wrong)}) from wrong
