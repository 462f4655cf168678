"""The test's side of WeChat Pay: seed orders, script refusals and probes, finish and reverse refunds."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import AwareDatetime, Field

from sandbox.admin import Body, Box
from sandbox.assembly import Sandbox
from sandbox.faults import Method
from sandbox.wechat.objects import Json, Order, Refund, Status
from sandbox.wechat.provider import WeChatProvider
from sandbox.wechat.refunds import WrongStateError

MOST_SEEDS = 100_000
LARGEST_AMOUNT = 99_999_999_999
MOST_PROBES = 100

router = APIRouter(prefix="/admin/wechat")


async def _provider(request: Request) -> WeChatProvider:
    provider: WeChatProvider = request.app.state.wechat
    return provider


WeChat = Annotated[WeChatProvider, Depends(_provider)]


class Payment(Body):
    """A paid order; ``reference`` is WeChat Pay's transaction id, ``amount`` in fen."""

    reference: str = Field(pattern=r"^[0-9A-Za-z_-]{1,32}$")
    out_trade_no: str | None = Field(default=None, pattern=r"^[0-9A-Za-z_|*@-]{1,32}$")
    amount: int = Field(ge=1, le=LARGEST_AMOUNT)
    currency: Literal["CNY", "cny"] = "CNY"
    paid_at: AwareDatetime | None = None


class Payments(Body):
    """Many orders, seeded all or none."""

    payments: list[Payment] = Field(max_length=MOST_SEEDS)


class Payer(Body):
    """Whether the payer's account is closed or frozen."""

    abnormal: bool = True


class Ending(Body):
    """How an accepted refund ends."""

    outcome: Literal["success", "closed", "abnormal"]


class Refusal(Body):
    """The code that the next matching calls are refused with; its usual status unless one is given."""

    code: str = Field(pattern=r"^[A-Z0-9_]{1,64}$")
    status: int | None = Field(default=None, ge=400, le=599)
    method: Method = "POST"
    leg: str | None = None
    times: int | None = Field(default=1, ge=1)


class Probe(Body):
    """How many of the next deliveries carry a probing signature."""

    times: int = Field(default=1, ge=1, le=MOST_PROBES)


@router.get("/keys")
async def keys(wechat: WeChat) -> dict[str, str | None]:
    """What a merchant needs to call and to verify; ``private_key`` only if it was made here."""
    return wechat.keys.shown()


def _seed(box: Sandbox, wechat: WeChatProvider, payment: Payment) -> Json:
    paid_at = payment.paid_at.timestamp() if payment.paid_at else box.clock.now()
    order = Order(payment.reference, payment.out_trade_no or f"T{payment.reference[-31:]}", payment.amount, paid_at)
    kept = wechat.ledger.seed(order)
    if kept is None:
        detail = {"field": "reference", "message": f"{payment.reference} is there with other values"}
        raise HTTPException(409, detail)
    return kept.shown()


@router.post("/payments")
async def seed_payment(payment: Payment, box: Box, wechat: WeChat) -> Json:
    """Seed one order; the same again changes nothing, another of its name is refused (409)."""
    with box.store.transaction():
        return _seed(box, wechat, payment)


@router.post("/payments/bulk")
async def seed_payments(payments: Payments, box: Box, wechat: WeChat) -> dict[str, int]:
    """Seed many orders in one transaction."""
    with box.store.transaction():
        for payment in payments.payments:
            _seed(box, wechat, payment)
    return {"payments": len(payments.payments)}


@router.put("/payments/{reference}/payer")
async def mark_payer(reference: str, payer: Payer, wechat: WeChat) -> Json:
    """Close or freeze the account of an order's payer, or open it again."""
    wechat.ledger.mark_payer(reference, abnormal=payer.abnormal)
    order = wechat.ledger.order(reference)
    if order is None:
        raise HTTPException(404, {"field": "reference", "message": f"no order {reference}"})
    return order.shown()


@router.get("/refunds")
async def all_refunds(wechat: WeChat) -> dict[str, list[Json]]:
    """Every refund, oldest first."""
    return {"refunds": [refund.shown() for refund in wechat.ledger.refunds()]}


@router.post("/refunds/{number}/finish")
async def finish(number: str, ending: Ending, box: Box, wechat: WeChat) -> Json:
    """End an accepted refund, found by the merchant's number or WeChat Pay's."""
    refund = _found(wechat, number)
    try:
        with box.store.transaction():
            return wechat.refunds.finish(refund, Status(ending.outcome.upper())).shown()
    except WrongStateError as wrong:
        raise _conflict(wrong) from wrong


@router.post("/refunds/{number}/reverse")
async def reverse(number: str, box: Box, wechat: WeChat) -> Json:
    """Turn a success into an abnormal refund, as a bank's return does days later."""
    refund = _found(wechat, number)
    try:
        with box.store.transaction():
            return wechat.refunds.reverse(refund).shown()
    except WrongStateError as wrong:
        raise _conflict(wrong) from wrong


@router.post("/errors")
async def script_refusal(refusal: Refusal, wechat: WeChat) -> Json:
    """Refuse the next matching calls with a code; nothing of them is executed."""
    wechat.ledger.script_refusal(refusal.code, refusal.status, refusal.method, refusal.leg, refusal.times)
    return {"status": "ok"}


@router.delete("/errors")
async def clear_refusals(wechat: WeChat) -> Json:
    """Forget the scripted refusals."""
    wechat.ledger.clear_refusals()
    return {"status": "ok"}


@router.post("/probe")
async def probe(wanted: Probe, wechat: WeChat) -> Json:
    """Sign the next deliveries as probes (WECHATPAY/SIGNTEST/); redelivered, they are signed well."""
    wechat.probe(wanted.times)
    return {"status": "ok"}


def _found(wechat: WeChatProvider, number: str) -> Refund:
    refund = wechat.ledger.refund(number)
    if refund is None:
        raise HTTPException(404, {"field": "number", "message": f"no refund {number}"})
    return refund


def _conflict(wrong: WrongStateError) -> HTTPException:
    return HTTPException(409, {"field": "number", "message": f"{wrong.refund} is {wrong.status}"})
