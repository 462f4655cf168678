"""R19: every provider, every fault, two workers killed in turn, every server away once, and the count at the end."""

import os
import secrets
import sys
from pathlib import Path

import pytest

from bench.chaos.run import run
from bench.chaos.storm import Storm
from cli.servers.discovery import silent
from tests.e2e.test_random_kills import SEED_VARIABLE

REFUNDS = 40


@pytest.mark.timeout(420)
async def test_forty_refunds_over_every_provider_keep_every_rule_in_a_storm(tmp_path: Path) -> None:
    seed = int(os.environ.get(SEED_VARIABLE) or secrets.randbits(32))
    storm = Storm(
        seed=seed, refunds=REFUNDS, kill_every_s=5, temporal_away_s=(1, 3), database_away_s=3, calm_within_s=180
    )
    sys.stdout.write(f"to play this run again: {SEED_VARIABLE}={seed}, or {storm.again()}\n")
    ending = await run(storm, tmp_path, silent)
    assert list(ending.breaches) == []
    assert sum(ending.statuses.values()) == REFUNDS
    assert len(ending.kills) == 5, "two outages of Temporal, the database, the portal and a worker at the least"
    assert ending.faults
    assert {provider for provider, _ in ending.sums} >= {"stripe", "alipay", "wechat", "gift_card", "store_credit"}
