"""What a worker is told: whatever cannot be right names its variable, and no secret is ever written out."""

from __future__ import annotations

import json
import os
import re

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from activities.rows import Account
from aftersales import Application, Item, Reason, Role
from aftersales.contract.errors import AftersalesError
from aftersales.contract.numbers import new_number
from aftersales.contract.values import ErrorCode
from aftersales.proof import ProofKey, sign
from integrations.letters import LetterSettings
from integrations.letters.audience import Audience
from integrations.mail import MailSettings, Security
from tests.worker.environment import LINK_SECRET, PROOF_SECRET, SECRETS, environment, key, settings
from worker.main import explain
from worker.settings import WorkerSettings

NEEDED = (
    "AFTERSALES_DATABASE_URL",
    "AFTERSALES_PROOF_KEYS",
    "AFTERSALES_LINK_KEYS",
    "AFTERSALES_PAYEE_KEYS",
)


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AFTERSALES_")]:
        monkeypatch.delenv(name)


def refusal(monkeypatch: pytest.MonkeyPatch, **changes: str) -> str:
    """What a worker with one thing changed in its environment says of it."""
    for name, value in environment(**changes).items():
        monkeypatch.setenv(name, value)
    with pytest.raises((ValidationError, SettingsError)) as refused:
        WorkerSettings()
    return explain(refused.value)


def test_a_whole_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(queues='["payments-stripe"]', time_scale="0.5").items():
        monkeypatch.setenv(name, value)
    read = WorkerSettings()
    assert (read.queues, read.time_scale) == (("payments-stripe",), 0.5)
    assert read.proof_keys[0].secret.get_secret_value() == PROOF_SECRET


def test_without_an_environment_each_needed_variable_is_named_and_none_has_a_default() -> None:
    with pytest.raises(ValidationError) as refused:
        WorkerSettings()
    assert [line.partition(":")[0] for line in explain(refused.value).splitlines()] == list(NEEDED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_CONNECTIONS", "0"),
        ("DATABASE_CONNECTIONS", "201"),
        ("MAX_CACHED_WORKFLOWS", "-1"),
        ("CONCURRENT_WORKFLOW_TASKS", "1"),
        ("CONCURRENT_ACTIVITIES", "0"),
        ("DRAIN_S", "-1"),
        ("DRAIN_S", "soon"),
        ("SWEEP_EVERY_S", "4"),
        ("SWEEP_OLDER_THAN_S", "-1"),
        ("TIME_SCALE", "0"),
        ("TIME_SCALE", "1.5"),
        ("SMTP_PORT", "65536"),
        ("SMTP_SECURITY", "perhaps"),
        ("STAFF_LANGUAGE", "fr"),
        ("TIME_ZONE", "Nowhere/Land"),
        ("TIME_ZONE", "../etc/passwd"),
        ("LOG_FORMAT", "xml"),
        ("QUEUES", "[]"),
        ("QUEUES", '["letters"]'),
        ("QUEUES", "cases"),
        ("PROOF_KEYS", "[]"),
        ("PROOF_KEYS", '[{"key_id": "portal1"}]'),
        ("PROOF_KEYS", json.dumps([key("portal1", PROOF_SECRET, roles=["king"])])),
        ("PROOF_KEYS", json.dumps([key("portal1", "too short")])),
        ("PROOF_KEYS", json.dumps([key("portal1", PROOF_SECRET), key("portal1", PROOF_SECRET[::-1])])),
        ("PROOF_KEYS", f"portal1={PROOF_SECRET}"),
        ("PAYEE_KEYS", "[]"),
        ("PAYEE_KEYS", json.dumps([key("payee1", "too short")])),
        ("LINK_KEYS", "[]"),
        ("LINK_KEYS", json.dumps([key("link 1", LINK_SECRET)])),
        ("LINK_KEYS", json.dumps([key("link1", "too short")])),
        ("LINK_KEYS", json.dumps([key("link1", LINK_SECRET), key("link1", LINK_SECRET[::-1])])),
    ],
)
def test_what_cannot_be_right_is_refused_by_its_variables_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    [line] = refusal(monkeypatch, **{name.lower(): value}).splitlines()
    assert re.match(rf"AFTERSALES_{name}\b", line), line
    assert "Value error" not in line


@pytest.mark.parametrize("name", ["proof_keys", "link_keys"])
@pytest.mark.parametrize("value", ['[{"key_id": "k1", "secret": "%s"}', '[{"secret": "%s"}]', '["%s"]', '{"k1": "%s"}'])
def test_a_key_written_wrongly_is_not_repeated_in_the_refusal(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert PROOF_SECRET not in refusal(monkeypatch, **{name: value % PROOF_SECRET})


def test_settings_written_out_show_no_secret() -> None:
    told = settings(smtp_password="another-secret")
    for written in (repr(told), str(told), repr(told.keyring())):
        assert not [secret for secret in (*SECRETS, "another-secret") if secret in written]


def test_a_worker_serves_every_queue_of_what_is_set_up_unless_told_otherwise() -> None:
    own = ("payments-store_credit", "payments-gift_card", "payments-by_hand")
    assert settings().served(["stripe"]) == ("cases", "notifications", *own, "payments-stripe")
    assert settings(queues=["notifications"]).served(["stripe"]) == ("notifications",)


def test_a_worker_serves_evidence_where_it_has_the_portals_store() -> None:
    assert "evidence" not in settings().served([])
    assert settings(evidence="/srv/evidence").served([])[2] == "evidence"
    assert settings(evidence="/srv/evidence", queues=["cases"]).served([]) == ("cases",)


def test_a_trusted_key_vouches_for_the_roles_it_was_given_and_for_no_other() -> None:
    told = settings(proof_keys=[key("portal1", PROOF_SECRET, roles=["customer"])])
    number = new_number()
    application = Application(
        order_id="SO-1", customer_id="c-1", items=(Item(line_id="1", quantity=1),), reason=Reason.CHANGED_MIND
    )
    mine = ProofKey("portal1", PROOF_SECRET)
    said = sign(application, number=number, actor="c-1", role=Role.CUSTOMER, key=mine)
    assert told.keyring().verify(said, number).actor == "c-1"
    with pytest.raises(AftersalesError) as refused:
        told.keyring().verify(sign(application, number=number, actor="a-1", role=Role.AGENT, key=mine), number)
    assert refused.value.code is ErrorCode.ROLE_NOT_ALLOWED


def test_during_a_rotation_the_old_and_the_new_key_both_count() -> None:
    told = settings(proof_keys=[key("new", PROOF_SECRET), key("old", PROOF_SECRET[::-1])])
    number = new_number()
    application = Application(
        order_id="SO-1", customer_id="c-1", items=(Item(line_id="1", quantity=1),), reason=Reason.CHANGED_MIND
    )
    for mine in (ProofKey("new", PROOF_SECRET), ProofKey("old", PROOF_SECRET[::-1])):
        said = sign(application, number=number, actor="c-1", role=Role.CUSTOMER, key=mine)
        assert told.keyring().verify(said, number).key_id == mine.key_id


def test_mail_and_letters_have_variables_of_the_workers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(
        smtp_security="starttls", agents_mail="a@shop.example", time_zone="Asia/Shanghai"
    ).items():
        monkeypatch.setenv(name, value)
    mail: MailSettings = (told := WorkerSettings())
    letters: LetterSettings = told
    assert mail.smtp_security is Security.STARTTLS
    assert letters.address(Audience.AGENTS, Account(customer_id="c-1", email="c@customers.example")) == "a@shop.example"
    assert letters.time_zone == "Asia/Shanghai"
