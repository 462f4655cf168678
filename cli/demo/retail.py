"""Real orders of the Online Retail layout: every return and one partial refund of every other order, then the sums."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.precautions import Held
from activities.rows import CaseRow
from activities.rulings import Policy
from aftersales.client import AfterSales
from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseStatus
from cli.commands.screen import table, words
from cli.demo.reckoning import reckon
from cli.demo.run import CALLER, Ending
from cli.orders.importing import ImportReport, import_orders, opened, outcomes_of, recent_shift
from cli.orders.payments import seed_payments
from cli.retail.slice import HELD_RULE, PARTIAL_RULE, RETURN_RULE, Expected, PlannedCase, RetailFile, gather, plan
from cli.stack import Stack
from integrations.shop.retail import RetailOptions
from policy.shelf import Shelf
from storage.engine import create_store_engine
from storage.policies import PolicyStore
from storage.reading import CaseRecord, Reading

NEWEST_DAYS_AGO: Final = 2
AT_ONCE: Final = 40
LOOK_EVERY_S: Final = 1.0
LIMIT_S: Final = 1200
ALL_CASES: Final = 100_000
ENDS: Final = {
    Expected.REFUNDED: (CaseStatus.REFUNDED,),
    Expected.REFUSED: (CaseStatus.REJECTED,),
    Expected.REVIEWED: (CaseStatus.UNDER_REVIEW,),
    Expected.ASKED: (CaseStatus.NEEDS_EVIDENCE, CaseStatus.AWAITING_CUSTOMER, CaseStatus.EXPIRED),
}
BY_WHAT_CAME_BEFORE: Final = frozenset(
    {
        Held.RISK_HIGH,
        Held.AUTOMATIC_CEILING,  # with the order's shipping, which the first refund of a fault takes along
        Held.CUSTOMER_CEILING,
        Held.ORDER_CEILING,
        Held.CUSTOMER_BUDGET,
        Held.PRODUCT_BUDGET,
        Held.DAY_BUDGET,
        Held.BREAKER_OPEN,
    }
)
"""What may hold a refund back that the rules approve, depending on the cases that were decided before it."""


async def run_retail(stack: Stack, console: Console, path: Path) -> Ending:
    """Import the file, apply by its two rules, wait until every case has ended, and reckon.

    Raises OrderFileError for a file that cannot be used.
    """
    now = datetime.now(UTC)
    options = RetailOptions(shift_days=recent_shift(path, now, NEWEST_DAYS_AGO), tag=now.strftime("r%m%d%H%M%S"))
    console.print(f"All dates of {path.name} are moved by {options.shift_days} days, so that its purchases are recent.")
    engine = create_store_engine(stack.database_url)
    try:
        report = await import_orders(path, engine, options=options, rejects=stack.options.home.folder / "left-out.csv")
        _tell_import(console, report)
        with opened(path) as source:
            file = gather(outcomes_of(path, source, options))
        cases = plan(file, now, await _in_force(stack, engine, now), options)
        _tell_rules(console, file, cases)
        async with stack.sandbox_admin() as sandbox:
            await seed_payments(sandbox, file.orders)
            await _apply_all(await stack.client(CALLER), cases, console)
            records = await _wait_for_all(Reading(engine), cases, console)
            return await _ending(console, cases, records, sandbox)
    finally:
        await engine.dispose()


async def _in_force(stack: Stack, engine: AsyncEngine, now: datetime) -> Policy:
    """As the worker has it: the published version, else the one that it was started with."""
    told = {**os.environ, **stack.worker_environment()}
    return await Shelf(PolicyStore(engine), told.get("AFTERSALES_POLICY", "v1")).in_force(now)


def _tell_import(console: Console, report: ImportReport) -> None:
    console.print(f"{report.orders} orders imported; {sum(report.left_out.values())} rows left out:")
    for reason, rows in sorted(report.left_out.items(), key=lambda item: -item[1]):
        console.print(f"  {rows:>6}  {words(reason.value)}")
    if report.rejects:
        console.print(f"  row by row in {report.rejects}", soft_wrap=True)


def _tell_rules(console: Console, file: RetailFile, cases: Sequence[PlannedCase]) -> None:
    console.print(f"\n{RETURN_RULE}\n{PARTIAL_RULE}\n{HELD_RULE}\n")
    console.print(
        f"{len(file.returns)} returned rows and {len(cases) - len(file.returns)} other orders: {len(cases)} cases."
    )


async def _apply_all(client: AfterSales, cases: Sequence[PlannedCase], console: Console) -> None:
    slots = asyncio.Semaphore(AT_ONCE)
    with _progress(console, "applying", len(cases)) as step:

        async def one(case: PlannedCase) -> None:
            async with slots:
                await client.apply(case.application, request_key=case.request_key)
                step(1)

        await asyncio.gather(*(one(case) for case in cases))


async def _wait_for_all(reading: Reading, cases: Sequence[PlannedCase], console: Console) -> dict[str, CaseRecord]:
    """Every case's record once all have ended or wait for a person, or the time is up, by request key."""
    waiting = {number_for(CALLER, case.request_key): {*ENDS[case.expected], CaseStatus.UNDER_REVIEW} for case in cases}
    end = time.monotonic() + LIMIT_S
    with _progress(console, "deciding and paying", len(cases)) as step:
        while waiting and time.monotonic() < end:
            rows = await reading.cases(limit=ALL_CASES)
            ended = [row.number for row in rows if row.status in waiting.get(row.number, ())]
            for number in ended:
                del waiting[number]
            step(len(ended))
            await asyncio.sleep(LOOK_EVERY_S)
    found = {case.request_key: await reading.case(number_for(CALLER, case.request_key)) for case in cases}
    return {key: record for key, record in found.items() if record}


