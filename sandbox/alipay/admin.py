"""The test's side of Alipay: seed trades and accounts, script refusals, finish, bounce and give back."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import Field

from sandbox.admin import Body, Box, Webhook
from sandbox.alipay.errors import AlipayError
from sandbox.alipay.objects import (
    Channel,
    Json,
    PayeeState,
    Refund,
    RefundState,
    Trade,
    TradeStatus,
    Transfer,
    TransferStatus,
)
from sandbox.alipay.provider import AlipayProvider
from sandbox.alipay.script import ScriptedError
from sandbox.assembly import Sandbox

MOST_SEEDS = 100_000
LARGEST_AMOUNT = 99_999_999_999
BUYER = "13800005620"

router = APIRouter(prefix="/admin/alipay")


async def _provider(request: Request) -> AlipayProvider:
    provider: AlipayProvider = request.app.state.alipay
    return provider


Alipay = Annotated[AlipayProvider, Depends(_provider)]


class Payment(Body):
    """A paid trade; ``reference`` is its trade_no, ``amount`` in fen, ``buyer`` the login that paid."""

    reference: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    out_trade_no: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    amount: int = Field(ge=1, le=LARGEST_AMOUNT)
    currency: Literal["CNY", "cny"] = "CNY"
    channel: Channel = Channel.ACCOUNT
    buyer: str = BUYER


class Payments(Body):
    """Many payments, seeded all or none."""

    payments: list[Payment] = Field(max_length=MOST_SEEDS)


class Status(Body):
    """Where a trade stands."""

    status: TradeStatus


class Account(Body):
    """How an Alipay account takes money; an empty name fits any."""

    account: str
    name: str = ""
    state: PayeeState = PayeeState.OPEN


class Ending(Body):
    """How something accepted ends; ``error_code`` by Alipay's words, for a transfer that fails."""

    outcome: Literal["succeed", "fail"]
    error_code: str = "PAYEE_ACCOUNT_STATUS_ERROR"


class Return(Body):
    """Why a transfer comes back."""

    error_code: str = "PAYEE_ACCOUNT_STATUS_ERROR"


class BankAnswer(Body):
    """What the buyer's bank says: S takes the money, F refuses it, which then goes to the buyer's Alipay balance
    (Alipay's pages), or back to the merchant."""

    status: Literal["S", "F"]
    to: Literal["buyer", "merchant"] = "buyer"


@router.get("/keys")
async def keys(alipay: Alipay) -> dict[str, str | list[str] | None]:
    """What a client of this gateway needs, by the names of the product's settings."""
    return alipay.keys.shown()


@router.put("/notify-url")
async def set_notify_url(webhook: Webhook, alipay: Alipay) -> Json:
    """Send notifications elsewhere whose request named no address; ``null`` falls back to the setting."""
    alipay.messenger.set_url(webhook.url)
    return {"url": alipay.messenger.url}


def _seed(box: Sandbox, alipay: AlipayProvider, payment: Payment) -> Trade:
    trade = Trade(
        trade_no=payment.reference,
        out_trade_no=payment.out_trade_no or f"order-{payment.reference}",
        amount_minor=payment.amount,
        refunded_minor=0,
        status=TradeStatus.TRADE_SUCCESS,
        channel=payment.channel,
        buyer=payment.buyer,
        paid_at=box.clock.now(),
    )
    kept = alipay.ledger.seed(trade)
    if kept is None:
        detail = {"field": "reference", "message": f"{payment.reference} is there with other values"}
        raise HTTPException(409, detail)
    return kept


@router.post("/payments")
async def seed_payment(payment: Payment, box: Box, alipay: Alipay) -> Trade:
    """Seed one trade; the same again changes nothing, another of its name is refused (409)."""
    with box.store.transaction():
        return _seed(box, alipay, payment)


@router.post("/payments/bulk")
async def seed_payments(payments: Payments, box: Box, alipay: Alipay) -> dict[str, int]:
    """Seed many trades in one transaction."""
    with box.store.transaction():
        for payment in payments.payments:
            _seed(box, alipay, payment)
    return {"payments": len(payments.payments)}


