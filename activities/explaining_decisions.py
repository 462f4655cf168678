"""Why an application was decided as it was, as its customer may hear it (P2.8, P3.4, P5.1).

A sentence names the rule and what can be done. Only what stands in these tables is ever said: whatever else decided
(signs of fraud, lists, limits, other cases) sounds like any application that a person looks at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from babel.dates import format_date

from activities.precautions import AssessmentRow
from activities.rulings import APPROVALS, Action, Change
from activities.sentences import explanation_of
from aftersales.contract.values import Language

Words = tuple[str, str]

BEING_LOOKED_AT: Final[Words] = (
    "您的申请由专人处理，我们会尽快给您答复；目前您无需再做任何事。",
    "A person is looking at your application and will answer you as soon as possible. There is nothing you need "
    "to do now.",
)
RECEIVED: Final[Words] = (
    "您的申请已收到，我们正在核对订单；目前您无需再做任何事。",
    "Your application is here, and we are checking it against the order. There is nothing you need to do now.",
)
_DONE: Final[Mapping[Action, Words]] = {
    Action.APPROVE: (
        "您的申请已通过，款项会退回原来的付款方式，您无需再做任何事。",
        "Your application is approved. The money goes back the way you paid, and there is nothing left for you to do.",
    ),
    Action.APPROVE_AND_LEAVE: (
        "您的申请已通过，款项会退回原来的付款方式；商品请您留下，无需寄回。",
        "Your application is approved and the money goes back the way you paid. Please keep the item; you need not "
        "send it back.",
    ),
    Action.OFFER_EXCHANGE: (
        "您需要的商品有现货，我们可以为您更换。请告诉我们您是否同意换货；如不需要，我们会继续处理您的退款申请。",
        "What you need is in stock, and we can send it to you instead. Please tell us whether you would like that; if "
        "not, we go on with your refund.",
    ),
    Action.REVIEW: BEING_LOOKED_AT,
    Action.ASK_EVIDENCE: (
        "请上传能清楚显示问题的照片或视频，收到后我们会立即继续处理。",
        "Please upload photos or a video that show the problem clearly; we go on as soon as they are here.",
    ),
}

_RULES: Final[Mapping[str, Words]] = {
    "merchant_fault": ("商品的问题由我们负责。", "What went wrong is our responsibility."),
    "changed_mind_in_time": (
        "您在无理由退货的期限内提出了申请。",
        "You applied within the time in which no reason need be given.",
    ),
    "wrong_size_in_time": ("您在期限内提出了尺码问题。", "You told us in time that the size is wrong."),
    "needs_return": ("按照退货政策，商品需要先退回。", "Under the return policy the goods have to come back first."),
    "needs_return_or_exchange": (
        "退货和换货都由专人安排。",
        "Returns and exchanges are arranged by a person.",
    ),
    "delivery_disputed": ("我们会向承运商核实包裹的去向。", "We are asking the carrier where the parcel went."),
    "not_delivered": (
        "包裹尚未签收，我们会查询它的位置。",
        "The parcel is not there yet; we are looking for it.",
    ),
    "check_shipment": ("我们会核对发货记录。", "We are checking what was sent to you."),
    "check_stock": ("我们会查看您需要的商品是否有货。", "We are looking whether what you need is in stock."),
    "not_shipped": ("商品尚未发出，我们会查明原因。", "Nothing has been sent to you yet; we are finding out why."),
    "shipment_differs": (
        "发货记录显示，寄给您的不是您购买的商品。",
        "Our records show that something else was sent than you bought.",
    ),
    "declared_used": (
        "无理由退货的商品应当未经使用，因此由专人查看退回的商品。",
        "Without a reason only unused goods are taken back, so a person looks at what came back.",
    ),
    "packaging_not_intact": (
        "无理由退货的商品应当包装完好，因此由专人查看退回的商品。",
        "Without a reason the packaging has to be intact, so a person looks at what came back.",
    ),
    "reported_late": (
        "问题是在签收一段时间之后提出的，因此由专人查看。",
        "The problem was reported some time after delivery, so a person looks at it.",
    ),
}
"""What a customer may know of why; a reason that is not here says nothing beyond what is done."""

_LAST_DAY: Final[Words] = (
    "按照退货政策，最晚应在 {day} 申请。",
    "Under the return policy the last day to apply was {day}.",
)
_MORE_EVIDENCE: Final[Words] = (
    "如果能提供至少 {count} 份照片或其他凭证，请补充，结果可能会不同。",
    "If you can show at least {count} photos or other pieces of evidence, please add them: that may change the result.",
)
_SEND_BACK: Final[Words] = (
    "商品退回后，我们可以更快地为您处理。",
    "Once the goods are back with us, we can go on more quickly.",
)
_PIECES: Final[Words] = (
    "需要的数量：至少 {count} 份。",
    "We need at least {count} of them.",
)


def for_the_customer(assessed: AssessmentRow, applied_at: datetime, language: Language) -> str:
    """The decision with its rule and what can be done about it; windows count back from `applied_at`."""
    said = [_rule(assessed, language), _decision(assessed, language), *_hints(assessed, applied_at, language)]
    # Chinese sentences follow each other without a blank.
    return ("" if language is Language.ZH_CN else " ").join(part for part in said if part)


def _decision(assessed: AssessmentRow, language: Language) -> str:
    if assessed.action is Action.REJECT:
        return explanation_of(assessed.ruling.reason_code, language)
    return _in(language, _DONE[assessed.action])


def _rule(assessed: AssessmentRow, language: Language) -> str:
    """Nothing where the policy's word was held back: its reason is then not the reason."""
    rule = _RULES.get(assessed.ruling.reason_code)
    return _in(language, rule) if rule and _as_ruled(assessed) and assessed.action is not Action.REJECT else ""