@contextmanager
def _progress(console: Console, what: str, total: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=total)
        yield lambda steps: progress.advance(task, steps)


async def _ending(
    console: Console, cases: Sequence[PlannedCase], records: dict[str, CaseRecord], sandbox: httpx2.AsyncClient
) -> Ending:
    console.print(_outcomes(records.values()))
    refunds = [case for case in cases if case.expected is Expected.REFUNDED]
    held = sum(_was_held(case, records[case.request_key].case) for case in refunds if case.request_key in records)
    console.print(f"Of {len(refunds)} refunds that the rules approve, {held} were held back for a person.")
    troubles = [trouble for case in cases if (trouble := trouble_with(case, records.get(case.request_key)))]
    example = next((record.case.number for record in records.values()), Ending.example)
    return Ending(tuple(troubles), await reckon(records.values(), sandbox), example)


def _outcomes(records: Iterable[CaseRecord]) -> Table:
    made = table("State", "Reason", "Held back by", "Cases")
    counted = Counter((record.case.status.value, record.case.reason_code, _held(record.case)) for record in records)
    for (status, reason, held), count in counted.most_common():
        made.add_row(words(status), words(reason), ", ".join(words(why) for why in held), str(count))
    return made


def trouble_with(case: PlannedCase, record: CaseRecord | None) -> str:
    """What did not become of a case as it must; empty if all did."""
    if record is None:
        return f"{case.request_key}: no case was stored"
    found = record.case
    as_planned = found.status in ENDS[case.expected] and found.reason_code == case.reason_code
    if not as_planned and not _was_held(case, found):
        return (
            f"{case.request_key} ({found.number}): {found.status.value}, {found.reason_code}; "
            f"expected {case.expected.value}, {case.reason_code}"
        )
    if case.expected is Expected.REFUSED and not found.explanation:
        return f"{case.request_key} ({found.number}): refused without saying what is wrong"
    return ""


def _was_held(case: PlannedCase, found: CaseRow) -> bool:
    """Whether a refund went to a person for what was decided before it."""
    if case.expected is not Expected.REFUNDED or found.status is not CaseStatus.UNDER_REVIEW:
        return False
    held = set(_held(found))
    return held <= BY_WHAT_CAME_BEFORE if held else found.reason_code == case.at_high_risk


def _held(found: CaseRow) -> tuple[str, ...]:
    return found.verdict.held if found.verdict else ()
