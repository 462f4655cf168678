"""The picture of a back-test: an SVG file, readable without colours and in both languages (P5.1).

Altair and vl-convert come with the extra `analysis`. Letters stay text in plain font families, so that every program
draws them with fonts of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from activities.rulings import Action
from policy.backtest import BackTest

Spec = dict[str, Any]
WORDS: Final = {
    Action.APPROVE: ("approve", "同意退款"),
    Action.APPROVE_AND_LEAVE: ("approve, keep item", "退款免退货"),
    Action.OFFER_EXCHANGE: ("offer exchange", "建议换货"),
    Action.REJECT: ("reject", "不通过"),
    Action.REVIEW: ("review", "人工审核"),
    Action.ASK_EVIDENCE: ("ask for evidence", "补充凭证"),
}
_FONT: Final = "Noto Sans CJK SC, Microsoft YaHei, PingFang SC, Arial, sans-serif"
_NOW, _DRAFT = "before 原决定", "draft 草案"
_ROW_PX: Final = 34


class AnalysisMissingError(Exception):
    """Charts need libraries that were not installed; `str(error)` says how to get them."""


def write_chart(test: BackTest, title: str, file: Path) -> None:
    """Raises AnalysisMissingError, OSError."""
    try:
        import altair  # noqa: PLC0415 - with the extra only, and it takes a second to load
        import vl_convert  # noqa: F401, PLC0415 - Altair asks for it when it saves
    except ImportError as error:
        raise AnalysisMissingError(
            "The chart needs the extra `analysis`: install it with `pip install 'aftersales-service[analysis]'`, or "
            "leave --out away."
        ) from error
    altair.VConcatChart.from_dict(chart(test, title)).save(str(file), format="svg")


def chart(test: BackTest, title: str) -> Spec:
    """The picture in the words of Vega-Lite 6: decisions by both versions above, each kind of change below."""
    return {
        "title": {"text": title, "anchor": "start", "fontSize": 15, "offset": 14},
        "padding": 16,
        "spacing": 28,
        "vconcat": [_decisions(test), _changes(test)],
        "config": {
            "font": _FONT,
            "background": "white",
            "axis": {"labelFontSize": 12, "titleFontSize": 12, "labelLimit": 320},
            "view": {"stroke": None},
        },
    }


def _decisions(test: BackTest) -> Spec:
    """Two bars for each thing that can be done."""
    rows = [
        {"what": words(action), "version": version, "cases": counted[action]}
        for version, counted in ((_NOW, test.before), (_DRAFT, test.after))
        for action in Action
    ]
    colour = {
        "field": "version",
        "scale": {"domain": [_NOW, _DRAFT], "range": ["#9aa5b1", "#0b6bcb"]},
        "legend": {"orient": "top", "labelFontSize": 12, "title": None},
    }
    bars = _bars(rows, [words(action) for action in Action], {"color": colour})
    bars["encoding"]["yOffset"] = {"field": "version", "sort": [_NOW, _DRAFT]}
    return bars | {"title": "Decisions 决定"}


def _changes(test: BackTest) -> Spec:
    """A bar for each change, the most frequent first."""
    changes = {f"{words(before)} → {words(after)}": len(cases) for (before, after), cases in test.matrix().items()} or {
        "none 无": 0
    }
    rows = [{"what": change, "cases": cases} for change, cases in changes.items()]
    return _bars(rows, list(changes), {"color": {"value": "#c2410c"}}) | {"title": "Decided otherwise 不同的决定"}


def _bars(rows: list[dict[str, object]], order: list[str], look: Spec) -> Spec:
    """Lying bars, each with its number at the end: colour alone says nothing."""
    number = {"field": "cases", "type": "quantitative", "format": ",d"}
    return {
        "data": {"values": rows},
        "width": 560,
        "height": _ROW_PX * len(order),
        "encoding": {
            "y": {"field": "what", "type": "nominal", "title": None, "sort": order},
            "x": {
                "field": "cases",
                "type": "quantitative",
                "title": "cases 申请数",
                "axis": {"format": ",d", "tickMinStep": 1, "tickCount": 6},
            },
        },
        "layer": [
            {"mark": "bar", "encoding": look},
            {"mark": {"type": "text", "align": "left", "dx": 4}, "encoding": {"text": number}},
        ],
    }


def words(action: Action) -> str:
    """What is done, in both languages."""
    english, chinese = WORDS[action]
    return f"{english} {chinese}"