def _as_ruled(assessed: AssessmentRow) -> bool:
    return not assessed.held and assessed.action is assessed.ruling.action


def _hints(assessed: AssessmentRow, applied_at: datetime, language: Language) -> list[str]:
    rule = assessed.ruling.evidence
    if assessed.action is Action.ASK_EVIDENCE and rule is not None and max(rule.pictures, rule.pieces) > 1:
        return [_in(language, _PIECES, count=max(rule.pictures, rule.pieces))]
    if not _as_ruled(assessed) or assessed.action not in (Action.REJECT, Action.REVIEW):
        return []
    kinder = [change for change in assessed.changes if _kinder(change, assessed.action)]
    hints = (_hint(change, assessed, applied_at, language) for change in kinder)
    return list(dict.fromkeys(hint for hint in hints if hint))


def _kinder(change: Change, action: Action) -> bool:
    return change.action in APPROVALS or (action is Action.REJECT and change.action is not Action.REJECT)


def _hint(change: Change, assessed: AssessmentRow, applied_at: datetime, language: Language) -> str:
    """What the customer can do, or could have; empty for a fact that is not theirs to hear of."""
    facts, otherwise = assessed.facts, change.otherwise
    match change.fact:
        case "days_since_delivery" if facts.delivered and int(otherwise) < facts.days_since_delivery:
            last = applied_at - timedelta(days=facts.days_since_delivery - int(otherwise))
            return _in(language, _LAST_DAY, day=format_date(last, "long", locale=_LOCALES[language]))
        case "picture_count" | "evidence_count" if int(otherwise) > int(change.now):
            return _in(language, _MORE_EVIDENCE, count=otherwise)
        case "goods_back" if otherwise == "true":
            return _in(language, _SEND_BACK)
        case _:
            return ""


_LOCALES: Final = {Language.ZH_CN: "zh_Hans_CN", Language.EN: "en"}


def _in(language: Language, words: Words, **values: object) -> str:
    return words[0 if language is Language.ZH_CN else 1].format(**values)
