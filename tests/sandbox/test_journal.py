"""The log of requests: each filter alone and together, and calls that were never answered."""

import httpx
import pytest

from tests.sandbox.servers import Box


async def log(box: Box, **wanted: str | int) -> list[tuple[object, object]]:
    """Method and leg of the logged requests."""
    rows = (await box.admin.get("/admin/requests", params=wanted)).json()["requests"]
    return [(row["method"], row["leg"]) for row in rows]


@pytest.fixture
async def busy(box: Box) -> Box:
    """Two legs, each refunded and then read."""
    for leg in ("leg-1", "leg-2"):
        refund = await box.refund(5, leg, leg)
        await box.get(f"/v1/refunds/{refund.id}")
    return box


async def test_requests_of_one_leg(busy: Box) -> None:
    assert await log(busy, leg="leg-2") == [("POST", "leg-2"), ("GET", "leg-2")]


async def test_requests_of_one_method(busy: Box) -> None:
    assert await log(busy, method="GET") == [("GET", "leg-1"), ("GET", "leg-2")]


async def test_requests_of_one_leg_by_one_method(busy: Box) -> None:
    assert await log(busy, leg="leg-1", method="POST") == [("POST", "leg-1")]
    assert await log(busy, leg="leg-3") == []


async def test_the_newest_are_shown_oldest_of_them_first(busy: Box) -> None:
    assert await log(busy, limit=2) == [("POST", "leg-2"), ("GET", "leg-2")]


@pytest.mark.parametrize("limit", [0, 100_001])
async def test_a_log_of_no_or_too_many_lines_is_refused(busy: Box, limit: int) -> None:
    assert (await busy.admin.get("/admin/requests", params={"limit": limit})).status_code == 422


async def test_a_call_in_an_outage_is_logged_as_never_executed(box: Box) -> None:
    await box.admin.put("/admin/outage", json={"on": True})
    with pytest.raises(httpx.TransportError):
        await box.post("key-1", charge="ch_1", amount=5, **{"metadata[leg]": "leg-1"})
    [row] = await box.requests()
    assert (row["leg"], row["idempotency_key"], row["payment"]) == ("leg-1", "key-1", "ch_1")
    assert (row["status"], row["sent"], row["faults"], row["replayed"]) == (None, "nothing", [], False)


@pytest.mark.parametrize("kind", ["truncate", "unreadable", "slow"])
async def test_how_an_answer_was_sent_and_by_which_fault_is_logged(box: Box, kind: str) -> None:
    await box.script(kind, seconds=0.01)
    try:
        await box.post("key-1", charge="ch_1", amount=5)
    except httpx.TransportError:
        assert kind == "truncate"
    [row] = await box.requests()
    sent = {"truncate": "truncated", "unreadable": "unreadable", "slow": "whole"}[kind]
    assert (row["status"], row["sent"], row["faults"]) == (200, sent, [kind])


async def test_a_refusal_at_the_door_is_logged_with_its_status(box: Box) -> None:
    await box.admin.post("/v1/refunds", data={"charge": "ch_1"})
    [row] = await box.requests()
    assert (row["status"], row["sent"]) == (401, "whole")


async def test_what_is_asked_of_the_admin_side_is_not_in_the_log(box: Box) -> None:
    await box.admin.get("/admin/health")
    assert await box.requests() == []
