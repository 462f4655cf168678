"""The staff's door of the portal, as the command line knocks at it; signs what somebody who is logged in says."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import httpx2
from pydantic import BaseModel

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Proof
from aftersales.contract.values import ErrorCode, Role
from aftersales.proof import MessageT
from cli.commands.errors import CommandError

LIMIT_S: Final = 15.0
_CODES: Final = frozenset(ErrorCode)


class LoginEndedError(CommandError):
    """The token holds no more."""

    def __init__(self) -> None:
        super().__init__("Your login has ended. Log in again with `aftersales login`.")


class LoggedIn(BaseModel):
    """Who the portal says has logged in, and the roles they hold now."""

    staff_id: str
    display_name: str = ""
    roles: tuple[Role, ...]
    groups: tuple[str, ...] = ()
    expires_at: datetime


class Opened(LoggedIn):
    """A login that was just made."""

    token: str


class SigningService:
    """`aftersales.proof.Signer` for whoever the token belongs to. Every call raises CommandError, AftersalesError."""

    def __init__(self, portal_url: str, token: str = "") -> None:
        self._portal_url = portal_url.rstrip("/")
        self._token = token

    async def log_in(self, name: str, password: str) -> Opened:
        """A new login."""
        return Opened.model_validate(await self._ask("POST", "login", {"name": name, "password": password}))

    async def log_out(self) -> None:
        await self._ask("POST", "logout")

    async def me(self) -> LoggedIn:
        """Raises LoginEndedError."""
        return LoggedIn.model_validate(await self._ask("GET", "me"))

    async def signed(self, message: MessageT, *, number: str, actor: str, role: Role) -> MessageT:
        """See `aftersales.proof.Signer`."""
        body = message.model_dump(mode="json", exclude={"proof"}, exclude_defaults=True)
        wanted = {"number": number, "kind": type(message).__name__, "role": role.value, "body": body}
        proof = Proof.model_validate(await self._ask("POST", "sign", wanted))
        if proof.actor != actor:
            raise AftersalesError(
                ErrorCode.ROLE_NOT_ALLOWED, f"You are logged in as {proof.actor} and cannot speak as {actor}."
            )
        return message.model_copy(update={"proof": proof})

    async def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of three shapes
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            async with httpx2.AsyncClient(timeout=LIMIT_S) as client:
                answer = await client.request(method, f"{self._portal_url}/staff/{path}", json=body, headers=headers)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise CommandError(
                f"The portal at {self._portal_url} does not answer, and without it nobody can log in or sign. Start "
                "it, or correct AFTERSALES_PORTAL_URL."
            ) from error
        if answer.is_success:
            return answer.json() if answer.content else None
        raise _refusal(answer, self._portal_url)


def _refusal(answer: httpx2.Response, portal_url: str) -> Exception:
    try:
        code, sentence = str(answer.json()["code"]), str(answer.json()["sentence"])
    except (ValueError, KeyError, TypeError):
        code, sentence = "", f"The portal at {portal_url} answered with status {answer.status_code} and no reason."
    if code == "not_logged_in":
        return LoginEndedError()
    if code == "nothing_here":
        sentence = f"Nobody can log in at {portal_url}: the portal was started without a key to sign for the staff."
    return AftersalesError(ErrorCode(code), sentence) if code in _CODES else CommandError(sentence)
