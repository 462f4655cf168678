"""A few child processes that open strangers' files, so that a hostile one costs us a process and one clear error.

Each opens one file at a time. One that dies, hangs or talks nonsense is ended, and the next file gets a new one.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from integrations.evidence.bounds import Bounds, EvidenceSettings
from integrations.evidence.errors import EvidenceBoundError, EvidenceBrokenError, EvidenceError, EvidenceLockedError
from integrations.evidence.findings import Answer, Cleaned, Order

PROGRAM: Final = (sys.executable, "-m", "integrations.evidence.decoder")
BACKSTOP_S: Final = 5.0
"""A child ends itself at its limit; if not even that works, it is ended from here so much later."""

FILES_A_CHILD: Final = 200
"""Then a new one: libraries leak, and whatever one file left behind touches few others."""

_LONGEST_ANSWER: Final = 65536
_NO_ANSWER: Final = (TimeoutError, ConnectionError, EOFError, asyncio.LimitOverrunError, ValueError)
"""Of a child that hangs, dies or talks nonsense; pydantic's errors are ValueErrors."""

_LARGEST_PART: Final = 200_000_000


class Decoders:
    """`count` children at most, each started when first needed. `program`: what is run, given limits and bounds."""

    def __init__(
        self, bounds: Bounds, *, count: int, limit_s: int, memory_mb: int, program: Sequence[str] = PROGRAM
    ) -> None:
        self._command = (*program, str(memory_mb), str(limit_s), bounds.model_dump_json())
        self._limit_s = limit_s + BACKSTOP_S
        self._free: asyncio.Queue[_Child] = asyncio.Queue()
        self._children = [_Child(self._command) for _ in range(count)]
        for child in self._children:
            self._free.put_nowait(child)

    @classmethod
    def of(cls, settings: EvidenceSettings) -> Decoders:
        return cls(
            settings.bounds,
            count=settings.decoders,
            limit_s=settings.decoder_limit_s,
            memory_mb=settings.decoder_memory_mb,
        )

    async def clean(self, content: bytes, media_type: str) -> Cleaned:
        """The file made anew. Raises EvidenceBoundError, EvidenceLockedError, EvidenceBrokenError."""
        return await self._do(Order(media_type=media_type, content_bytes=len(content)), content)

    async def look_at(self, content: bytes, media_type: str) -> Cleaned:
        """Findings and thumbnail of a file that was made anew before. Raises as `clean` does."""
        return await self._do(Order(media_type=media_type, content_bytes=len(content), look_only=True), content)

    async def close(self) -> None:
        """End the children; a file that one is just opening counts as broken."""
        for child in self._children:
            await child.end()

    async def _do(self, order: Order, content: bytes) -> Cleaned:
        child = await self._free.get()
        try:
            answer, cleaned = await self._asked(child, order, content)
        finally:
            self._free.put_nowait(child)
        if answer.error:
            raise _error(answer)
        return cleaned

    async def _asked(self, child: _Child, order: Order, content: bytes) -> tuple[Answer, Cleaned]:
        try:
            async with asyncio.timeout(self._limit_s):
                return await child.ask(order, content)
        except _NO_ANSWER as why:
            await child.end()
            raise EvidenceBrokenError from why
        except BaseException:  # whoever waited has gone: the child is in mid-file and can serve nobody else
            await child.end()
            raise


class _Child:
    """One process and the files it has opened."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: Process | None = None
        self._files = 0

    async def ask(self, order: Order, content: bytes) -> tuple[Answer, Cleaned]:
        """Raises ConnectionError, asyncio.IncompleteReadError, ValueError for a child that dies or talks nonsense."""
        process = await self._alive()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(order.model_dump_json().encode() + b"\n" + content)
        await process.stdin.drain()
        answer = Answer.model_validate_json(await process.stdout.readuntil())
        if max(answer.content_bytes, answer.thumbnail_bytes) > _LARGEST_PART:
            raise ValueError("the decoder announces more than a file can be")
        kept = await process.stdout.readexactly(answer.content_bytes)
        thumbnail = await process.stdout.readexactly(answer.thumbnail_bytes)
        return answer, Cleaned(kept, answer.media_type, answer.findings, thumbnail)

    async def _alive(self) -> Process:
        self._files += 1
        if self._files > FILES_A_CHILD:
            await self.end()
        if self._process is None or self._process.returncode is not None:
            self._files = 1
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_ENVIRONMENT, limit=_LONGEST_ANSWER
            )
        return self._process

    async def end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()  # reads to the end: a child that talked too much is waited for until then


_ENVIRONMENT: Final[Mapping[str, str]] = {"PYTHONPATH": ":".join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
"""Where our own modules are, and none of our secrets."""


def _error(answer: Answer) -> EvidenceError:
    match answer.error:
        case EvidenceBoundError.__name__:
            return EvidenceBoundError(answer.told)
        case EvidenceLockedError.__name__:
            return EvidenceLockedError()
        case _:
            return EvidenceBrokenError()
