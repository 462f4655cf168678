"""What is said of a piece that could be better, while the customer is there (P2.2). A warning, never a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from activities.pieces import EvidenceWarning, Findings, WarningCode
from aftersales.contract.values import Language

SMALLEST_SIDE: Final = 300
"""Pixels on the longer side: below it a flaw of some millimetres cannot be seen on a whole garment."""

DARKEST: Final = 25.0
"""Mean grey: a picture taken in an unlit room; night scenes with a lit subject are above it."""

SENTENCES: Final[Mapping[WarningCode, Mapping[Language, str]]] = {
    WarningCode.BLURRED: {
        Language.ZH_CN: "照片有些模糊，可能看不清问题。请对准问题部位，拿稳手机，再拍一张清晰的照片上传。",
        Language.EN: "The photo is blurred, so the problem may not be visible. Please hold still, focus on the spot, "
        "and upload another one.",
    },
    WarningCode.DARK: {
        Language.ZH_CN: "照片太暗，可能看不清问题。请在光线充足的地方再拍一张上传。",
        Language.EN: "The photo is very dark, so the problem may not be visible. Please take another in good light.",
    },
    WarningCode.SMALL: {
        Language.ZH_CN: "照片尺寸太小，可能看不清细节。请上传原图，不要上传缩略图或截图。",
        Language.EN: "The photo is very small, so details may be lost. Please upload the original, not a preview.",
    },
}


def warnings_about(findings: Findings, sharpness_threshold: float) -> tuple[EvidenceWarning, ...]:
    """Of a picture; a small or dark one has no sharpness to speak of, so one reason is enough.

    The threshold (squared greys) is of `likeness.sharpness`: pictures in focus measure hundreds, out of focus below 20.
    """
    if findings.sharpness is None or findings.brightness is None:
        return ()
    if max(findings.width or 0, findings.height or 0) < SMALLEST_SIDE:
        return (_warning(WarningCode.SMALL),)
    if findings.brightness < DARKEST:
        return (_warning(WarningCode.DARK),)
    if findings.sharpness < sharpness_threshold:
        return (_warning(WarningCode.BLURRED),)
    return ()


def _warning(code: WarningCode) -> EvidenceWarning:
    return EvidenceWarning(code=code, sentence=dict(SENTENCES[code]))
