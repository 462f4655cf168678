"""What stands in the seal of a day: JSON lines with sorted keys, hashed and chained to the seal before (P6.3).

First `{"at", "day", "format", "previous"}`, then a line `{"hash", "number", "seq"}` for each chain that moved since it
was sealed last, and in the end `{"heads", "seal"}`, with `key_id` and `mac` if there is a key. `seal` is the SHA-256 of
all lines above, `previous` that of the seal before (64 zeros in the first), `mac` the HMAC-SHA256 of `seal`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import IO, Any, Final

from activities.ports import Seal, SealedHead

FIRST_PREVIOUS: Final = "0" * 64
FORMAT: Final = 1
_MOST_ENTRIES: Final = 2**62  # what a database counts to


class SealBrokenError(Exception):
    """A seal is not what was written."""

    def __init__(self, day: str, why: str) -> None:
        super().__init__(f"The seal of {day} does not hold: {why}.")
        self.day = day
        self.why = why


class Lines:
    """Canonical lines into a file, with the hash over them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.written = 0

    def write(self, content: dict[str, Any]) -> None:
        line = json.dumps(content, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        self._hash.update(line)
        self._file.write(line)
        self.written += 1

    def digest(self) -> str:
        return self._hash.hexdigest()


class Reading:
    """A file as its lines come in: the header, heads, and a trailer that ends it."""

    def __init__(self, day: date) -> None:
        self._day = day.isoformat()
        self._hash = hashlib.sha256()
        self._read = 0
        self._header: dict[str, Any] | None = None
        self._trailer: dict[str, Any] | None = None

    def take(self, lines: Sequence[bytes]) -> list[SealedHead]:
        """The heads among the lines. Raises SealBrokenError."""
        heads = []
        for line in lines:
            content = self._content(line)
            if "seal" in content:
                self._trailer = content
                continue
            self._hash.update(line + b"\n")
            if self._header is None:
                self._header = content
            else:
                heads.append(self._head(content))
            self._read += 1
        return heads

    def _head(self, content: dict[str, Any]) -> SealedHead:
        match content:
            case {"number": str(), "seq": int(seq), "hash": str(), **others} if not others and 0 < seq <= _MOST_ENTRIES:
                return SealedHead(**content)
        raise self._unreadable()

    def _content(self, line: bytes) -> dict[str, Any]:
        if self._trailer is not None:
            raise SealBrokenError(self._day, "something was written behind its end")
        try:
            content: object = json.loads(line)
        except (ValueError, RecursionError) as why:
            raise self._unreadable() from why
        if not isinstance(content, dict):
            raise self._unreadable()
        return content

    def _unreadable(self) -> SealBrokenError:
        return SealBrokenError(self._day, f"line {self._read + 1} cannot be read")

    def seal(self) -> tuple[Seal, str]:
        """The seal and its MAC, empty if there is none. Raises SealBrokenError."""
        header, trailer = self._header, self._trailer
        if header is None or trailer is None:
            raise SealBrokenError(self._day, "its end was cut off")
        told = {"key_id": "", "mac": "", **trailer, **header, "heads": self._read - 1}
        if told["seal"] != self._hash.hexdigest() or told.get("day") != self._day:
            raise SealBrokenError(self._day, "its content was changed")
        try:
            return Seal.model_validate(told), str(told["mac"])
        except ValueError as why:
            raise SealBrokenError(self._day, "its first line is not that of a seal") from why
