"""Another system of the shop on loopback, which answers whatever a test has it answer, byte by byte."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from integrations.shop_http import HttpSource

NO_TOKEN = SecretStr("")
JSON = "application/json"


class System:
    """`requests`: the heads it was sent. `hold`: it keeps the connection open after its answer."""

    def __init__(self, answer: bytes, *, hold: bool = False) -> None:
        self.answer = answer
        self.requests: list[str] = []
        self.port = 0
        self._hold = hold
        self._over = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/asked"

    def over(self) -> None:
        self._over.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(self.answer)
            await writer.drain()
            if self._hold:
                await self._over.wait()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever asked has heard enough
        finally:
            writer.close()


def said(body: object, status: str = "200 OK", kind: str = JSON, headers: Sequence[str] = ()) -> bytes:
    """A whole answer; a body that is not bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + content


@asynccontextmanager
async def running(answer: bytes, *, hold: bool = False, tls: ssl.SSLContext | None = None) -> AsyncIterator[System]:
    system = System(answer, hold=hold)
    server = await asyncio.start_server(system.serve, "127.0.0.1", 0, ssl=tls)
    system.port = server.sockets[0].getsockname()[1]
    try:
        yield system
    finally:
        system.over()
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def asking(
    answer: bytes, *, hold: bool = False, limit_s: float = 30, token: SecretStr = NO_TOKEN, name: str = "stock"
) -> AsyncIterator[tuple[HttpSource, System]]:
    """A source at a system that answers so; patient, unless a test is about its patience."""
    async with running(answer, hold=hold) as system:
        source = HttpSource(name, system.url, token, limit_s=limit_s)
        try:
            yield source, system
        finally:
            await source.close()


def self_signed(address: str, file: Path) -> Path:
    """A certificate for an IP address with its key, in one file; right in all but who vouches for it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, address)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(pem, private, serialization.NoEncryption()) + certificate.public_bytes(pem))
    return file
