"""Broken answers under a server that does not hand over its connection, and requests that never end."""

from starlette.types import Message, Scope

from sandbox.calls import Answer
from sandbox.wire import drop_connection, read_envelope, send_truncated, send_whole

SCOPE: Scope = {
    "type": "http",
    "method": "POST",
    "path": "/v1/refunds",
    "query_string": b"limit=1",
    "headers": [(b"idempotency-key", b"key-1")],
}


async def test_a_body_in_pieces_is_read_whole() -> None:
    pieces: list[Message] = [
        {"type": "http.request", "body": b"charge=", "more_body": True},
        {"type": "http.request", "body": b"ch_1"},
    ]

    async def receive() -> Message:
        return pieces.pop(0)

    envelope = await read_envelope(SCOPE, receive)
    assert envelope is not None
    assert (envelope.body, envelope.query) == (b"charge=ch_1", "limit=1")
    assert envelope.headers == {"idempotency-key": "key-1"}


async def test_a_caller_who_leaves_in_the_middle_has_asked_nothing() -> None:
    pieces: list[Message] = [
        {"type": "http.request", "body": b"charge=", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return pieces.pop(0)

    assert await read_envelope(SCOPE, receive) is None


async def test_without_a_transport_a_drop_is_an_answer_that_cannot_be_completed() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await drop_connection(receive, send)
    [start] = sent
    assert start["type"] == "http.response.start"
    assert (b"content-length", b"1") in start["headers"]


async def test_a_truncated_answer_promises_more_than_it_sends() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await send_truncated(Answer(200, b"12345678"), receive, send)
    start, half = sent
    assert (b"content-length", b"8") in start["headers"]
    assert (half["body"], half["more_body"]) == (b"1234", True)


async def test_a_whole_answer_is_sent_with_its_headers() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await send_whole(Answer(402, b"{}", {"Request-Id": "req_1"}), send)
    start, body = sent
    assert start["status"] == 402
    assert (b"Request-Id", b"req_1") in start["headers"]
    assert body["body"] == b"{}"
