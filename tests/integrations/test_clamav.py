"""clamd is spoken to as its manual says, against a small server that does so, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import TypeAdapter, ValidationError

from activities.pieces import ScanVerdict
from integrations.clamav import ClamAv, ScannerAddress, ScannerError

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LARGEST = 1_000_000


async def scanned(reader: asyncio.StreamReader) -> bytes:
    """The answer to one INSTREAM: the lengths are obeyed, and what is too large is not even read."""
    if await reader.readuntil(b"\0") != b"zINSTREAM\0":
        return b"UNKNOWN COMMAND\0"
    content = b""
    while length := int.from_bytes(await reader.readexactly(4), "big"):
        content += await reader.readexactly(length)
        if len(content) > LARGEST:
            return b"INSTREAM size limit exceeded. ERROR\0"
    return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


@asynccontextmanager
async def clamd(answer: bytes | None = None) -> AsyncIterator[ClamAv]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await scanned(reader) if answer is None else answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield ClamAv(f"127.0.0.1:{port}", limit_s=10)


async def test_what_is_clean_and_what_is_infected_is_told_apart() -> None:
    async with clamd() as scanner:
        assert (await scanner.scan(b"a photograph" * 50_000)).verdict is ScanVerdict.CLEAN
        found = await scanner.scan(bytes(200_000) + EICAR)
    assert (found.verdict, found.signature) == (ScanVerdict.INFECTED, "Eicar-Test-Signature")


@pytest.mark.parametrize("answer", [b"", b"stream: OK", b"stream: lstat() failed. ERROR\0", b"x" * 9000])
async def test_an_answer_that_is_no_verdict_is_an_error_and_never_clean(answer: bytes) -> None:
    async with clamd(answer) as scanner:
        with pytest.raises(ScannerError, match="clamd"):
            await scanner.scan(b"a photograph")


async def test_what_is_too_large_for_it_is_an_error() -> None:
    async with clamd() as scanner:
        with pytest.raises(OSError, match=r"clamd|reset"):
            await scanner.scan(bytes(LARGEST + 200_000))


async def test_a_scanner_that_is_away_is_an_error() -> None:
    async with clamd() as scanner:
        pass
    with pytest.raises(OSError, match=r"refused|failed"):
        await scanner.scan(b"a photograph")


@pytest.mark.parametrize("address", ["", "127.0.0.1:3310", "[::1]:3310", "clamd.internal:3310"])
def test_an_address_is_host_and_port(address: str) -> None:
    assert TypeAdapter(ScannerAddress).validate_python(address) == address


@pytest.mark.parametrize("address", ["clamd", ":3310", "clamd:", "clamd:x", "clamd:99999"])
def test_any_other_address_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(ValidationError, match=r"host:port, such as 127\.0\.0\.1:3310"):
        TypeAdapter(ScannerAddress).validate_python(address)
