"""Every request that we make of Stripe, judged by stripe-mock: Stripe's own schema, by Stripe's own software."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import httpx2
import pytest

from activities.types import OutcomeKind
from cli.servers.go_programs import obtain_go_program
from cli.servers.processes import Processes
from cli.servers.wire_programs import STRIPE_MOCK, start_stripe_mock
from integrations.stripe import StripePayments, StripeSettings, StripeStatements
from tests.fakes.clock import FakeClock
from tests.integrations.stripe.script import leg_row
from tests.integrations.stripe.witness import Witness
from tests.sandbox.servers import API_KEY, Box, serving

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
async def stripe_mock(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a running stripe-mock."""
    executable = await obtain_go_program(STRIPE_MOCK)
    async with Processes(tmp_path_factory.mktemp("stripe-mock")) as processes:
        yield await start_stripe_mock(processes, executable)


@pytest.fixture
async def witness(box: Box, stripe_mock: str) -> Witness:
    return Witness(box.url, stripe_mock)


@pytest.fixture
async def watched(witness: Witness) -> AsyncIterator[StripeSettings]:
    """Settings of an adapter whose requests the witness sees."""
    async with serving(witness, lifespan="off") as url:
        yield StripeSettings(API_KEY, url, timeout_s=5)


@pytest.fixture
async def payments(watched: StripeSettings) -> AsyncIterator[StripePayments]:
    adapter = StripePayments(watched)
    yield adapter
    await adapter.close()


@pytest.mark.parametrize("reference", ["ch_1", "pi_1"])
@pytest.mark.parametrize(("minor", "currency"), [(1_000, "USD"), (1, "JPY"), (5_120, "KWD")])
async def test_every_order_to_refund_is_one_that_stripe_knows(
    witness: Witness, payments: StripePayments, reference: str, minor: int, currency: str
) -> None:
    await payments.refund(leg_row(minor, currency, reference))
    assert [(seen.method, seen.status) for seen in witness.judged][:1] == [("POST", 200)]


@pytest.mark.parametrize("reference", ["ch_1", "pi_1"])
async def test_every_look_is_one_that_stripe_knows_on_its_later_pages_too(
    box: Box, witness: Witness, payments: StripePayments, reference: str
) -> None:
    await payments.refund(leg_row(reference=reference))
    for number in range(100):
        await box.refund(1, leg=f"other-{number}", key=f"key-{number}")
    assert (await payments.query(leg_row(reference=reference))).kind is OutcomeKind.SUCCEEDED
    assert [(seen.method, seen.status) for seen in witness.judged] == [("POST", 200), ("GET", 200), ("GET", 200)]
    assert "starting_after=re_" in witness.judged[-1].target


async def test_every_question_for_a_statement_is_one_that_stripe_knows(
    box: Box, witness: Witness, watched: StripeSettings
) -> None:
    await box.admin.put("/admin/clock", json={"now": NOON.isoformat()})
    for number in range(101):
        await box.refund(1, leg=f"leg-{number}", key=f"key-{number}")
    lines = await StripeStatements(watched, FakeClock(NOON + timedelta(days=1))).of(date(2026, 11, 20))
    assert len(lines) == 101
    assert [seen.status for seen in witness.judged] == [200, 200, 200, 200]
    assert "starting_after=txn_" in witness.judged[1].target


@pytest.mark.parametrize(
    "wrong", [{"charge": "ch_1", "amount": "much"}, {"charge": "ch_1", "metadata": "leg"}, {"leg": "leg-1"}]
)
async def test_the_judge_does_refuse_what_stripe_does_not_know(stripe_mock: str, wrong: dict[str, str]) -> None:
    async with httpx2.AsyncClient(base_url=stripe_mock, trust_env=False) as client:
        answer = await client.post("/v1/refunds", data=wrong, headers={"authorization": f"Bearer {API_KEY}"})
    assert answer.status_code == 400


async def test_a_refund_as_stripes_own_fixtures_show_it_can_be_read(stripe_mock: str) -> None:
    adapter = StripePayments(StripeSettings(API_KEY, stripe_mock, timeout_s=5))
    ordered, looked = await adapter.refund(leg_row(minor=999_999)), await adapter.query(leg_row())
    await adapter.close()
    assert ordered.kind is OutcomeKind.SUCCEEDED  # it repeats the amount that it was told
    assert looked.kind is OutcomeKind.NOT_FOUND
