"""With keys, nothing that people wrote or own can be read in what Temporal keeps; ids, amounts and states can."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from temporalio.client import Client

from aftersales.encryption import KEYS_VARIABLE
from cli.demo.money_scenes import HOLDER, IBAN
from cli.demo.run import run_scenes
from cli.demo.scenes import SCENES
from tests.support.plain_text import readable_in
from tests.support.stack import small_stack

PLAYED = ("asked", "rejected", "appeal", "survey", "to-the-bank", "by-hand")
"""Scenes in which people write something, or leave an account."""

DAY_S = 1.0
WRITTEN = (
    "Which of the two does not fit?",
    "The item sent is the one ordered.",
    "The parcel lay at the neighbour's for two weeks.",
    "Took too long.",
    HOLDER,
    IBAN.replace(" ", ""),
    "13800138000",
    "DE•• •••• 3000",
    *(f"customer-{key}@customers.example" for key in PLAYED),
)


@pytest.mark.timeout(300)
async def test_a_scan_of_every_history_finds_no_plain_personal_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = base64.b64encode(b"what only workers and clients know"[:32]).decode()
    monkeypatch.setenv(KEYS_VARIABLE, json.dumps([{"key_id": "e1", "secret": secret}]))
    scenes = [scene for scene in SCENES if scene.key in PLAYED]
    async with small_stack(tmp_path, time_scale=DAY_S / 86_400) as stack:
        ending = await run_scenes(stack, Console(file=io.StringIO()), scenes)
        assert ending.well, ending.troubles
        onlooker = await Client.connect(stack.addresses.temporal)  # somebody with Temporal's door open and no key
        histories = [
            await onlooker.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
            async for run in onlooker.list_workflows()
        ]
    cases = [history for history in histories if history.workflow_id.startswith("refund/")]
    assert len(cases) == len(PLAYED)
    assert {
        history.workflow_id: readable_in(history, WRITTEN) for history in histories if readable_in(history, WRITTEN)
    } == {}
    assert all(readable_in(history, [history.workflow_id.removeprefix("refund/")]) for history in cases), (
        "ops find a case by its number"
    )
