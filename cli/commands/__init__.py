"""The commands of the `aftersales` program: their names and summaries, and where each is loaded from."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, NamedTuple

from typer import Typer

PROGRAM: Final = "aftersales"

RUN: Final = "Run the service"
STAFF: Final = "Staff"
CASES: Final = "Cases"
REVIEW: Final = "Review"
CUSTOMER: Final = "For the customer"
MONEY: Final = "Money"
MACHINE: Final = "This machine"


class Entry(NamedTuple):
    """A command: `target` is `module:name` of its function, or of the Typer that holds its own commands."""

    name: str
    target: str
    summary: str
    panel: str

    def load(self) -> Callable[..., object] | Typer:
        module, _, name = self.target.partition(":")
        found: Callable[..., object] | Typer = getattr(import_module(module), name)
        return found


CATALOGUE: Final = (
    Entry("up", "cli.commands.up:up", "Start the whole service on this machine, until Ctrl-C.", RUN),
    Entry(
        "demo",
        "cli.demo.command:demo",
        "Start everything on this machine and run refunds down every path, days made short.",
        RUN,
    ),
    Entry("worker", "cli.commands.processes:worker", "Run a worker in the foreground.", RUN),
    Entry("portal", "cli.commands.processes:portal", "Run the portal in the foreground.", RUN),
    Entry("codec-server", "cli.commands.processes:codec_server", "Run the codec server in the foreground.", RUN),
    Entry("sandbox", "cli.commands.processes:sandbox", "Run the payment sandbox in the foreground.", RUN),
    Entry("mail-sink", "cli.commands.processes:mail_sink", "Run a mail server that keeps every mail as a file.", RUN),
    Entry("orders", "cli.orders.command:app", "Take orders in from the shop's files.", RUN),
    Entry("login", "cli.commands.login:login", "Log in, so that what you decide is signed as yours.", STAFF),
    Entry("logout", "cli.commands.login:logout", "Log out on this machine.", STAFF),
    Entry("whoami", "cli.commands.login:whoami", "Say who is logged in, and with which roles.", STAFF),
    Entry("staff", "cli.commands.staff:app", "Look after accounts, roles and groups.", STAFF),
    Entry("apply", "cli.commands.apply:apply", "Apply for a refund; prints the application number.", CASES),
    Entry("show", "cli.commands.show:show", "Show where a case stands and what it waits for.", CASES),
    Entry(
        "explain",
        "cli.commands.explain:explain",
        "Show from what and by which rules a case was decided, and what would have changed it.",
        CASES,
    ),
    Entry("queue", "cli.commands.queue:queue", "List the cases that wait for somebody of the staff.", CASES),
    Entry(
        "webhooks",
        "cli.commands.webhooks:app",
        "See what payment providers announced, and what of it nobody could place.",
        CASES,
    ),
    Entry("mails", "cli.commands.mails:app", "Read the mails that were sent, as the mail sink keeps them.", CASES),
    Entry("claim", "cli.commands.claim:claim", "Keep a case for yourself for a while, or let it go.", REVIEW),
    Entry("approve", "cli.commands.review:approve", "Approve a case, whole or in part.", REVIEW),
    Entry("reject", "cli.commands.review:reject", "Reject a case, with a reason for the customer.", REVIEW),
    Entry("ask", "cli.commands.review:ask", "Ask the customer; the review clock stands still meanwhile.", REVIEW),
    Entry("extend", "cli.commands.review:extend", "Take more time to decide; the customer is told.", REVIEW),
    Entry("hand-over", "cli.commands.review:hand_over", "Hand a case over to another group.", REVIEW),
    Entry("escalate", "cli.commands.review:escalate", "Hand a case to the supervisors.", REVIEW),
    Entry(
        "budget",
        "cli.commands.budget:app",
        "See what was approved automatically, and stop or restart it.",
        REVIEW,
    ),
    Entry("supply", "cli.commands.customer:supply", "Supply what was asked for: evidence, an answer.", CUSTOMER),
    Entry("withdraw", "cli.commands.customer:withdraw", "Give a case up, before money moves.", CUSTOMER),
    Entry("appeal", "cli.commands.customer:appeal", "Ask once for another look at a rejection.", CUSTOMER),
    Entry("survey", "cli.commands.customer:survey", "Answer the survey of a case.", CUSTOMER),
    Entry("payout", "cli.commands.payout:app", "Say where money goes that cannot go back the way it came.", MONEY),
    Entry("finance", "cli.commands.finance:app", "Make and confirm the payments that no provider makes.", MONEY),
    Entry("ledger", "cli.commands.ledger:app", "Read the books, and write off what is lost.", MONEY),
    Entry(
        "reconcile",
        "cli.commands.reconcile:app",
        "Compare the ledger with the providers' statements, and close what is explained.",
        MONEY,
    ),
    Entry(
        "policy",
        "cli.commands.policy:app",
        "Write, check, compare and publish the rules that applications are decided by.",
        REVIEW,
    ),
    Entry(
        "risk",
        "cli.commands.risk:app",
        "Keep block and allow lists, chargebacks and marks; see what a case's risk is made of.",
        REVIEW,
    ),
    Entry("audit", "cli.commands.audit:app", "Read, check and export the operations log; erase a person.", MACHINE),
    Entry("db", "cli.commands.database:app", "Look after the product's database.", MACHINE),
    Entry("doctor", "cli.commands.doctor:doctor", "Say what is missing on this machine and how to get it.", MACHINE),
)
