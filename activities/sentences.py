"""What a customer or a reviewer reads when something is refused or decided, in the case's language (P2.8, P3.4).

A sentence says what was wrong and what can be done. The one for an order that is somebody else's is the one for an
order that does not exist: whoever guesses learns nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from activities.rulings import Action
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import CaseStatus, ErrorCode, Language, Money, Role
from domain.display import display_amount
from domain.errors import (
    AmountRefused,
    CurrencyMixed,
    DomainError,
    LineUnknown,
    PromotionOutweighs,
    QuantityRefused,
)

_NO_SUCH_ORDER: Final = (
    "我们没有在您的订单中找到这笔订单，请核对订单号后重新申请。",
    "We could not find this order among your orders. Please check the order number and apply again.",
)
_NOT_PROVEN: Final = (
    "我们无法确认这条消息的发送人，请登录后重新提交。",
    "We could not confirm who sent this. Please sign in and send it again.",
)

_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    ErrorCode.ORDER_UNKNOWN: _NO_SUCH_ORDER,
    ErrorCode.NOT_YOUR_ORDER: _NO_SUCH_ORDER,
    ErrorCode.ORDER_NOT_PAID: (
        "这笔订单尚未付款，没有可以退还的金额；如不需要，请直接取消订单。",
        "This order has not been paid, so there is nothing to refund. You can simply cancel it.",
    ),
    ErrorCode.ITEM_NOT_IN_ORDER: (
        "订单中没有商品行 {line}，请从订单详情中选择商品。",
        "The order has no item {line}. Please choose the items from the order itself.",
    ),
    ErrorCode.QUANTITY_TOO_HIGH: (
        "商品行 {line} 申请了 {asked} 件，最多可申请 {largest} 件。",
        "You asked for {asked} of item {line}; at most {largest} can be asked for.",
    ),
    ErrorCode.UNIT_ALREADY_CLAIMED: (
        "商品行 {line} 已有退款或正在处理的申请，目前还可申请 {largest} 件。",
        "Item {line} was refunded or is part of another application; {largest} can still be asked for.",
    ),
    ErrorCode.AMOUNT_REFUSED: (
        "申请的金额无法受理，最多可退 {largest}。",
        "This amount cannot be refunded; the largest possible amount is {largest}.",
    ),
    ErrorCode.WRONG_CURRENCY: (
        "订单以 {expected} 支付，请用同一币种申请，而不是 {found}。",
        "The order was paid in {expected}; please ask for the refund in that currency, not in {found}.",
    ),
    ErrorCode.REQUEST_KEY_REUSED: (
        "该请求编号已用于另一份申请，请使用新的请求编号。",
        "This request key was used for another application already. Please use a new key.",
    ),
    ErrorCode.PROOF_MISSING: _NOT_PROVEN,
    ErrorCode.PROOF_INVALID: _NOT_PROVEN,
    ErrorCode.ROLE_NOT_ALLOWED: (
        "该角色无权对此申请进行这项操作，请转交有权限的同事。",
        "This role may not do that to this case. Please ask somebody who may.",
    ),
    "role_not_held": (
        "该账号已停用或不再拥有此角色，请由有权限的同事处理。",
        "This account does not hold that role any more, or was disabled. Please ask a colleague who may.",
    ),
    ErrorCode.FRESH_LOGIN_NEEDED: (
        "这项操作需要您在最近几分钟内登录过，请重新登录后再提交。",
        "This needs a login of the last few minutes. Please log in again and send it once more.",
    ),
    ErrorCode.NOT_YOUR_CASE: (
        "只有申请人本人可以这样做，请用申请人的账号登录。",
        "Only the customer of this case may do that. Please sign in with that account.",
    ),
    ErrorCode.NOT_NOW: (
        "申请目前的状态是“{status}”，暂不能进行这项操作。",
        "The case is “{status}” just now, and this is not possible in that state.",
    ),
    ErrorCode.TOO_LATE: (
        "申请的状态已是“{status}”，这项操作已来不及。",
        "The case is “{status}” already; it is too late for this.",
    ),
    ErrorCode.CASE_CLOSED: (
        "该申请已经结束并关闭；如有需要，请提交新的申请。",
        "This case is closed. If there is something else, please make a new application.",
    ),
    ErrorCode.APPEAL_USED: (
        "每份申请只能申诉一次，这次机会已经使用。",
        "A case can be appealed once, and this one was.",
    ),
    ErrorCode.SURVEY_ANSWERED: (
        "您已经填写过本次调查，谢谢。",
        "This survey has been answered already. Thank you.",
    ),
    ErrorCode.EVIDENCE_UNKNOWN: (
        "有凭证没有上传成功，请重新上传后再提交。",
        "Some of the evidence was never uploaded. Please upload it and send it again.",
    ),
    ErrorCode.DECISION_INCOMPLETE: (
        "这项决定缺少必填内容：{field}。",
        "This decision is incomplete: {field} is missing.",
    ),
    ErrorCode.PAYEE_UNKNOWN: (
        "我们没有找到您选择的收款账户，请重新填写收款信息后再提交。",
        "We do not have the destination that was chosen. Please enter its details again and send it once more.",
    ),
    ErrorCode.PAYOUT_NOT_POSSIBLE: (
        "这笔退款目前不需要或不能改退到其他账户；如有疑问，请联系我们的客服。",
        "This refund does not need another destination just now, or cannot take one. Please ask us if in doubt.",
    ),
    ErrorCode.PAYMENT_UNKNOWN: (
        "该申请没有编号为 {payment} 的人工付款，请在待付款列表中核对编号。",
        "This case has no payment {payment} to be made by hand. Please check its number in the list of payments.",
    ),
    ErrorCode.SAME_PERSON: (
        "付款与复核必须由两个人完成，请由另一位财务同事复核。",
        "Paying and confirming take two people. Please have a colleague in finance confirm it.",
    ),
    "own_refund": (
        "这是您本人的退款，请由同事审批。",
        "This refund is your own. Please have a colleague decide it.",
    ),
    "entered_by_approver": (
        "申请或收款账户由您录入，须由其他同事审批，请转交同事。",
        "You entered the application or its destination, so somebody else has to approve it. Please hand it over.",
    ),
    "approved_already": (
        "您已经批准过这笔退款，还需要另一位有权限的同事批准。",
        "You have approved this already. It takes a second person who may.",
    ),
    "asked_already": (
        "已经这样问过客户，正在等待答复。需要补充的，请换一个问题。",
        "The customer is asked just this already and has not answered yet. Ask for what is still missing.",
    ),
    ErrorCode.CEILING_EXCEEDED: (
        "金额超出您的审批权限（上限 {limit}），请转交{who}处理。",
        "This is above what you may approve ({limit}). Please hand the case to {who}.",
    ),
    ErrorCode.CLAIMED_BY_ANOTHER: (
        "{who} 正在处理该申请（保留至 {until}），请稍后再试或与其联系。",
        "{who} is working on this case until {until}. Please wait, or speak to them.",
    ),
    ErrorCode.CHARGEBACK_OPEN: (
        "该订单的付款正在拒付争议中，此时退款会重复付款；请等待争议结束。",
        "The payment of this order is being disputed; a refund would pay twice. Please wait until that has ended.",
    ),
    ErrorCode.REASON_NEEDED: (
        "这项决定与退款政策的结论（{advice}）不同，请填写原因代码和说明。",
        "This differs from what the policy says ({advice}). Please give a reason code and an explanation.",
    ),
    ErrorCode.GROUP_UNKNOWN: (
        "没有名为 {group} 的小组，或该小组目前没有成员；可以转交的小组有：{groups}。",
        "There is no group {group}, or nobody is in it. A case can be handed to: {groups}.",
    ),
    "hand_payment_to_pay": (
        "这笔付款尚未登记为已付，无法复核；请先付款并登记付款凭证号。",
        "Nobody has recorded this payment as made yet. It must be paid, and its reference recorded, before that.",
    ),
    "hand_payment_paid": (
        "这笔付款已登记为已付，请勿重复付款；请由另一位财务同事复核。",
        "This payment is recorded as made already; do not pay it again. A colleague in finance is to confirm it.",
    ),
    "hand_payment_impossible": (
        "这笔付款已登记为无法支付，请勿付款。",
        "This payment is recorded as impossible; do not pay it.",
    ),
    "hand_payment_confirmed": (
        "这笔付款已付并已复核，无需再做任何操作。",
        "This payment was made and confirmed; there is nothing left to do.",
    ),
    "goods_left": (
        "商品无需寄回，请您自行保留或处理。",
        "You need not send anything back; please keep the goods or dispose of them.",
    ),
    "promotion_outweighs": (
        "退回这些商品后，保留的商品不再满足促销条件，需收回的优惠 {amount} 已抵完可退金额，目前没有可退的款项；"
        "您可以连同其他商品一起申请。",
        "Without these items the order no longer reaches the promotion's threshold, and the discount to be taken "
        "back uses up the whole refund of {amount}. You can apply for more items of the order together.",
    ),
    "promotion_clawed_back": (
        "退回这些商品后，保留的商品不再满足促销条件，退款中已扣回其享受的优惠 {amount}；"
        "其余商品也退回时，这笔金额会一并退还。",
        "What you keep no longer reaches the promotion's threshold, so its discount of {amount} was taken off "
        "this refund. It comes back to you if the other items are refunded too.",
    ),
    "heard_before": (
        "这条消息之前已经收到并处理过，请查看申请的当前状态。",
        "This very message was received before. Please look at where the case stands now.",
    ),
    "not_appealable": (
        "该申请不是因审核意见而结束的，无法申诉；请更正后重新申请。",
        "This case was not turned down on its merits, so there is nothing to appeal. Please apply again.",
    ),
    "final_sale": (
        "该商品在销售时注明不支持无理由退货。如果商品有质量问题，请以质量问题申请并附上照片。",
        "This item was sold as final sale and cannot be returned for a change of mind. If it is faulty, "
        "please apply for that reason and add photos.",
    ),
    "not_returnable": (
        "卫生用品、数字商品和定制商品只有在存在质量问题时才能退货。如果商品有问题，请以质量问题申请并附上照片；"
        "如有异议，您可以申诉一次，我们会由专人复核。",
        "Hygiene goods, digital goods and goods made to order can be returned for a fault only. If yours is faulty, "
        "please apply for that reason and add photos; you may also appeal once, and a person will look at it again.",
    ),
    "window_closed": (
        "该商品的申请期限已过。如果您认为情况特殊，可以申诉一次，我们会由专人复核。",
        "The time for asking for this refund has passed. If you think your case is special, you may appeal "
        "once and a person will look at it again.",
    ),
    "rejected_by_policy": (
        "根据退货政策，这份申请无法通过。如有异议，您可以申诉一次，我们会由专人复核。",
        "Under the return policy this application cannot be granted. You may appeal once, and a person will "
        "look at it again.",
    ),
    "expired": (
        "我们没有在期限内收到所需的材料，申请已结束；您可以重新申请。",
        "What we asked for did not arrive in time, so the application has ended. You may apply again.",
    ),
}

_TURNED_DOWN: Final = frozenset({"final_sale", "not_returnable", "window_closed"})
"""Reasons of a policy that a customer is told; what else stands above was written for other occasions."""

_STATUS_WORDS: Final[dict[CaseStatus, tuple[str, str]]] = {
    CaseStatus.RECEIVED: ("已受理", "received"),
    CaseStatus.ASSESSING: ("评估中", "being assessed"),
    CaseStatus.NEEDS_EVIDENCE: ("待补充凭证", "waiting for evidence"),
    CaseStatus.UNDER_REVIEW: ("审核中", "under review"),
    CaseStatus.AWAITING_CUSTOMER: ("待客户回复", "waiting for the customer's answer"),
    CaseStatus.APPROVED: ("已同意", "approved"),
    CaseStatus.PAYING: ("退款处理中", "being paid"),
    CaseStatus.REFUNDED: ("已退款", "refunded"),
    CaseStatus.PARTLY_REFUNDED: ("已部分退款", "partly refunded"),
    CaseStatus.PAYMENT_FAILED: ("退款未成功", "payment failed"),
    CaseStatus.REJECTED: ("未通过", "turned down"),
    CaseStatus.WITHDRAWN: ("已撤回", "withdrawn"),
    CaseStatus.EXPIRED: ("已过期", "expired"),
}


_DECIDERS: Final[dict[Role | None, tuple[str, str]]] = {
    Role.AGENT: ("客服", "an agent"),
    Role.SUPERVISOR: ("主管", "a supervisor"),
    Role.FINANCE: ("财务", "finance"),
    None: ("可以调整退款政策的同事", "somebody who may change the policy"),
}


def decider_words(role: Role | None, language: Language) -> str:
    """Who may decide it; None: nobody may, as the policy stands."""
    chinese, english = _DECIDERS[role]
    return chinese if language is Language.ZH_CN else english


def advice_words(advice: Action, language: Language) -> str:
    """What the policy advises, where a person may decide otherwise."""
    chinese, english = ("拒绝", "turn it down") if advice is Action.REJECT else ("同意", "approve it")
    return chinese if language is Language.ZH_CN else english


def in_a_row(names: Iterable[str], language: Language) -> str:
    """Several names inside a sentence."""
    return ("、" if language is Language.ZH_CN else ", ").join(names)


def status_words(status: CaseStatus, language: Language) -> str:
    """A status as people call it."""
    chinese, english = _STATUS_WORDS[status]
    return chinese if language is Language.ZH_CN else english


def sentence(key: str, language: Language, **values: object) -> str:
    """The sentence under `key`, an ErrorCode's value or a reason code, with its values filled in."""
    chinese, english = _SENTENCES[key]
    return (chinese if language is Language.ZH_CN else english).format(**values)


