"""The sandbox's bank keeps its payouts, terms and scripts over a restart; credentials are its settings' own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.settings import SandboxSettings
from tests.sandbox.bank import IBAN, NUMBER, Bank, bank_of
from tests.sandbox.servers import sandbox


async def test_what_the_bank_knows_outlives_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_BANK_TOKEN", "a token of the merchant")
    settings = SandboxSettings(state_file=tmp_path / "sandbox.db")
    async with sandbox(settings) as box:
        bank = await bank_of(box)
        await bank.terms(charge_minor=35)
        await bank.refuse("AC06", leg="another")
        await box.admin.put(f"/admin/bank/accounts/{IBAN}", json={"state": "closed"})
        await bank.order()
    async with sandbox(settings) as box:
        bank = await bank_of(box)
        assert bank.token == "a token of the merchant"
        assert (await bank.found())["reason"] == "AC04"
        assert (await box.admin.get("/admin/bank/terms")).json()["charge_minor"] == 35
        await bank.order(end_to_end_id="another", creditor={"name": "Erika", "iban": "GB29NWBK60161331926819"})
        assert (await bank.found("another"))["reason"] == "AC06"
        assert (await bank.order()).json()["status"] == "RJCT"
        assert (await box.tally(NUMBER))["executions"] == 1


async def test_a_payout_that_waits_is_booked_by_the_next_process(tmp_path: Path) -> None:
    settings = SandboxSettings(state_file=tmp_path / "sandbox.db")
    async with sandbox(settings) as box:
        bank = await bank_of(box)
        await bank.terms(cut_off_hour=0)
        await bank.order()
    async with sandbox(settings) as box:
        again: Bank = await bank_of(box)
        assert (await again.found())["status"] == "PDNG"
        await box.advance(2 * 86_400)
        assert (await again.found())["status"] == "ACSC"
