"""The virus scanner behind its port: clamd, spoken to over TCP by its INSTREAM command."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from pydantic import AfterValidator

from activities.pieces import Scan, ScanVerdict

LIMIT_S: Final = 120.0
"""clamd takes a minute for the largest video on a busy machine."""

_PIECE_BYTES: Final = 128 * 1024
_LONGEST_REPLY: Final = 4096
_LARGEST_PORT: Final = 65535


class ScannerError(OSError):
    """clamd could not scan; another try may help. `str(error)` is what it said."""


def _checked_address(address: str) -> str:
    host, _, port = address.rpartition(":")
    if address and not (host and port.isdecimal() and 0 < int(port) <= _LARGEST_PORT):
        raise ValueError("name clamd as host:port, such as 127.0.0.1:3310, or leave it empty for no scanner")
    return address


ScannerAddress = Annotated[str, AfterValidator(_checked_address)]


class ClamAv:
    """`activities.pieces.VirusScanner`; each scan is a connection of its own."""

    def __init__(self, address: str, limit_s: float = LIMIT_S) -> None:
        host, _, port = address.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._limit_s = limit_s

    async def scan(self, content: bytes) -> Scan:
        """Raises ScannerError (clamd is busy, or takes files of that size only after its StreamMaxLength is raised),
        OSError, TimeoutError."""
        async with asyncio.timeout(self._limit_s):
            reader, writer = await asyncio.open_connection(self._host, self._port, limit=_LONGEST_REPLY)
            try:
                return _verdict(await _replied(reader, writer, content))
            finally:
                writer.close()


async def _replied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes) -> str:
    """Lengths before pieces, a length of zero at the end; commands and replies end in a zero byte."""
    try:
        writer.write(b"zINSTREAM\0")
        for start in range(0, len(content), _PIECE_BYTES):
            piece = content[start : start + _PIECE_BYTES]
            writer.write(len(piece).to_bytes(4, "big") + piece)
            await writer.drain()
        writer.write(bytes(4))
        await writer.drain()
    except ConnectionError:
        pass  # it hangs up on what is too large for it, after saying so
    try:
        return (await reader.readuntil(b"\0"))[:-1].decode(errors="replace")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError) as why:
        raise ScannerError("clamd hung up without an answer") from why


def _verdict(reply: str) -> Scan:
    told = reply.removeprefix("stream: ").strip()
    if told == "OK":
        return Scan(verdict=ScanVerdict.CLEAN)
    if told.endswith(" FOUND"):
        return Scan(verdict=ScanVerdict.INFECTED, signature=told.removesuffix(" FOUND"))
    raise ScannerError(f"clamd could not scan: {told}")
