"""Another system of the shop is asked once, within bounds; whatever it does wrong, it is down, and the case goes on."""

from __future__ import annotations

import gzip
import ssl
from pathlib import Path

import pytest
from pydantic import SecretStr

from activities.particulars import SourceDownError, StockLine
from integrations.shop_http import HttpSource, HttpStock
from integrations.shop_http.source import LARGEST_ANSWER_BYTES
from tests.integrations.shop_http.system import NO_TOKEN, asking, running, said, self_signed

GOOD = {"sku": "CUP-L", "available": 3}


async def ask(source: HttpSource, sku: str = "CUP-L") -> StockLine | None:
    return await HttpStock(source).instead_of("SO-1", "cup", sku)


async def refused(answer: bytes) -> str:
    """Why the source is down."""
    async with asking(answer) as (source, _):
        with pytest.raises(SourceDownError) as down:
            await ask(source)
    assert str(down.value).startswith("stock: "), "a source is named"
    return str(down.value)


async def test_an_answer_is_read_and_what_is_not_known_of_it_is_ignored() -> None:
    async with asking(said({**GOOD, "warehouse": "north"})) as (source, system):
        assert await ask(source) == StockLine(line_id="cup", sku="CUP-L", available=3)
    assert system.requests[0].startswith("GET /asked?sku=CUP-L&order_id=SO-1&line_id=cup HTTP/1.1")


async def test_404_is_an_answer_whatever_stands_in_it() -> None:
    async with asking(said(b"<h1>nothing here</h1>", "404 Not Found", "text/html")) as (source, _):
        assert await ask(source) is None


async def test_a_token_is_sent_where_there_is_one() -> None:
    for token, sent in ((SecretStr(" secret-1\n"), True), (NO_TOKEN, False)):
        async with asking(said(GOOD), token=token) as (source, system):
            await ask(source)
        assert ("authorization: bearer secret-1\r\n" in system.requests[0].lower()) is sent
        assert ("authorization" in system.requests[0].lower()) is sent


async def test_keys_of_any_kind_stay_keys() -> None:
    sku = "../admin?x=1&sku=OTHER#\r\nHost: elsewhere"
    async with asking(said({**GOOD, "sku": sku})) as (source, system):
        with pytest.raises(SourceDownError, match="control characters"):
            await ask(source, sku)
    head = system.requests[0]
    assert head.startswith("GET /asked?sku=..%2Fadmin%3Fx%3D1%26sku%3DOTHER%23%0D%0AHost%3A")
    assert head.lower().count("\r\nhost:") == 1


@pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Service Unavailable", "204 No Content", "201 X"])
async def test_any_other_status_is_no_answer(status: str) -> None:
    why = await refused(said(GOOD, status))
    assert f"it answered {status[:3]} instead of 200 or 404; check AFTERSALES_STOCK_URL" in why


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_a_token_that_is_refused_is_named(status: str) -> None:
    assert f"it answered {status[:3]}; check AFTERSALES_STOCK_TOKEN" in await refused(said(GOOD, status))


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
async def test_no_redirect_is_followed(status: str) -> None:
    async with running(said(GOOD)) as elsewhere:
        why = await refused(said(b"", status, headers=[f"Location: {elsewhere.url}"]))
    assert f"it answered {status[:3]}" in why
    assert elsewhere.requests == []


async def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    endless = said(b"[" + b" " * LARGEST_ANSWER_BYTES).replace(b"Content-Length: 65537", b"Content-Length: 9000000000")
    async with asking(endless, hold=True) as (source, _):
        with pytest.raises(SourceDownError, match="larger than 65536 bytes"):
            await ask(source)


async def test_a_compressed_answer_is_not_unpacked() -> None:
    small = gzip.compress(b" " * 50_000_000)[: LARGEST_ANSWER_BYTES // 2]
    assert "is compressed" in await refused(said(small, headers=["Content-Encoding: gzip"]))


@pytest.mark.parametrize("answer", [b"", said(GOOD)[:20], said(GOOD)[:-5], said(GOOD)])
async def test_an_answer_that_does_not_end_is_bounded_in_time(answer: bytes) -> None:
    unending = answer.replace(b"Content-Length: 32", b"Content-Length: 99")
    async with asking(unending, hold=True, limit_s=0.3) as (source, _):
        with pytest.raises(SourceDownError, match=r"stock: it did not answer within 0\.3 s"):
            await ask(source)


@pytest.mark.parametrize("answer", [b"", said(GOOD)[:20], said(GOOD)[:-5], b"HTTP/1.1 two hundred\r\n\r\n", b"\0" * 99])
async def test_an_answer_that_breaks_off_or_is_no_http_is_none(answer: bytes) -> None:
    assert "the connection failed (RemoteProtocolError)" in await refused(answer)


async def test_a_system_that_is_away_is_down() -> None:
    async with running(b"") as system:
        pass
    source = HttpSource("logistics", system.url, NO_TOKEN)
    with pytest.raises(SourceDownError, match=r"logistics: the connection failed \(ConnectError\)"):
        await ask(source)
    await source.close()


async def test_a_certificate_that_nobody_vouches_for_is_not_taken(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed("127.0.0.1", tmp_path / "own.pem"))
    async with running(said(GOOD), tls=context) as system:
        source = HttpSource("stock", system.url.replace("http:", "https:"), SecretStr("secret-1"), limit_s=30)
        with pytest.raises(SourceDownError, match=r"the connection failed \(ConnectError\)"):
            await ask(source)
        await source.close()
    assert system.requests == []


async def test_no_proxy_of_the_environment_is_told_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(said(GOOD)) as proxy, asking(said(GOOD)) as (unused, system):
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        source = HttpSource("stock", system.url, SecretStr("secret-1"), limit_s=30)
        assert await ask(source) == await ask(unused)
        await source.close()
    assert (proxy.requests, len(system.requests)) == ([], 2)


@pytest.mark.parametrize("kind", ["text/html", "text/plain; charset=utf-8", "application/jsonp", ""])
async def test_another_content_type_is_no_answer(kind: str) -> None:
    why = await refused(said(GOOD, kind=kind))
    assert f"it answered in {kind.partition(';')[0] or 'no named type'} instead of application/json" in why


async def test_a_content_type_may_name_its_charset() -> None:
    async with asking(said(GOOD, kind="Application/JSON; charset=utf-8")) as (source, _):
        assert await ask(source) is not None


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "JSON: "),
        (b"{", "JSON: "),
        (b'{"sku": "CUP-L", "available": 3', "JSON: "),
        (b"\xff\xfe", "JSON: "),
        (b"null", "JSON: "),
        (b"[]", "JSON: "),
        ({"sku": "CUP-L"}, "available: "),
        ({**GOOD, "available": "3"}, "available: "),
        ({**GOOD, "available": 3.5}, "available: "),
        ({**GOOD, "available": True}, "available: "),
        ({**GOOD, "available": -1}, "available: "),
        ({**GOOD, "available": 10**30}, "available: "),
        ({**GOOD, "available": None}, "available: "),
        (b'{"sku": "CUP-L", "available": NaN}', "available: "),
        ({**GOOD, "sku": 7}, "sku: "),
    ],
)
async def test_an_answer_of_another_shape_is_none_and_its_field_is_named(body: object, place: str) -> None:
    assert f"stock: its answer is not what was agreed: {place}" in await refused(said(body))


async def test_an_answer_about_something_else_is_none() -> None:
    assert "it answered about another sku than was asked for" in await refused(said({**GOOD, "sku": "CUP-S"}))