def explanation_of(reason_code: str, language: Language) -> str:
    """Why a policy turned an application down; a reason without words of its own gets the general ones."""
    return sentence(reason_code if reason_code in _TURNED_DOWN else "rejected_by_policy", language)


def refusal(code: ErrorCode, language: Language, key: str = "", **values: object) -> AftersalesError:
    """The error whose text is the sentence for `code`, or the more exact one under `key`."""
    return AftersalesError(code, sentence(key or code.value, language, **values))


def in_words(error: DomainError, language: Language) -> AftersalesError:
    """A refusal by a pure rule as the sender reads it; raises `error` itself if people cannot cause it."""
    match error:
        case AmountRefused():
            largest = Money(minor=error.largest_minor, currency=str(error.details["currency"]))
            return refusal(ErrorCode.AMOUNT_REFUSED, language, largest=display_amount(largest, language))
        case PromotionOutweighs():
            back = Money(minor=int(error.details["clawed_back_minor"]), currency=str(error.details["currency"]))
            amount = display_amount(back, language)
            return refusal(ErrorCode.AMOUNT_REFUSED, language, key="promotion_outweighs", amount=amount)
        case QuantityRefused():
            return refusal(
                ErrorCode.UNIT_ALREADY_CLAIMED, language, line=error.details["line_id"], largest=error.largest
            )
        case LineUnknown():
            return refusal(ErrorCode.ITEM_NOT_IN_ORDER, language, line=error.details["line_id"])
        case CurrencyMixed():
            return refusal(
                ErrorCode.WRONG_CURRENCY,
                language,
                expected=error.details["expected"],
                found=error.details["found"],
            )
    raise error
