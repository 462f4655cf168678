"""What the customer's pages say."""

from __future__ import annotations

from typing import Final

from aftersales.contract.values import Language

WORDS: Final[dict[Language, dict[str, str]]] = {
    Language.ZH_CN: {
        "survey_title": "您对我们的处理满意吗？",
        "survey_text": "请为此次退款申请的处理评分，只需一分钟。",
        "number": "申请号",
        "score": "评分",
        "score_1": "很不满意",
        "score_2": "不满意",
        "score_3": "一般",
        "score_4": "满意",
        "score_5": "很满意",
        "comment": "您的意见（选填）",
        "comment_hint": "请勿填写银行卡号等敏感信息。",
        "send": "提交评价",
        "mistaken": "请选择一个评分，意见请不要太长。",
        "thanks_title": "谢谢您的评价",
        "thanks_text": "我们已收到您的评价，会据此改进服务。您可以关闭此页面。",
        "invalid_title": "此链接无效或已失效",
        "invalid_text": "链接可能不完整、已过期或已使用过。如需帮助，请联系我们并提供申请号。",
        "unavailable_title": "暂时无法提交",
        "unavailable_text": "很抱歉，系统暂时无法接收您的评价。请稍后用同一链接再试，链接仍然有效。",
    },
    Language.EN: {
        "survey_title": "How did we do?",
        "survey_text": "Please rate how your refund application was handled. It takes a minute.",
        "number": "Application number",
        "score": "Your rating",
        "score_1": "Very bad",
        "score_2": "Bad",
        "score_3": "Fair",
        "score_4": "Good",
        "score_5": "Very good",
        "comment": "Your comment (optional)",
        "comment_hint": "Please leave out card numbers and the like.",
        "send": "Send",
        "mistaken": "Please choose a rating, and keep the comment short.",
        "thanks_title": "Thank you",
        "thanks_text": "We have your answer and will learn from it. You can close this page.",
        "invalid_title": "This link is not valid, or not any more",
        "invalid_text": "It may be incomplete, expired or used already. If you need help, contact us and name your "
        "application number.",
        "unavailable_title": "We cannot take your answer just now",
        "unavailable_text": "We are sorry. Please try the same link again in a little while; it stays valid.",
    },
}
