"""Reading what is sent to us: never more than allowed, never longer than allowed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from starlette.requests import Request


class BodyTooLargeError(Exception):
    """More came than the route takes."""

    def __init__(self, largest_bytes: int) -> None:
        super().__init__(f"The request is larger than {largest_bytes} bytes; send less.")


def refuse_by_its_word(request: Request, largest_bytes: int) -> None:
    """Raise BodyTooLargeError if the request itself says that it is too large, before a byte is read."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > largest_bytes:
        raise BodyTooLargeError(largest_bytes)


async def bounded(request: Request, largest_bytes: int) -> AsyncGenerator[bytes, None]:
    """The body in pieces; BodyTooLargeError as soon as it is more than it may be."""
    refuse_by_its_word(request, largest_bytes)
    read_bytes = 0
    async for piece in request.stream():
        read_bytes += len(piece)
        if read_bytes > largest_bytes:
            raise BodyTooLargeError(largest_bytes)
        yield piece


async def whole_body(request: Request, largest_bytes: int, limit_s: float) -> bytes:
    """The whole body. Raises BodyTooLargeError; TimeoutError if the sender dawdles."""
    async with asyncio.timeout(limit_s):
        return b"".join([piece async for piece in bounded(request, largest_bytes)])
