"""A draft of the policy tried on 100,000 past cases, from an SQLite file (P5.1)."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from activities.particulars import NOTHING_ASKED
from activities.past_cases import PastCase, done_about
from activities.precautions import Risk
from activities.rulings import APPROVALS, Action, Facts, Goods, Replacement, RiskLevel, Shipment
from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseKind, CaseStatus, Reason
from cli.commands.policy_lookup import Found
from cli.commands.policy_test import Period, tried
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, clearing
from policy.engine import ZenPolicy
from policy.loader import compile_version, folder_of, load_policy, read_folder
from storage import schema
from storage.assessments import AssessmentListing
from storage.engine import create_store_engine

PAST_CASES = 100_000
AIM_S = 30
BOUND, RAISED = "<= 20000", "<= 30000"
"""The draft approves a fault that was shown up to a higher amount."""

_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_SPAN = timedelta(days=90)


class BackTested(NamedTuple):
    seconds: float
    cases: int
    otherwise: int


async def back_test_speed(folder: Path, cases: int = PAST_CASES) -> BackTested:
    """Seconds from opening the database to the last case counted; writing the cases is not measured."""
    file = folder / "past.db"
    await schema.upgrade(f"sqlite:///{file}")
    _seed(file, load_policy(), cases)
    engine = create_store_engine(f"sqlite:///{file}")
    try:
        began = time.perf_counter()
        draft = Found(_draft(), "draft")
        made = await tried(AssessmentListing(engine), draft, None, Period(_NOW - _SPAN, _NOW))
        return BackTested(time.perf_counter() - began, made.cases, len(made.otherwise))
    finally:
        await engine.dispose()


def _draft() -> ZenPolicy:
    files = dict(read_folder(folder_of("v1")))
    text = json.dumps(files["decision"])
    assert BOUND in text, f"v1 has no cell {BOUND} any more; name another one here"
    return compile_version(files | {"decision": json.loads(text.replace(BOUND, RAISED))})


def _seed(file: Path, policy: ZenPolicy, cases: int) -> None:
    """Rows as the product would have written them, past its stores: those would take minutes."""
    chance = random.Random(5)  # noqa: S311 - the same cases each time
    rows = [_rows(policy, _facts(chance), place, _NOW - _SPAN * (place + 1) / (cases + 1)) for place in range(cases)]
    connection = sqlite3.connect(file)
    with connection:
        for table in ("assessments", "cases", "ledger"):
            _insert(connection, table, [row[table] for row in rows if table in row])
    connection.close()


def _insert(connection: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    """What a row does not name is "" or zero, as its column's type asks."""
    columns = [(name, type_) for _, name, type_, *_ in connection.execute(f"PRAGMA table_info({table})")]
    otherwise = {name: 0 if "INT" in type_ or "BOOL" in type_ else "" for name, type_ in columns}
    names = ", ".join(f'"{name}"' for name, _ in columns)
    marks = ", ".join(f":{name}" for name, _ in columns)
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own tables
    connection.executemany(statement, (otherwise | row for row in rows))


def _rows(policy: ZenPolicy, facts: Facts, place: int, at: datetime) -> dict[str, dict[str, Any]]:
    number, moment = number_for("bench", str(place)), at.strftime("%Y-%m-%d %H:%M:%S.%f")
    ruling = policy.rule(facts)
    case = PastCase(
        number, at, "", facts.amount_minor, facts.currency, ruling.action, ruling.action, (), "", 0, by_person=False
    )
    action = done_about(case, facts, ruling.action, policy.ceilings(facts.currency))
    money = {"amount_minor": facts.amount_minor, "currency": facts.currency}
    assessment = {
        "sequence": 1,
        "at": moment,
        "policy_hash": policy.content_hash,
        "customer_id": f"customer-{place % 20_000}",
        "order_id": f"order-{place}",
        "ruled": ruling.action.value,
        "action": action.value,
        "row": ruling.row,
        "held": "[]",
        "facts": facts.model_dump_json(),
        "ruling": ruling.model_dump_json(),
        "changes": "[]",
        "risk": Risk().model_dump_json(),
        "particulars": NOTHING_ASKED.model_dump_json(),
        "shadow": None,
    }
    paid = {"posting_id": number, "debit": CUSTOMER_REFUNDS_PAYABLE, "credit": clearing("stripe"), "posted_at": moment}
    status = {Action.REJECT: CaseStatus.REJECTED}.get(action, CaseStatus.REFUNDED)
    written: dict[str, dict[str, Any]] = {
        "assessments": assessment,
        "cases": {"status": status.value, "opened_at": moment, "updated_at": moment},
    }
    if action in APPROVALS:
        written["ledger"] = paid
    return {table: {"number": number, **money, **row} for table, row in written.items()}


def _facts(chance: random.Random) -> Facts:
    delivered, pictures = chance.random() < 0.95, chance.choice((0, 1, 1, 2))
    since = chance.randint(0, 100)
    return Facts(
        reason=chance.choice(list(Reason)),
        kind=chance.choices(list(CaseKind), (8, 1, 1))[0],
        amount_minor=chance.randint(100, 150_000),
        currency=chance.choice(("CNY", "CNY", "EUR", "USD")),
        days_since_delivery=since if delivered else -1,
        days_since_purchase=since + 3,
        delivered=delivered,
        goods=(Goods(category=chance.choice(("gifts", "kitchen", "hygiene")), final_sale=chance.random() < 0.05),),
        goods_back=chance.random() < 0.3,
        unused=chance.random() < 0.7,
        packaging_intact=chance.random() < 0.7,
        evidence_count=pictures,
        picture_count=pictures,
        shipment=chance.choice(list(Shipment)),
        replacement=chance.choice(list(Replacement)),
        risk_level=chance.choices(list(RiskLevel), (90, 6, 3, 1))[0],
    )
