"""A day's bill through the real protocol: asked for, downloaded, its digest checked, read."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, date, datetime

import pytest

from activities.ports import StatementNotReadyError
from aftersales.contract.values import Money
from integrations.wechat import WeChatStatements
from tests.fakes.clock import FakeClock
from tests.integrations.wechat.servers import LEG_NUMBER, Script, WeChatBox

DAY = date(2026, 11, 22)
NOON = "2026-11-22T12:00:00+08:00"
READY = "2026-11-23T10:00:00+08:00"


async def turn(wechat: WeChatBox, clock: FakeClock, moment: str) -> None:
    """Set the sandbox's clock and ours."""
    answer = await wechat.admin.put("/admin/clock", json={"now": moment})
    assert answer.status_code == 200
    clock.turn(seconds=(datetime.fromisoformat(moment) - clock.now()).total_seconds())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 11, 22, tzinfo=UTC))


@pytest.fixture
async def statements(wechat: WeChatBox, clock: FakeClock) -> WeChatStatements:
    """The reader of bills, at noon of the day."""
    await turn(wechat, clock, NOON)
    return WeChatStatements(wechat.account(), clock)


@pytest.fixture
def scripted_bill(wechat: WeChatBox, script: Script, clock: FakeClock) -> WeChatStatements:
    """The reader of bills on the morning after, pointed at a scripted server that signs its answers."""
    clock.turn(days=2)
    return WeChatStatements(wechat.account(api_base=script.url, public_key=script.sign_answers()), clock)


async def test_a_days_refunds_are_in_its_bill_by_our_numbers(
    wechat: WeChatBox, statements: WeChatStatements, clock: FakeClock
) -> None:
    _, refund = await wechat.refund(1_234)
    await wechat.finish("success")
    await wechat.advance(60)
    await wechat.refund(100, "under-way")
    await wechat.advance(60)
    await wechat.refund(200, "closed")
    await wechat.finish("closed", "closed")
    await turn(wechat, clock, "2026-11-23T00:00:01+08:00")
    await wechat.refund(300, "of-the-next-day")
    await turn(wechat, clock, READY)
    first, second = await statements.of(DAY)
    assert (first.provider_number, first.amount) == (LEG_NUMBER, Money(minor=1_234, currency="CNY"))
    assert first.line_id == first.reference == refund["refund_id"]
    assert first.booked_at == datetime(2026, 11, 22, 4, tzinfo=UTC)
    assert second.provider_number == "under-way"


async def test_a_bill_is_not_ready_before_ten_in_the_morning(
    wechat: WeChatBox, statements: WeChatStatements, clock: FakeClock
) -> None:
    await wechat.refund()
    for moment in (NOON, "2026-11-23T09:59:59+08:00"):
        await turn(wechat, clock, moment)
        with pytest.raises(StatementNotReadyError, match="after 2026-11-23 02:00 UTC"):
            await statements.of(DAY)
    await turn(wechat, clock, READY)
    assert len(await statements.of(DAY)) == 1


async def test_no_bill_of_a_day_that_is_past_means_that_nothing_moved(
    wechat: WeChatBox, statements: WeChatStatements, clock: FakeClock
) -> None:
    with pytest.raises(StatementNotReadyError):
        await statements.of(DAY)
    await turn(wechat, clock, READY)
    assert await statements.of(DAY) == ()


@pytest.mark.parametrize("code", ["STATEMENT_CREATING", "FREQUENCY_LIMITED", "SYSTEM_ERROR"])
async def test_what_passes_by_itself_is_asked_for_again(
    wechat: WeChatBox, statements: WeChatStatements, clock: FakeClock, code: str
) -> None:
    await turn(wechat, clock, READY)
    await wechat.post("/admin/wechat/errors", code=code, method="GET")
    with pytest.raises(StatementNotReadyError, match="in an hour"):
        await statements.of(DAY)


@pytest.mark.parametrize("code", ["NO_AUTH", "SIGN_ERROR", "INVALID_REQUEST"])
async def test_what_a_person_must_mend_is_named(
    wechat: WeChatBox, statements: WeChatStatements, clock: FakeClock, code: str
) -> None:
    await turn(wechat, clock, READY)
    await wechat.post("/admin/wechat/errors", code=code, method="GET")
    with pytest.raises(ValueError, match=f"{code}; check the merchant's keys"):
        await statements.of(DAY)


@pytest.mark.parametrize("fault", ["drop_request", "truncate", "unreadable"])
async def test_a_lost_answer_is_asked_for_again(
    wechat: WeChatBox, statements: WeChatStatements, clock: FakeClock, fault: str
) -> None:
    await wechat.refund()
    await turn(wechat, clock, READY)
    await wechat.script(fault, method="GET")
    with pytest.raises(StatementNotReadyError, match="later"):
        await statements.of(DAY)
    assert len(await statements.of(DAY)) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hash_value": "0" * 40}, "another digest"),
        ({"hash_type": "MD5"}, "does not say where"),
        ({"download_url": "https://elsewhere.example/v3/billdownload/file?token=x"}, "not below"),
        ({}, "cannot be unpacked"),
    ],
)
async def test_a_bill_that_is_not_the_announced_one_is_not_read(
    script: Script, scripted_bill: WeChatStatements, change: dict[str, str], sentence: str
) -> None:
    file = gzip.compress(b"another file")
    announced = {
        "hash_type": "SHA1",
        "hash_value": hashlib.sha1(b"a bill", usedforsecurity=False).hexdigest(),
        "download_url": f"{script.url}/v3/billdownload/file?token=x",
        **change,
    }
    script.gets = (200, json.dumps(announced).encode())
    script.file = file if change else b"no archive"
    with pytest.raises(ValueError, match=sentence):
        await scripted_bill.of(DAY)
