"""Where whoever comes by a link or a ticket is looked at: not too often, by a token that holds and is not used up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Generic

from starlette.requests import Request

from integrations.links import BoundT, LinkInvalidError
from portal.limits import Throttle
from portal.ports import Clock, PortalRecords
from storage.portal import TokenPurpose


class Entrance(Generic[BoundT]):
    """For one purpose. `read` is the signer's method for its tokens, `spent_key` the name under which one is noted."""

    def __init__(
        self,
        purpose: TokenPurpose,
        read: Callable[[str, datetime], BoundT],
        spent_key: Callable[[BoundT], str],
        *,
        records: PortalRecords,
        clock: Clock,
        throttle: Throttle,
    ) -> None:
        self._purpose = purpose
        self._read = read
        self._spent_key = spent_key
        self._records = records
        self._clock = clock
        self._throttle = throttle

    async def open(self, token: str, request: Request) -> BoundT:
        """What the token is bound to, before a byte of the body is read.

        Raises TooManyRequestsError, LinkInvalidError (a used one's too), and what a database raises.
        """
        await self._throttle.count_address(request)
        bound = self._read(token, self._clock.now())
        key = self._spent_key(bound)
        await self._throttle.count_link(key)
        if await self._records.token_spent(self._purpose, key):
            raise LinkInvalidError("used")
        return bound

    async def use_up(self, bound: BoundT) -> None:
        """From now on its token does not hold. Raises what a database raises."""
        await self._records.spend_token(self._purpose, self._spent_key(bound), self._clock.now())
