"""What the bench says of webhooks is measured on deliveries that a real portal verified, stored and told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.deliveries import HANDS
from bench.webhooks import CONNECTIONS, webhook_speed
from cli.servers.dev_server import DevServer

EVENTS = 2 * CONNECTIONS * len(HANDS)


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


async def test_every_event_of_the_measure_was_answered_and_its_case_told(
    url: str, tmp_path: Path, dev_server: DevServer
) -> None:
    speed = await webhook_speed(tmp_path, url, dev_server, EVENTS)
    assert speed.rate > 0
    assert 0 < speed.p50_ms <= speed.p99_ms
    assert speed.cpu_ms > 0
