"""What the program says when a part of the service is away, and what it does all the same."""

from pathlib import Path

import pytest

from cli.home import Home
from cli.stack import Stack
from tests.cli.homes import write
from tests.cli.shell import Shell
from tests.integrations.evidence.samples import JPEG
from tests.storage.builders import NUMBER, case_row
from tests.support.program import Program
from tests.support.stack import open_case, shop_order


async def test_without_a_worker_applications_and_signals_are_kept_and_updates_say_that_nobody_answers(
    stack: Stack, aftersales: Program
) -> None:
    await shop_order(stack, "outage-2")
    before = await open_case(stack, "outage-1")
    await aftersales.reaches(before, "under review")
    await stack.worker.kill()
    try:
        number = await aftersales.apply("outage-2")
        unseen = await aftersales("show", number)
        stored = await aftersales("show", before)
        unanswered = await aftersales("approve", before)
        await aftersales.ok("approve", before, "--signal")
    finally:
        await stack.start_worker()

    assert (unseen.status, unseen.out) == (1, "")
    assert "what was sent to it is kept" in unseen.err
    assert "under review" in stored.out
    assert unanswered.status == 1
    assert f"No worker answers for case {before}" in unanswered.err
    assert "message_id=" in unanswered.err
    await aftersales.reaches(before, "refunded")
    await aftersales.reaches(number, "under review")


async def test_without_a_portal_evidence_is_refused_and_nothing_is_sent(aftersales: Program, tmp_path: Path) -> None:
    photo = tmp_path / "crack.jpg"
    photo.write_bytes(JPEG)
    wrong = ("--reason", "quality_problem", "--item", "mugs", "--evidence", str(photo))
    ran = await aftersales("apply", "any", "customer-1", *wrong, AFTERSALES_PORTAL_URL="http://127.0.0.1:1")
    assert (ran.status, ran.out) == (1, "")
    assert "the portal at http://127.0.0.1:1 does not answer" in ran.err


@pytest.mark.parametrize(
    "command",
    [
        ("apply", "o", "customer-1", "--reason", "wrong_item", "--item", "mugs"),
        ("show", "{number}"),
        ("approve", "{number}"),
        ("queue",),
        ("db", "upgrade"),
    ],
)
async def test_where_no_stack_was_started_the_way_to_start_one_is_named(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    number = "4AQC0-MYWYE-0F51"
    ran = await Program(tmp_path / "empty")(*(word.format(number=number) for word in command))
    assert (ran.status, ran.out) == (1, "")
    assert "Start one with `aftersales up`" in ran.err


async def test_a_temporal_that_is_down_is_said_within_seconds_and_in_one_line(aftersales: Program) -> None:
    wrong = ("apply", "o", "customer-1", "--reason", "wrong_item", "--item", "mugs")
    ran = await aftersales(*wrong, TEMPORAL_ADDRESS="127.0.0.1:1")
    assert (ran.status, ran.out) == (1, "")
    assert "Temporal at 127.0.0.1:1 cannot be reached" in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_a_stack_that_was_killed_is_said_to_be_gone_and_its_cases_can_be_read(home: Home, shell: Shell) -> None:
    write(home, lambda unit: unit.insert_case(case_row()))
    assert NUMBER in shell.ok("queue", "--all")
    told = shell.refused("withdraw", NUMBER, "--actor", "customer-1")
    assert f"The stack of {home.folder} does not answer any more" in told
    assert "aftersales up" in told


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (
            "postgresql+asyncpg://me:hush@127.0.0.1:1/shop",
            "postgresql+asyncpg://me:***@127.0.0.1:1/shop cannot be used",
        ),
        ("mysql://me:hush@db/shop", "begins with 'mysql'"),
        ("sqlite:////nowhere/at/all.db", "/nowhere/at"),
    ],
)
async def test_a_database_that_cannot_be_used_is_named_without_its_password(
    aftersales: Program, url: str, told: str
) -> None:
    for command in (("queue",), ("db", "upgrade")):
        ran = await aftersales(*command, AFTERSALES_DATABASE_URL=url)
        assert ran.status == 1
        assert told in ran.err
        assert "hush" not in ran.err
        assert "Traceback" not in ran.err


async def test_a_key_of_another_deployment_proves_nothing(stack: Stack, aftersales: Program) -> None:
    number = await open_case(stack, "outage-4")
    await aftersales.reaches(number, "under review")
    forged = await aftersales("approve", number, AFTERSALES_CLI_PROOF_SECRET="not the secret of this stack")
    assert "(proof_invalid)" in forged.err
    short = await aftersales("approve", number, AFTERSALES_CLI_PROOF_SECRET="short")
    assert "AFTERSALES_CLI_PROOF_SECRET cannot be used" in short.err
