"""Saying something until it is taken, as every caller of a system that is killed again and again must."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode
from storage.errors import StorageError

AGAIN_S: Final = 0.5
AWAY: Final = frozenset({ErrorCode.ENGINE_UNAVAILABLE, ErrorCode.NOBODY_ANSWERS})
DATABASE_AWAY: Final = (SQLAlchemyError, StorageError, OSError)

T = TypeVar("T")


async def insist(say: Callable[[], Awaitable[T]]) -> T:
    """The same again until the engine and the database are there; what is refused is raised."""
    while True:
        try:
            return await say()
        except AftersalesError as why:
            if why.code not in AWAY:
                raise
        except DATABASE_AWAY:
            pass
        await asyncio.sleep(AGAIN_S)
