"""`/staff`: log in, log out, who am I, and signing. A bearer token in each request and no cookie, so no page of another
site can act for anybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Final, TypeVar

import structlog
from fastapi import APIRouter
from limits import RateLimitItemPerMinute
from pydantic import BaseModel, Field, SecretStr, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from aftersales.contract.errors import AftersalesError
from portal.answers import Refusal, later, too_many
from portal.bodies import BodyTooLargeError, whole_body
from portal.limits import Throttle, TooManyRequestsError, address_key
from portal.ports import Clock
from portal.settings import PortalSettings
from portal.staff.signing import Signing, ToSign, UnsignableError
from storage.logins import LoginRefusedError, LoginStore, Session, TooManyLoginsError

LARGEST_BYTES: Final = 256 * 1024
SIGNATURES_PER_MINUTE: Final = 240
NOT_LOGGED_IN: Final = Refusal(401, "not_logged_in", "Log in first: this login has ended, or there never was one.")
_log = structlog.get_logger(__name__)
Asked = TypeVar("Asked", bound=BaseModel)
Act = Callable[[Request], Awaitable[Response]]


class NamePassword(BaseModel):
    """What a login takes."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class RefusedError(Exception):
    """The request is answered with `why`, and nothing was done."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.sentence)
        self.why = why


class StaffRoom:
    """Each act finds out anew whether the login holds, the account is active and the role is held."""

    def __init__(self, settings: PortalSettings, logins: LoginStore, signing: Signing, clock: Clock) -> None:
        self._logins = logins
        self._signing = signing
        self._clock = clock
        self._limit_s = settings.body_limit_s
        self._throttle = Throttle(
            RateLimitItemPerMinute(settings.address_per_minute), RateLimitItemPerMinute(SIGNATURES_PER_MINUTE)
        )

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/staff")
        routes: tuple[tuple[str, str, Act], ...] = (
            ("POST", "/login", self.log_in),
            ("POST", "/logout", self.log_out),
            ("GET", "/me", self.me),
            ("POST", "/sign", self.sign),
        )
        for method, path, act in routes:
            router.add_api_route(path, self._answering(act), methods=[method], response_model=None)
        return router

    async def log_in(self, request: Request) -> Response:
        """200 with the token; 401 alike for a wrong password, an unknown name and a disabled account; 429."""
        asked = await self._read(request, NamePassword)
        address = address_key(request.client.host if request.client else "")
        try:
            login = await self._logins.log_in(asked.name, asked.password.get_secret_value(), address, self._now())
        except TooManyLoginsError as why:
            _log.warning("staff_login_throttled")
            raise RefusedError(Refusal(429, "too_many", str(why), why.wait_s)) from None
        except LoginRefusedError as why:
            _log.warning("staff_login_failed")
            raise RefusedError(Refusal(401, "login_failed", str(why))) from None
        _log.info("staff_logged_in", staff=login.staff.staff_id)
        roles = sorted(login.staff.roles)
        content = {"token": login.token, "expires_at": login.expires_at.isoformat(), "roles": roles}
        return JSONResponse(content | {"staff_id": login.staff.staff_id})

    async def log_out(self, request: Request) -> Response:
        """204: the token holds no more."""
        await self._session(request)
        await self._logins.log_out(_token(request), self._now())
        return Response(status_code=204)

    async def me(self, request: Request) -> Response:
        """200 with who is logged in and what they hold now."""
        session = await self._session(request)
        staff = session.staff
        told = {"staff_id": staff.staff_id, "display_name": staff.display_name, "roles": sorted(staff.roles)}
        times = {"expires_at": session.expires_at.isoformat(), "authenticated_at": session.authenticated_at.isoformat()}
        return JSONResponse(told | {"groups": sorted(staff.groups)} | times)

    async def sign(self, request: Request) -> Response:
        """200 with the proof; 403 for a role that is not held, 422 for what is no message of the contract."""
        session = await self._session(request)
        wanted = await self._read(request, ToSign)
        try:
            proof = self._signing.proof(session, wanted)
        except AftersalesError as why:
            raise RefusedError(Refusal(why.rule.http_status, why.code.value, str(why))) from None
        except UnsignableError as why:
            raise RefusedError(Refusal(422, "not_readable", str(why))) from None
        _log.info("staff_signed", staff=proof.actor, role=proof.role.value, kind=wanted.kind, number=wanted.number)
        return JSONResponse(proof.model_dump(mode="json"))

    def _answering(self, act: Act) -> Act:
        """The act behind the limit by address; what is refused, and a database that is away, as JSON."""

        async def answer(request: Request) -> Response:
            try:
                await self._throttle.count_address(request)
                return await act(request)
            except RefusedError as refused:
                return refused.why.as_json()
            except TooManyRequestsError as why:
                return too_many(why.wait_s).as_json()
            except (SQLAlchemyError, OSError):
                _log.exception("staff_database_away")
                return later("not_ready", "The database does not answer; nothing was done. Try again in a moment.")

        return answer

    async def _session(self, request: Request) -> Session:
        """Raises RefusedError(401) unless the request's token holds now; TooManyRequestsError."""
        token = _token(request)
        session = await self._logins.recognised(token, self._now())
        if session is None:
            raise RefusedError(NOT_LOGGED_IN)
        await self._throttle.count_link(token)
        return session

    async def _read(self, request: Request, kind: type[Asked]) -> Asked:
        """The body. Raises RefusedError: 413, 408, 422."""
        try:
            return kind.model_validate_json(await whole_body(request, LARGEST_BYTES, self._limit_s))
        except BodyTooLargeError as why:
            raise RefusedError(Refusal(413, "too_large", str(why))) from None
        except (TimeoutError, ClientDisconnect):
            raise RefusedError(Refusal(408, "too_slow", "The request did not arrive; send it again.")) from None
        except ValidationError as error:  # what was sent is not repeated: it may be a password
            fields = ", ".join(sorted({".".join(map(str, each["loc"])) or "the body" for each in error.errors()}))
            sentence = f"The request cannot be read. Send a JSON object; look at {fields}."
            raise RefusedError(Refusal(422, "not_readable", sentence)) from None

    def _now(self) -> datetime:
        return self._clock.now()


def _token(request: Request) -> str:
    """Empty, which is nobody's, unless the request carries one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
