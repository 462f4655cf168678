"""The sandbox misbehaves in every way that it can, and time passes at it while the storm lasts and after."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from bench.chaos import providers as module
from bench.chaos.plan import Paid, plan_of
from bench.chaos.providers import FAULTS, SLOW_S, TIMEOUT_S, Providers
from bench.chaos.storm import FAULT_RATE, Storm
from sandbox.app import create_app
from sandbox.faults import FaultKind
from sandbox.settings import SandboxSettings

STORM = Storm(seed=11, refunds=40)


@pytest.fixture
async def sandbox() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=create_app(SandboxSettings()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox/admin") as admin:
        yield admin


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPEN_FOR_S", 0.0)


async def refund(sandbox: httpx2.AsyncClient, leg: str, *kinds: str) -> None:
    await sandbox.post("/stripe/payments", json={"charge": "ch_1", "amount": 50_000, "currency": "cny"})
    if kinds:
        await sandbox.post("/faults", json={"kinds": kinds})
    answer = await sandbox.post(
        "http://sandbox/v1/refunds",
        data={"charge": "ch_1", "amount": "1000", "metadata[leg]": leg},
        headers={"authorization": "Bearer sk_test_sandbox", "idempotency-key": leg},
    )
    answer.raise_for_status()


async def statuses(sandbox: httpx2.AsyncClient) -> list[str]:
    return [row["status"] for row in (await sandbox.get("/stripe/refunds")).json()["refunds"]]


async def pass_some_time(providers: Providers) -> None:
    for _ in range(3):
        await providers.look()


def test_every_fault_that_there_is_happens() -> None:
    assert set(FAULTS) == set(FaultKind)
    assert SLOW_S > TIMEOUT_S, "else nobody gives a slow answer up"


async def test_a_share_of_all_calls_goes_wrong_by_the_seed_until_it_is_over(sandbox: httpx2.AsyncClient) -> None:
    providers = Providers(STORM, sandbox)
    await providers.misbehave()
    now = (await sandbox.get("/faults")).json()["random"]
    assert (now["rate"], now["seed"], now["method"]) == (FAULT_RATE, STORM.seed, "*")
    await providers.behave()
    assert (await sandbox.get("/faults")).json()["random"] is None


async def test_after_the_storm_what_is_pending_succeeds_and_nothing_comes_back(sandbox: httpx2.AsyncClient) -> None:
    providers = Providers(STORM, sandbox)
    for leg in range(12):
        await refund(sandbox, f"leg-{leg}", "pending")
    await providers.behave()
    await pass_some_time(providers)
    assert await statuses(sandbox) == ["succeeded"] * 12
    assert providers.returned == 0


async def test_in_the_storm_some_fail_and_some_come_back_each_at_most_once(sandbox: httpx2.AsyncClient) -> None:
    providers = Providers(STORM, sandbox)
    for leg in range(45):
        await refund(sandbox, f"leg-{leg}", *(["pending"] if leg % 2 else []))
    await pass_some_time(providers)
    ends = await statuses(sandbox)
    failed = ends.count("failed")
    assert 0 < providers.returned < failed
    assert ends.count("succeeded") == 45 - failed
    returned = providers.returned
    await pass_some_time(providers)
    assert providers.returned == returned


async def test_the_shop_has_money_again_after_it_had_none(
    sandbox: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BALANCE_GONE_S", 0.0)
    await Providers(STORM, sandbox).run_out_of_money()
    assert (await sandbox.get("/balance")).json()["balances"] == []


async def test_customers_have_left_their_wallets(sandbox: httpx2.AsyncClient) -> None:
    gone = next(wish for wish in plan_of(STORM) if wish.paid is Paid.WECHAT_PAYER_GONE)
    payment = {"reference": gone.order.tenders[0].reference, "amount": 9_000}
    await sandbox.post("/wechat/payments", json=payment)
    await Providers(STORM, sandbox).close_ways([gone])
    shown = (await sandbox.post("/wechat/payments", json=payment)).json()
    assert shown["payer_abnormal"]


async def test_what_went_wrong_is_counted_by_kind(sandbox: httpx2.AsyncClient) -> None:
    await refund(sandbox, "leg-1", "call_back_twice", "out_of_order")
    await refund(sandbox, "leg-2")
    providers = Providers(STORM, sandbox)
    assert await providers.faults_met() == {"call_back_twice": 1, "out_of_order": 1}
    assert await providers.calls() == 2
