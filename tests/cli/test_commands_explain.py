"""`aftersales explain`: everything for the staff, and a sentence for the customer (P5.1)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from activities.assessment import digest
from activities.particulars import Particulars
from activities.ports import Unit
from activities.precautions import Disagreement, Held, Risk, RiskPart
from activities.rows import AuditEntry
from activities.rulings import Action, RiskLevel, Shipment
from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseStatus, WaitsFor
from cli.home import Home
from tests.cli.homes import home_in, write
from tests.cli.shell import Shell
from tests.policy.cases import facts
from tests.storage.builders import case_row, start
from tests.support.assessed import NOON, assessment, packaged

HELD, ASKED, BY_PERSON, REFUSED, NEW, UNKNOWN = (number_for("shop", each) for each in "haprnu")
LARGE = facts(amount_minor=25_000)
BY_HEART = assessment(
    LARGE,
    HELD,
    action=Action.REVIEW,
    held=(Held.DAY_BUDGET,),
    changes=packaged().changes(LARGE, packaged().rule(LARGE)),
    risk=Risk(level=RiskLevel.MEDIUM, score=35, parts=(RiskPart(sign="velocity", points=35, seen="4 cases lately"),)),
    particulars=Particulars(shipment=Shipment.DIFFERS, down=("stock",)),
    shadow=Disagreement(policy_hash="d" * 64, action=Action.APPROVE),
)


def entry(number: str, action: str, minute: int, **more: str) -> AuditEntry:
    at = NOON + timedelta(minutes=minute)
    return AuditEntry(number=number, at=at, actor="li", role="agent", action=action, **more)


async def cases(unit: Unit) -> None:
    for number, changes in (
        (HELD, {}),
        (ASKED, {}),
        (BY_PERSON, {"explanation": "We looked at it together.", "overridden": True}),
        (REFUSED, {"explanation": "The order was never paid.", "reason_code": "order_not_paid"}),
        (NEW, {"status": CaseStatus.RECEIVED, "waits_for": WaitsFor.SHOP}),
    ):
        await unit.insert_case(case_row(number, start=start(number, request_key=number), **changes))
    bare = facts(evidence_count=0, picture_count=0)
    for row in (BY_HEART, assessment(bare, ASKED), assessment(number=BY_PERSON, policy_hash="0" * 64)):
        await unit.store_assessment(row)
    told = json.dumps({"assessment": 1, "digest": digest(BY_HEART)})
    forged = json.dumps({"assessment": 1, "digest": "f" * 64})
    await unit.append_audit((entry(HELD, "assessed", 0, facts=told),))
    await unit.append_audit((entry(ASKED, "assessed", 0, facts=forged),))
    decision = entry(BY_PERSON, "decision", 5, after="reject", reason="goodwill_ended", why="Fourth time.")
    override = entry(BY_PERSON, "override", 5, before="approve", after="reject", reason="goodwill_ended")
    await unit.append_audit((decision, override))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Home:
    made = home_in(tmp_path_factory.mktemp("explained") / "home", migrated_file)
    write(made, cases)
    return made


def test_the_staff_reads_facts_version_rows_signs_sources_and_what_would_have_changed_it(shell: Shell) -> None:
    shown = " ".join(shell.ok("explain", HELD).split())
    for told in (
        "Assessment 1",
        "Done review",
        "The policy said review, because of amount_above_bound",
        "Held back by day budget",
        f"v1 ({packaged().content_hash[:12]})",
        "decision fault_shown_large A fault shown in time, but above the bound",
        "velocity 35 4 cases lately",
        "shipment differs, replacement not checked, account not asked, stock did not answer",
        "amount 250.00 CNY 200.00 CNY approve fault_shown",
        f"{'d' * 12}: approve",
        "Operations log vouches for all of this",
    ):
        assert told in shown


def test_what_the_log_does_not_vouch_for_is_said_to_be_so(shell: Shell) -> None:
    assert "does NOT have this as it is stored" in shell.ok("explain", ASKED)


def test_what_people_decided_against_the_policy_is_marked(shell: Shell) -> None:
    shown = shell.ok("explain", BY_PERSON)
    assert "which is nowhere any more" in shown
    assert "No single fact would have changed the outcome" in shown
    [line] = [line for line in shown.splitlines() if "Fourth time." in line]
    assert all(word in line for word in ("li (agent)", "reject", "goodwill_ended", "overridden"))


def test_programs_get_the_same_as_json(shell: Shell) -> None:
    told = json.loads(shell.ok("explain", HELD, "--json"))
    [assessed] = told["assessments"]
    assert assessed["facts"]["amount_minor"] == 25_000
    assert assessed["vouched_for"] is True
    assert {"table": "decision", "row": "fault_shown_large"}.items() <= assessed["rows"][2].items()
    assert assessed["rows"][2]["description"].startswith("A fault shown in time")
    assert json.loads(shell.ok("explain", BY_PERSON, "--json"))["overridden"] is True


def test_the_customer_hears_a_sentence_in_their_language_and_nothing_else(shell: Shell) -> None:
    own = shell.ok("explain", HELD, "--customer").strip()
    assert own == "您的申请由专人处理，我们会尽快给您答复；目前您无需再做任何事。"
    english = shell.ok("explain", ASKED, "--customer", "--language", "en").strip()
    assert english.startswith("Please upload photos or a video")


def test_what_a_person_wrote_to_the_customer_goes_before_what_the_rules_said(shell: Shell) -> None:
    assert shell.ok("explain", BY_PERSON, "--customer").strip() == "We looked at it together."


def test_a_case_that_no_rule_saw_says_why_it_ended(shell: Shell) -> None:
    assert "No rule decided this case. Reason: order_not_paid." in shell.ok("explain", REFUSED)
    assert shell.ok("explain", REFUSED, "--customer").strip() == "The order was never paid."


def test_a_case_whose_order_is_still_looked_up_is_not_said_to_be_with_anybody(shell: Shell) -> None:
    assert "Nothing has been decided yet: the case waits for the shop." in shell.ok("explain", NEW)
    assert shell.ok("explain", NEW, "--customer").startswith("您的申请已收到")


def test_what_is_or_is_not_reads_the_same_wherever_it_stands(shell: Shell) -> None:
    assert not {"true", "false"} & set(shell.ok("explain", ASKED).split())


def test_what_cannot_be_explained_is_refused(shell: Shell) -> None:
    assert "There is no case" in shell.refused("explain", UNKNOWN)
    assert "choose one of them" in shell.refused("explain", HELD, "--json", "--customer", status=2)
