"""The trade's words in both languages: what is a code inside is a phrase in a letter."""

from __future__ import annotations

from typing import Final

from aftersales.contract.values import AmountKind, Language, LegState, PayoutMethod, Reason
from domain.breakdown import NoteCode
from domain.rails import BY_HAND, GIFT_CARD, STORE_CREDIT

Phrases = dict[str, tuple[str, str]]
"""Code to (Chinese, English)."""

REASONS: Final[Phrases] = {
    Reason.QUALITY_PROBLEM: ("质量问题", "quality problem"),
    Reason.WRONG_SIZE: ("尺码不合适", "wrong size"),
    Reason.WRONG_ITEM: ("发错商品", "wrong item sent"),
    Reason.DAMAGED_IN_TRANSIT: ("运输途中损坏", "damaged in transit"),
    Reason.NOT_AS_DESCRIBED: ("与描述不符", "not as described"),
    Reason.NOT_RECEIVED: ("未收到商品", "not received"),
    Reason.CHANGED_MIND: ("不想要了", "changed mind"),
}

AMOUNTS: Final[Phrases] = {
    AmountKind.GOODS: ("商品", "Goods"),
    AmountKind.DISCOUNT: ("优惠分摊", "Share of discounts"),
    AmountKind.TAX: ("税费", "Tax"),
    AmountKind.SHIPPING: ("运费", "Shipping"),
    AmountKind.DEDUCTION: ("扣减", "Deduction"),
    AmountKind.PROMOTION: ("促销调整", "Promotion"),
}

NOTES: Final[Phrases] = {
    NoteCode.FREE_AMOUNT: ("按申请金额", "amount asked for"),
    NoteCode.EARLIER_REFUNDS: ("此前已退", "refunded earlier"),
    NoteCode.RETURN_SHIPPING: ("退货运费", "return shipping"),
    NoteCode.RESTOCKING_FEE: ("重新上架费", "restocking fee"),
    NoteCode.MISSING_GIFT: ("赠品未退回", "gift not returned"),
    NoteCode.CONDITION: ("商品状况折价", "condition of the goods"),
    NoteCode.APPROVED_IN_PART: ("部分批准", "approved in part"),
    NoteCode.PROMOTION_KEPT: ("仍享受促销", "promotion kept"),
    NoteCode.PROMOTION_CLAWED_BACK: (
        "保留的商品不再满足促销条件，收回其优惠",
        "what you keep no longer reaches the threshold, so its discount is taken back",
    ),
    NoteCode.PROMOTION_RESTORED: ("退还此前收回的优惠", "discount taken back earlier, now returned"),
}

PROVIDERS: Final[Phrases] = {
    "stripe": ("银行卡（Stripe）", "card (Stripe)"),
    "alipay": ("支付宝", "Alipay"),
    "wechat": ("微信支付", "WeChat Pay"),
    "bank": ("银行转账", "bank transfer"),
    STORE_CREDIT: ("店铺余额", "store credit"),
    GIFT_CARD: ("礼品卡", "gift card"),
    BY_HAND: ("财务人工付款", "payment by our finance team"),
}

DESTINATIONS: Final[Phrases] = {PayoutMethod.STORE_CREDIT: ("您在本店的账户", "your account with us")}
"""Any other destination is told as it is masked."""

LEG_STATES: Final[Phrases] = {
    LegState.RESERVED: ("待发送", "not sent yet"),
    LegState.SUBMITTING: ("发送中", "being sent"),
    LegState.CONFIRMING: ("核实中", "being confirmed"),
    LegState.PENDING: ("处理中", "accepted, in progress"),
    LegState.BLOCKED: ("商户侧受阻", "blocked on our side"),
    LegState.SUCCEEDED: ("已成功", "succeeded"),
    LegState.FAILED: ("失败", "failed"),
    LegState.REVERSED: ("已被退回", "came back"),
}

REVIEW_CAUSES: Final[Phrases] = {
    "account_not_active": ("买家账户状态异常", "the buyer's account is not active"),
    "needs_return_or_exchange": ("需退货或换货", "a return or an exchange is asked for"),
    "needs_return": ("商品尚未退回", "the goods are not back yet"),
    "delivery_disputed": ("买家称未收到", "the buyer says it was not received"),
    "not_delivered": ("尚未签收", "not delivered yet"),
    "amount_above_bound": ("金额超过自动审批上限", "the amount is above the automatic bound"),
    "reported_late": ("问题报告较晚", "the fault was reported late"),
    "check_shipment": ("需核对发货记录", "the shipment must be checked"),
    "check_stock": ("需核对库存", "stock must be checked"),
    "chargeback_open": ("付款正在拒付争议中", "the payment is being disputed"),
    "listed": ("在关注名单上", "on the block list"),
    "risk_high": ("风险较高", "signs of fraud"),
    "risk_unknown": ("风险无法判断", "the risk could not be told"),
    "source_down": ("有查询未得到答复", "a source did not answer"),
    "evidence_reused": ("凭证曾用于其他申请", "its evidence was used in another case"),
    "not_shipped": ("没有发货记录", "nothing was shipped"),
    "declared_used": ("未声明商品未使用", "not declared unused"),
    "packaging_not_intact": ("未声明包装完好", "packaging not declared intact"),
    "shipment_matches": ("发货记录与订单一致", "the records say that the right item was shipped"),
    "shipment_differs": ("发货记录与订单不符", "the records show another item"),
    "replacement_in_stock": ("所需尺码有货，可换货", "the size wanted is in stock"),
    "merchant_fault": ("问题属实，由商家承担", "a fault of ours"),
    "changed_mind_in_time": ("在无理由退货期限内", "a change of mind within the window"),
    "wrong_size_in_time": ("尺码不合适，在期限内", "a wrong size within the window"),
    "final_sale": ("商品注明不支持无理由退货", "a final sale"),
    "not_returnable": ("该类商品仅限质量问题退货", "goods that are taken back for a fault only"),
    "window_closed": ("已超过申请期限", "the window has closed"),
    "evidence_needed": ("需要补充凭证", "evidence is needed"),
    "policy_unusable": ("现行政策版本无法读取", "the policy in force cannot be read"),
    "no_rule": ("无适用规则", "no rule applies"),
    "policy_version_missing": ("申请时的政策版本不可用", "the policy that it was applied under is not at hand"),
    "appealed": ("客户提出申诉", "the customer appeals"),
    "destination_changed": ("收款账户已变更", "the money is to go to another destination"),
}


def phrase(phrases: Phrases, code: str, language: Language) -> str:
    """The phrase for a code, or the code itself where there is none: nobody is told nothing."""
    both = phrases.get(code)
    if both is None:
        return code
    return both[0] if language is Language.ZH_CN else both[1]