@router.put("/payments/{reference}/status")
async def set_status(reference: str, wanted: Status, alipay: Alipay) -> Trade:
    """Close, finish or reopen a trade."""
    alipay.ledger.set_status(reference, wanted.status)
    trade = alipay.ledger.trade(reference)
    if trade is None:
        raise HTTPException(404, {"field": "reference", "message": f"no trade {reference}"})
    return trade


@router.put("/payees")
async def set_payee(account: Account, alipay: Alipay) -> Json:
    """Say how an account takes money, as a buyer's refunds or as a payee."""
    alipay.ledger.set_payee(account.account, account.name, account.state)
    return {"status": "ok"}


@router.post("/errors")
async def script_error(error: ScriptedError, alipay: Alipay) -> dict[str, int]:
    """Script what the next calls of an interface are refused with."""
    return {"id": alipay.script.add(error)}


@router.get("/refunds")
async def all_refunds(alipay: Alipay) -> dict[str, list[Refund]]:
    """Every refund, oldest first."""
    return {"refunds": alipay.ledger.refunds()}


@router.post("/refunds/{out_request_no}/finish")
async def finish_refund(out_request_no: str, ending: Ending, box: Box, alipay: Alipay) -> Json:
    """End a refund that was only accepted."""
    refund = _refund(alipay, out_request_no, RefundState.ACCEPTED)
    try:
        with box.store.transaction():
            alipay.refunds.finish(refund, succeeds=ending.outcome == "succeed")
    except AlipayError as refused:
        raise HTTPException(409, {"field": "out_request_no", "message": refused.sub_code}) from refused
    return {"status": "ok"}


@router.post("/refunds/{out_request_no}/deposit-back")
async def bank_answers(out_request_no: str, answer: BankAnswer, box: Box, alipay: Alipay) -> Refund:
    """Let the bank take or refuse the card leg of a refund."""
    refund = _refund(alipay, out_request_no, RefundState.DONE)
    with box.store.transaction():
        return alipay.refunds.bank_says(refund, answer.status, to_merchant=answer.to == "merchant")


@router.get("/transfers")
async def all_transfers(alipay: Alipay) -> dict[str, list[Transfer]]:
    """Every transfer, oldest first."""
    return {"transfers": alipay.ledger.transfers()}


@router.post("/transfers/{out_biz_no}/finish")
async def finish_transfer(out_biz_no: str, ending: Ending, box: Box, alipay: Alipay) -> Transfer:
    """End a transfer under way."""
    transfer = _transfer(alipay, out_biz_no, TransferStatus.DEALING)
    with box.store.transaction():
        if ending.outcome == "succeed":
            return alipay.transfers.end(transfer, TransferStatus.SUCCESS, "")
        return alipay.transfers.end(transfer, TransferStatus.FAIL, ending.error_code)


@router.post("/transfers/{out_biz_no}/return")
async def return_transfer(out_biz_no: str, why: Return, box: Box, alipay: Alipay) -> Transfer:
    """Give a transfer back that had succeeded."""
    transfer = _transfer(alipay, out_biz_no, TransferStatus.SUCCESS)
    with box.store.transaction():
        return alipay.transfers.end(transfer, TransferStatus.REFUND, why.error_code)


def _refund(alipay: AlipayProvider, number: str, state: RefundState) -> Refund:
    found = alipay.ledger.refunds(number)
    if not found:
        raise HTTPException(404, {"field": "out_request_no", "message": f"no refund {number}"})
    if found[-1].state is not state:
        raise HTTPException(409, {"field": "out_request_no", "message": f"{number} is {found[-1].state}"})
    return found[-1]


def _transfer(alipay: AlipayProvider, number: str, status: TransferStatus) -> Transfer:
    transfer = alipay.ledger.transfer(number)
    if transfer is None:
        raise HTTPException(404, {"field": "out_biz_no", "message": f"no transfer {number}"})
    if transfer.status is not status:
        raise HTTPException(409, {"field": "out_biz_no", "message": f"{number} is {transfer.status}"})
    return transfer
