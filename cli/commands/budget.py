"""`aftersales budget`: what the rules approved by themselves, and the breaker that stops them (P5.1)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from aftersales.contract.values import Role
from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError
from cli.commands.identity import RoleNotHeldError, Speaker, speaker_of
from cli.commands.parameters import DEFAULT_HOME, HomeOption, StaffActorOption, StaffRoleOption, said_in
from cli.commands.screen import amount, console, moment, plain, say, table, words
from cli.home import STAFF_KEY_ID
from domain.budgets import Cause

if TYPE_CHECKING:
    from activities.alerting import Turn
    from activities.ports import Store
    from activities.precautions import Breaker
    from storage.budgets import Spent

# ruff: noqa: PLC0415 - tables and stores are not needed for `--help`

MOST: Final = 1000
FORMAT: Final = ["%Y-%m-%d"]
ReasonOption = Annotated[str, typer.Option(help="Why, for the log and for your colleagues.")]
app = typer.Typer()


@app.callback()
def budget() -> None:
    """See what was approved automatically, and stop or restart it."""


@app.command()
def show(
    day: Annotated[
        datetime | None, typer.Argument(metavar="DAY", formats=FORMAT, help="A day, as 2026-03-31; by default today.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, show_default=True, help="At most so many budgets.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, amounts in minor units.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show whether the rules approve by themselves, and what they approved on a day (UTC)."""
    chosen = day.date() if day else datetime.now(UTC).date()
    asyncio.run(_show(Deployment(home), chosen, limit, as_json=as_json))


@app.command("close")
def close_breaker(
    reason: ReasonOption,
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let the rules approve again, once it is known what was wrong; for supervisors."""
    from activities.alerting import Turn

    asyncio.run(_turn(Deployment(home), Turn.CLOSE, said_in("--reason", reason), actor, role))


@app.command("open")
def open_breaker(
    reason: ReasonOption,
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Stop the rules from approving; all cases go to people. For supervisors."""
    from activities.alerting import Turn

    asyncio.run(_turn(Deployment(home), Turn.OPEN, said_in("--reason", reason), actor, role))


async def _turn(deployment: Deployment, turn: Turn, reason: str, actor: str | None, role: Role | None) -> None:
    from activities.alerting import BreakerTurn, turn_breaker
    from storage.store import SqlStore

    async with deployment.database() as engine:
        store, now = SqlStore(engine), datetime.now(UTC)
        speaker = await supervisor(deployment, store, Attempt(turn, reason, now), actor, role)
        said = BreakerTurn.model_validate({"turn": turn, "reason": reason, **speaker._asdict()})
        turned = await turn_breaker(store, said, now)
    if not turned:
        raise CommandError(f"The breaker is {_STANDS[turn.value]} already; `aftersales budget show` tells since when.")
    say(_SAYS[turn.value])


class Attempt(NamedTuple):
    """What somebody wants, why, and when."""

    turn: Turn
    reason: str
    at: datetime


async def supervisor(
    deployment: Deployment, store: Store, attempt: Attempt, actor: str | None, role: Role | None
) -> Speaker:
    """Who turns it; somebody of the staff who may not is written down. Raises as `speaker_of`."""
    from activities.alerting import MAY_TURN, RefusedTurn, note_refusal

    try:
        return await speaker_of(deployment, actor, role, MAY_TURN)
    except RoleNotHeldError as error:
        refused = RefusedTurn(attempt.turn, attempt.reason, error.actor, error.asked or "staff", STAFF_KEY_ID)
        await note_refusal(store, refused, error, attempt.at)
        raise


_STANDS: Final = {"open": "open", "close": "closed"}
_SAYS: Final = {
    "open": "Stopped: no refund is approved automatically until a supervisor types `aftersales budget close`.",
    "close": "Closed: the rules approve by themselves again.",
}


async def _show(deployment: Deployment, day: date, limit: int, *, as_json: bool) -> None:
    from storage.budgets import BudgetBook

    async with deployment.database() as engine:
        book = BudgetBook(engine)
        breaker, spent = await book.breaker(), await book.spent(day, limit=limit)
    if as_json:
        say(json.dumps(_as_object(breaker, spent, day), ensure_ascii=False))
        return
    console().print(plain(standing_of(breaker)))
    if not spent:
        say(f"Nothing was approved automatically on {day}.")
        return
    shown = table("Budget", "Of", "Approved", "Cases", title=f"Approved automatically on {day}")
    for each in spent:
        shown.add_row(words(each.scope), plain(each.key or "all"), amount(each.amount), str(each.cases))
    console().print(shown)


def standing_of(breaker: Breaker) -> str:
    """Whether the rules approve, since when, and why not."""
    if not breaker.open:
        since = (
            f" since {moment(breaker.changed_at)} ({breaker.changed_by}: {breaker.why})" if breaker.changed_at else ""
        )
        return f"The rules approve by themselves{since}."
    why = _why(breaker).rstrip(".。")
    return (
        f"Stopped since {moment(breaker.changed_at)}: {why}. Cases go to people until a supervisor says: "
        'aftersales budget close --reason "..."'
    )


def _why(breaker: Breaker) -> str:
    match breaker.why:
        case Cause.REFUND_RATE:
            return f"{breaker.seen} refunds within an hour, where about {breaker.against} are usual"
        case Cause.PROVIDER_FAILURES:
            return f"{breaker.seen} of the last hour's {breaker.against} payments failed"
    return f"{breaker.changed_by}: {breaker.why}"


def _as_object(breaker: Breaker, spent: tuple[Spent, ...], day: date) -> dict[str, object]:
    return {
        "breaker": breaker.model_dump(mode="json"),
        "day": day.isoformat(),
        "budgets": [
            {
                "scope": each.scope,
                "key": each.key,
                "minor": each.amount.minor,
                "currency": each.amount.currency,
                "cases": each.cases,
            }
            for each in spent
        ],
    }
