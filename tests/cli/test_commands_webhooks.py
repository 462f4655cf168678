"""`aftersales webhooks`: what ops see of the inbox, and that nothing personal is on the screen."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import RefundNews
from aftersales.contract.values import Money
from cli.commands.payloads import MASK, masked
from storage.portal import PortalStore, ProviderEvent
from storage.store import SqlStore
from tests.storage.builders import NUMBER, leg_row
from tests.support.program import Program

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LEG = leg_row()
PAYLOAD = json.dumps(
    {
        "id": "evt_more",
        "data": {
            "object": {
                "id": "re_1",
                "status": "succeeded",
                "amount": 1001,
                "email": "zhang@example.com",
                "metadata": {"leg": LEG.leg.provider_number, "note": "call 13800138000"},
            }
        },
    }
)


def event(event_id: str, hours: int, **changes: object) -> ProviderEvent:
    about = ProviderEvent(
        provider="stripe",
        event_id=event_id,
        payload=PAYLOAD,
        received_at=NOON + timedelta(hours=hours),
        provider_number=LEG.leg.provider_number,
        reference=event_id,
        says=RefundNews.SUCCEEDED,
        kind="refund.updated",
        amount=Money(minor=1001, currency="CNY"),
    )
    return about.model_copy(update=changes)


@pytest.fixture
async def ops(engine: AsyncEngine, migrated_sqlite: str, tmp_path: Path) -> Program:
    """The program beside a database with two events: one of another amount, one of nobody's."""
    async with SqlStore(engine).begin() as unit:
        await unit.insert_leg(LEG)
    lost = {"provider": "wechat", "provider_number": "nobody's", "amount": None}
    await PortalStore(engine).receive_all([event("evt_more", 0), event("evt_lost", 1, **lost)])
    return Program(tmp_path / "home", {"AFTERSALES_DATABASE_URL": migrated_sqlite})


@pytest.mark.parametrize(
    ("options", "shown", "left_out"),
    [
        ((), ["evt_more", "evt_lost"], []),
        (("--unmatched",), ["evt_lost", "unmatched"], ["evt_more"]),
        (("--amount-differs",), ["evt_more", "10.01 CNY (ours: 10.00 CNY)", NUMBER], ["evt_lost"]),
        (("--unhandled",), ["evt_more", "waits to be told, amount differs"], ["evt_lost"]),
        (("--provider", "wechat"), ["evt_lost"], ["evt_more"]),
        (("--since", "2026-11-02 12:30:00"), ["evt_lost"], ["evt_more"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
async def test_a_list_shows_what_was_asked_for(
    ops: Program, options: tuple[str, ...], shown: list[str], left_out: list[str]
) -> None:
    written = (await ops.ok("webhooks", "list", *options)).out
    assert [text for text in shown if text not in written] == []
    assert [text for text in left_out if text in written] == []


async def test_in_a_narrow_terminal_ids_and_numbers_stay_in_one_piece(ops: Program) -> None:
    written = (await ops("webhooks", "list", COLUMNS="80")).out
    for whole in ("evt_more", NUMBER, "2026-11-02 12:00:00 UTC"):
        assert whole in written
    assert max(len(line) for line in written.splitlines()) <= 80


async def test_a_list_is_written_for_programs_too_without_payloads(ops: Program) -> None:
    [entry] = json.loads((await ops.ok("webhooks", "list", "--amount-differs", "--json")).out)
    assert (entry["event_id"], entry["amount"], entry["ours"]) == (
        "evt_more",
        {"minor": 1001, "currency": "CNY"},
        {"minor": 1000, "currency": "CNY"},
    )
    assert "payload" not in entry


async def test_two_kinds_of_list_at_once_are_refused_with_what_to_choose(ops: Program) -> None:
    ran = await ops("webhooks", "list", "--unmatched", "--unhandled")
    assert (ran.status, ran.out) == (2, "")
    assert "Choose one of --unmatched, --amount-differs and --unhandled." in ran.err


async def test_an_empty_list_says_so(ops: Program) -> None:
    assert (await ops.ok("webhooks", "list", "--provider", "alipay")).out == "No such webhook has come yet.\n"


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["screen", "json"])
async def test_one_event_is_shown_whole_but_for_what_is_personal(ops: Program, options: tuple[str, ...]) -> None:
    written = (await ops.ok("webhooks", "show", "stripe", "evt_more", *options)).out
    for told in ("refund.updated", LEG.leg.provider_number, '"status": "succeeded"', MASK):
        assert told in written
    for personal in ("zhang@example.com", "13800138000"):
        assert personal not in written


async def test_an_event_that_never_came_is_said_so_with_what_helps(ops: Program) -> None:
    ran = await ops("webhooks", "show", "stripe", "evt_lost")
    assert ran.status == 1
    assert "No webhook evt_lost of stripe has come. `aftersales webhooks list --provider stripe`" in ran.err


def test_of_a_payload_only_what_is_known_to_be_harmless_is_read_out() -> None:
    document = {"status": "SUCCESS", "user_received_account": "招商银行信用卡0403", "phone": 13800138000, "live": True}
    assert masked(json.dumps(document)) == {
        "status": "SUCCESS",
        "user_received_account": MASK,
        "phone": MASK,
        "live": True,
    }


def test_a_form_is_read_field_by_field_and_into_the_documents_in_it() -> None:
    content = json.dumps({"out_biz_no": "n-1", "payee": {"identity": "zhang@example.com"}})
    form = urlencode({"notify_id": "e-1", "buyer_logon_id": "zhang@example.com", "biz_content": content})
    assert masked(form) == {
        "notify_id": "e-1",
        "buyer_logon_id": MASK,
        "biz_content": {"out_biz_no": "n-1", "payee": {"identity": MASK}},
    }


@pytest.mark.parametrize("name", ["id", "reason"])
def test_a_card_number_is_masked_wherever_it_stands(name: str) -> None:
    assert "4242424242424242" not in json.dumps(masked(json.dumps({name: "card 4242424242424242"})))


@pytest.mark.parametrize("payload", ["", "zhang@example.com", '"zhang@example.com"', "{"])
def test_what_is_neither_a_document_nor_a_form_is_masked_whole(payload: str) -> None:
    assert masked(payload) == MASK
