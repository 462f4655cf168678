"""The scenes about where money goes: other providers, store credit, and destinations that customers name (P3.2)."""

from __future__ import annotations

from aftersales.contract.values import CaseStatus, HandPaymentAct, Language, LegState, PayoutMethod, Reason
from cli.demo.cast import Cast
from cli.demo.scene import BACK, LAMP, MUG, Part, Scene

IBAN = "DE89 3704 0044 0532 0130 00"
HOLDER = "王芳"


async def payers_account_is_closed(cast: Cast, part: Part) -> None:
    await cast.close_payer(part.charge)


async def names_a_bank_account(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.PAYMENT_FAILED)
    await cast.name_destination(part.number, PayoutMethod.BANK_TRANSFER, account=IBAN, holder=HOLDER)


async def takes_store_credit(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.PAYMENT_FAILED)
    await cast.name_destination(part.number, PayoutMethod.STORE_CREDIT)


async def is_paid_by_two_people(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.PAYMENT_FAILED)
    await cast.name_destination(part.number, PayoutMethod.WECHAT_PAY, account="13800138000", holder=HOLDER)
    await cast.leg_is(part.number, LegState.PENDING)
    await cast.pays_by_hand(part.number, HandPaymentAct.PAID, "finance-1", reference="4200002026112300000001")
    await cast.pays_by_hand(part.number, HandPaymentAct.CONFIRMED, "finance-2")


async def comes_back_and_goes_to_alipay(cast: Cast, part: Part) -> None:
    await cast.reach(part.number, CaseStatus.REFUNDED)
    await cast.reverse_refund(part.charge)
    await cast.reach(part.number, CaseStatus.PAYMENT_FAILED)
    await cast.name_destination(part.number, PayoutMethod.ALIPAY, account="wangfang@mail.example", holder=HOLDER)


MONEY_SCENES: tuple[Scene, ...] = (
    Scene(
        "alipay",
        "paid by Alipay, refunded by it",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        language=Language.ZH_CN,
        paid_by=("alipay",),
    ),
    Scene(
        "wechat",
        "paid by WeChat Pay, which answers later",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        language=Language.ZH_CN,
        paid_by=("wechat",),
    ),
    Scene(
        "credit-first",
        "card and gift card: the gift card first",
        LAMP,
        Reason.NOT_AS_DESCRIBED,
        CaseStatus.REFUNDED,
        BACK,
        paid_by=("stripe", "gift_card"),
        second_minor=10_000,
    ),
    Scene(
        "to-the-bank",
        "payer's account closed, paid to a bank account",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        before=payers_account_is_closed,
        play=names_a_bank_account,
        language=Language.ZH_CN,
        paid_by=("wechat",),
    ),
    Scene(
        "to-credit",
        "payer's account closed, taken as store credit",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        before=payers_account_is_closed,
        play=takes_store_credit,
        paid_by=("wechat",),
    ),
    Scene(
        "by-hand",
        "no interface: two finance people pay",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        before=payers_account_is_closed,
        play=is_paid_by_two_people,
        language=Language.ZH_CN,
        paid_by=("wechat",),
    ),
    Scene(
        "came-back",
        "came back from the card, paid to Alipay",
        MUG,
        Reason.CHANGED_MIND,
        CaseStatus.REFUNDED,
        BACK,
        play=comes_back_and_goes_to_alipay,
        language=Language.ZH_CN,
    ),
)
