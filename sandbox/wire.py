"""Answers on the wire, whole or broken, through any ASGI server that hands over its connection."""

from typing import Protocol, runtime_checkable

from starlette.types import Message, Receive, Scope, Send

from sandbox.calls import Answer, Envelope


@runtime_checkable
class _Transport(Protocol):
    def abort(self) -> None: ...

    def close(self) -> None: ...


async def read_envelope(scope: Scope, receive: Receive) -> Envelope | None:
    """Read one request to its end, or ``None`` when the caller left before it was complete."""
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    return Envelope(scope["method"], scope["path"], query, headers, b"".join(chunks))


def _start(answer: Answer, length: int) -> Message:
    named = {"content-type": "application/json", **answer.headers, "content-length": str(length)}
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


async def send_whole(answer: Answer, send: Send) -> None:
    """Send the answer as the provider meant it."""
    await send(_start(answer, len(answer.body)))
    await send({"type": "http.response.body", "body": answer.body})


async def send_unreadable(answer: Answer, send: Send) -> None:
    """Send half of the body as a complete HTTP answer: correct on the wire, not JSON."""
    body = _half(answer.body)
    await send(_start(answer, len(body)))
    await send({"type": "http.response.body", "body": body})


async def send_truncated(answer: Answer, receive: Receive, send: Send) -> None:
    """Promise the whole body, send half, close the connection."""
    await send(_start(answer, len(answer.body)))
    await send({"type": "http.response.body", "body": _half(answer.body), "more_body": True})
    await _hang_up(receive, flush=True)


async def drop_connection(receive: Receive, send: Send) -> None:
    """Close the connection without a byte.

    A server that does not hand over its connection gets an answer it cannot complete, which breaks as well.
    """
    if not await _hang_up(receive, flush=False):
        await send(_start(Answer(500, b""), 1))


async def _hang_up(receive: Receive, *, flush: bool) -> bool:
    # ASGI has no message for "close now". uvicorn's `receive` is a method of the object that owns the
    # transport, for h11 and httptools alike.
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if not isinstance(transport, _Transport):
        return False
    if flush:
        transport.close()
    else:
        transport.abort()
    # Returning before the server has noticed would make it answer 500 or log an error.
    while (await receive())["type"] != "http.disconnect":
        continue
    return True
