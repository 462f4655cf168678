"""Logins of the Web UI's readers: a signed cookie, over with its time, with idleness, at logout, and with its token.

It is signed with a key made of the encryption key, so that several codec servers know each other's logins and there
is no further secret to look after. Logins that were ended by hand are noted in the process.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from itsdangerous import BadData, URLSafeSerializer
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from aftersales.contract.values import Frozen
from aftersales.sealing import EncryptionKey
from portal.codec.settings import CodecSettings, ReaderToken

if TYPE_CHECKING:
    from portal.ports import Clock

COOKIE: Final = "__Host-codec"
_PURPOSE: Final = b"aftersales codec server: logins"


class Session(Frozen):
    """One login. Times in seconds since 1970; `token` is the beginning of its token's hash, which ties it to that."""

    session_id: str
    name: str
    token: str
    began_at: int
    seen_at: int


class Sessions:
    """Opens, recognises and ends logins."""

    def __init__(self, settings: CodecSettings, clock: Clock) -> None:
        self._tokens = {token.name: token for token in settings.tokens}
        self._session_s = settings.session_s
        self._idle_s = settings.idle_s
        self._clock = clock
        self._signer = URLSafeSerializer(
            _signing_key(settings.encryption_keys), signer_kwargs={"digest_method": hashlib.sha256}
        )
        self._ended: dict[str, int] = {}

    def open(self, reader: ReaderToken, response: Response) -> None:
        """A new login, with a new id whatever cookie came."""
        now = self._now()
        session = Session(
            session_id=secrets.token_hex(16), name=reader.name, token=_mark(reader), began_at=now, seen_at=now
        )
        self._write(session, response)

    def of(self, request: Request) -> Session | None:
        """The login that holds now, if there is one."""
        try:
            session = Session.model_validate(self._signer.loads(request.cookies.get(COOKIE, "")))
        except (BadData, ValidationError):
            return None
        reader, now = self._tokens.get(session.name), self._now()
        over = now >= session.began_at + self._session_s or now >= session.seen_at + self._idle_s
        if over or session.session_id in self._ended or reader is None or _mark(reader) != session.token:
            return None
        return session

    def keep_awake(self, session: Session, response: Response) -> None:
        """It was used: idleness counts from now."""
        self._write(session.model_copy(update={"seen_at": self._now()}), response)

    def end(self, session: Session, response: Response) -> None:
        """Logged out: a copy of the cookie holds no more, either."""
        now = self._now()
        self._ended = {each: end for each, end in self._ended.items() if end > now}
        self._ended[session.session_id] = session.began_at + self._session_s
        response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict")

    def _write(self, session: Session, response: Response) -> None:
        value = self._signer.dumps(session.model_dump())
        text = value.decode() if isinstance(value, bytes) else value
        response.set_cookie(COOKIE, text, secure=True, httponly=True, samesite="strict")

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _mark(reader: ReaderToken) -> str:
    return reader.sha256[:16]


def _signing_key(keys: Sequence[EncryptionKey]) -> bytes:
    return hmac.digest(keys[0].raw(), _PURPOSE, "sha256")
