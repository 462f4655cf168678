"""What a decoder finds in a file, and what it makes of it."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field

from activities.pieces import Findings
from aftersales.contract.values import Frozen


class Cleaned(NamedTuple):
    """The file made anew, without anything that is not picture, sound or page. `thumbnail`: a JPEG; empty if none."""

    content: bytes
    media_type: str
    findings: Findings
    thumbnail: bytes = b""


class Answer(Frozen):
    """A decoder's answer, before the two parts that it counts. `error`: an error's class by name, with `told`."""

    media_type: str = ""
    findings: Findings = Findings()
    content_bytes: int = 0
    thumbnail_bytes: int = 0
    error: str = ""
    told: Annotated[str, Field(max_length=200)] = ""


class Order(Frozen):
    """What a decoder is asked: to make a file anew, or (`look_only`) to look at one that was."""

    media_type: str
    content_bytes: int
    look_only: bool = False
