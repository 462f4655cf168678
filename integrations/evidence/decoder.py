"""Where strangers' files are opened: `python -m integrations.evidence.decoder MEMORY_MB LIMIT_S BOUNDS`.

It reads orders from its input and writes answers to its output, one after the other: a line of JSON, then the bytes
that it counts. It knows no secret, may write no file, and ends itself when a file takes too long or too much. What it
says is JSON and bytes, never objects: whoever takes it over can lie about a picture and do no more.
"""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO, Final

import av
import av.logging

from integrations.evidence.bounds import BYTES_OF_A_MEGABYTE, Bounds
from integrations.evidence.documents import clean_document, look_at_document
from integrations.evidence.errors import EvidenceBoundError, EvidenceBrokenError, EvidenceError, EvidenceLockedError
from integrations.evidence.findings import Answer, Cleaned, Order
from integrations.evidence.pictures import clean_picture, look_at_picture
from integrations.evidence.videos import clean_video, look_at_video

Opening = Callable[[bytes, str, Bounds], Cleaned]
_CLEANING: Final[dict[str, Opening]] = {
    "image": clean_picture,
    "video": clean_video,
    "application": clean_document,
}
_LOOKING: Final[dict[str, Opening]] = {
    "image": look_at_picture,
    "video": look_at_video,
    "application": look_at_document,
}


def serve(orders: BinaryIO, answers: BinaryIO, bounds: Bounds, limit_s: int) -> None:
    """Until there are no more orders."""
    while line := orders.readline():
        order = Order.model_validate_json(line)
        content = orders.read(order.content_bytes)
        signal.alarm(limit_s)  # without a handler it ends the process, wherever in a library it is
        answer, cleaned = answered(order, content, bounds)
        signal.alarm(0)
        answers.write(answer.model_dump_json().encode() + b"\n" + cleaned.content + cleaned.thumbnail)
        answers.flush()


def answered(order: Order, content: bytes, bounds: Bounds) -> tuple[Answer, Cleaned]:
    opening = (_LOOKING if order.look_only else _CLEANING)[order.media_type.partition("/")[0]]
    nothing = Cleaned(b"", "", Answer().findings)
    try:
        cleaned = opening(content, order.media_type, bounds)
    except EvidenceBoundError as why:
        return Answer(error=EvidenceBoundError.__name__, told=why.what), nothing
    except EvidenceLockedError:
        return Answer(error=EvidenceLockedError.__name__), nothing
    except (EvidenceError, *_BROKEN):
        return Answer(error=EvidenceBrokenError.__name__), nothing
    answer = Answer(
        media_type=cleaned.media_type,
        findings=cleaned.findings,
        content_bytes=len(cleaned.content),
        thumbnail_bytes=len(cleaned.thumbnail),
    )
    return answer, cleaned


_BROKEN: Final = (Exception,)
"""Libraries raise whatever they like about a forged file; whatever it is, the file is the reason."""


def confine(memory_mb: int) -> None:
    """No files, no core dumps, and no more memory than this; what asks for more fails, or ends."""
    memory = memory_mb * BYTES_OF_A_MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    memory_mb, limit_s, bounds = sys.argv[1:]
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    faulthandler.disable()
    av.logging.set_level(None)
    confine(int(memory_mb))
    serve(orders, answers, Bounds.model_validate_json(bounds), int(limit_s))


if __name__ == "__main__":
    main()
