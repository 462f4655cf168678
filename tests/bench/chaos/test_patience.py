"""What did not come through is said again; what was refused is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy.exc import OperationalError

from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode
from bench.chaos import patience
from bench.chaos.patience import insist


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "AGAIN_S", 0.0)


def failing(*errors: Exception) -> Callable[[], Awaitable[str]]:
    """Fails by each of these, then says yes."""
    left = list(errors)

    async def say() -> str:
        if left:
            raise left.pop(0)
        return "yes"

    return say


@pytest.mark.parametrize(
    "away",
    [
        AftersalesError(ErrorCode.ENGINE_UNAVAILABLE, "It is away."),
        AftersalesError(ErrorCode.NOBODY_ANSWERS, "Nobody is there."),
        OperationalError("SELECT 1", None, Exception("refused")),
        ConnectionRefusedError("refused"),
    ],
)
async def test_it_is_said_until_somebody_is_there(away: Exception) -> None:
    assert await insist(failing(away, away)) == "yes"


async def test_a_refusal_is_an_answer() -> None:
    with pytest.raises(AftersalesError, match="closed"):
        await insist(failing(AftersalesError(ErrorCode.CASE_CLOSED, "It is closed.")))
