"""The production topology: valid, pinned, closed, and without a secret that anybody knows."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from sqlalchemy import make_url

from aftersales.contract.values import STAFF_ROLES
from cli.servers import temporal_server
from portal.codec.settings import CodecSettings
from portal.settings import PortalSettings
from storage.engine import create_store_engine
from tests.deploy.compose import (
    COMPOSE_FILE,
    EXAMPLE_FILE,
    ROOT,
    environment,
    filled_in,
    jobs,
    mounted,
    required,
    seconds,
    services,
    topology,
    variables,
)
from tests.deploy.documents import Settings, variables_of
from worker.settings import WorkerSettings

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
SECRET = re.compile(r"PASSWORD|PWD|SECRET|_KEYS?$|TOKEN")
OURS = {"schema", "register", "worker", "portal", "codec-server", "sandbox", "mail-sink"}
KEYS = f'[{{"key_id": "2026a", "secret": "{"A" * 43}="}}]'
GIVEN = {
    **{name: f"{name.lower().replace('_', '-')}-of-a-test" for name in required()},
    "AFTERSALES_PAYEE_KEYS": KEYS,
    "AFTERSALES_ENCRYPTION_KEYS": KEYS,
    "AFTERSALES_SEAL_KEYS": KEYS,
    "CODEC_TOKENS": f'[{{"name": "anna", "sha256": "{"0" * 64}"}}]',
}


def test_the_file_is_valid_by_the_compose_specification() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    checked = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE_FILE], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_no_secret_has_a_default() -> None:
    secrets = [variable for variable in variables() if SECRET.search(variable.name)]
    assert secrets
    assert [variable for variable in secrets if variable.kind != "?" and variable.text] == []


def test_no_secret_stands_in_the_file() -> None:
    told = [(name, key, text) for name in services() for key, text in environment(name).items() if SECRET.search(key)]
    assert told
    assert [entry for entry in told if "${" not in entry[2]] == []


def test_whoever_leaves_a_variable_out_is_told_what_it_is() -> None:
    assert [variable for variable in variables() if variable.kind == "?" and len(variable.text) < 15] == []
    assert {variable.name for variable in variables() if not variable.kind} == set()


def test_a_variable_is_described_in_one_way() -> None:
    assert len({variable.name for variable in variables()}) == len(set(variables()))


def test_the_example_names_every_variable_and_gives_no_value_that_must_be_chosen() -> None:
    lines = [line for line in EXAMPLE_FILE.read_text().splitlines() if "=" in line]
    named = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    optional = {line[1:].split("=", 1)[0] for line in lines if line.startswith("#") and line[1] != " "}
    assert named == dict.fromkeys(required(), "")
    assert optional == {variable.name for variable in variables()} - required()


def test_every_image_is_pinned_to_a_version() -> None:
    images = {name: service["image"] for name, service in services().items()}
    assert [image for image in images.values() if not re.fullmatch(r"[\w./-]+:\d+\.\d+[\w.-]*", image)] == []
    assert {images[name] for name in OURS} == {f"aftersales-service:{VERSION}"}


def test_temporal_has_the_versions_that_the_native_topology_runs() -> None:
    images = {name: services()[name]["image"] for name in ("temporal", "temporal-schema", "temporal-ui")}
    version = temporal_server.SERVER_VERSION
    assert images["temporal"] == f"temporalio/server:{version}"
    assert images["temporal-schema"].startswith(f"temporalio/admin-tools:{version}-")
    assert images["temporal-ui"] == f"temporalio/ui:{temporal_server.WEB_UI.version}"


@pytest.mark.parametrize("name", sorted(services()))
def test_a_service_is_checked_for_health_or_is_a_job(name: str) -> None:
    service = services()[name]
    assert ("healthcheck" in service) != (name in jobs())
    assert service["restart"] == ("on-failure:5" if name in jobs() else "unless-stopped")


def test_the_processes_get_more_time_to_stop_than_they_take_to_drain() -> None:
    drains = {"worker": "DRAIN_S", "portal": "PORTAL_DRAIN_S", "codec-server": "CODEC_DRAIN_S"}
    for name, drain in drains.items():
        assert seconds(services()[name]["stop_grace_period"]) >= int(environment(name)[f"AFTERSALES_{drain}"]) + 10


def test_the_sandbox_and_the_mail_sink_exist_in_the_demo_alone() -> None:
    assert {name for name, service in services().items() if service.get("profiles")} == {"sandbox", "mail-sink"}
    assert {tuple(services()[name]["profiles"]) for name in ("sandbox", "mail-sink")} == {("demo",)}
    assert not any({"sandbox", "mail-sink"} & set(service.get("depends_on", {})) for service in services().values())


def test_the_web_ui_changes_nothing() -> None:
    told = environment("temporal-ui")
    deeds = ("SIGNAL", "UPDATE", "CANCEL", "RESET", "TERMINATE")
    actions = ["START_WORKFLOW", "ACTIVITY_COMMANDS", "BATCH_ACTIONS", *(f"WORKFLOW_{deed}" for deed in deeds)]
    assert told["TEMPORAL_DISABLE_WRITE_ACTIONS"] == "true"
    assert {told[f"TEMPORAL_{action}_DISABLED"] for action in actions} == {"true"}


def test_the_web_ui_understands_what_it_is_told() -> None:
    """Its image writes each value into a file of YAML without quotes."""
    told = filled_in("temporal-ui", GIVEN)
    read = YAML(typ="safe").load("\n".join(f"{name}: {value}" for name, value in told.items()))
    assert {name: str(value).lower() for name, value in read.items()} == {
        name: value.lower() for name, value in told.items()
    }


def test_the_web_ui_and_the_codec_server_know_of_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {"UI_URL": "https://temporal.shop.example", "CODEC_URL": "https://codec.shop.example"}
    told = filled_in("temporal-ui", GIVEN | addresses)
    assert told["TEMPORAL_CODEC_ENDPOINT"] == told["TEMPORAL_CODEC_DEFAULT_ERROR_LINK"] == addresses["CODEC_URL"]
    assert told["TEMPORAL_CODEC_INCLUDE_CREDENTIALS"] == "true"
    _tell(monkeypatch, "codec-server", UI_URL=addresses["UI_URL"])
    assert CodecSettings().origins == (addresses["UI_URL"],)


def test_the_codec_server_reaches_neither_temporal_nor_the_database() -> None:
    assert services()["codec-server"]["networks"] == ["outside"]
    assert set(environment("codec-server")).isdisjoint(environment("register"))


def test_temporal_is_reached_by_the_product_and_its_locked_ui_alone() -> None:
    networks = topology()["networks"]
    members = {network: {name for name, it in services().items() if network in it["networks"]} for network in networks}
    assert members["temporal"] == {"temporal", "register", "temporal-ui", "worker", "portal"}
    assert members["database"] == {"postgres", "schema", "temporal-schema", "temporal", "worker", "portal"}
    assert {name for name, network in networks.items() if network.get("internal")} == {"temporal", "database"}


def test_ports_are_published_on_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert published.keys() == {"portal", "temporal-ui", "codec-server"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_may_do_no_more_than_they_need(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_only_the_schema_job_owns_the_tables() -> None:
    urls = {name: filled_in(name, GIVEN).get("AFTERSALES_DATABASE_URL") for name in services()}
    account = {name: make_url(url).username for name, url in urls.items() if url}
    assert account == {"schema": "aftersales_owner", "worker": "aftersales", "portal": "aftersales"}
    assert environment("schema")["AFTERSALES_DATABASE_ROLE"] == "aftersales"


def test_the_worker_starts_with_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _tell(monkeypatch, "worker")
    settings = WorkerSettings()
    assert settings.drain_s == 30
    assert [key.key_id for key in settings.proof_keys] == ["portal", "staff", "shop"]
    by_id = {key.key_id: key for key in settings.proof_keys}
    assert {name for name, key in by_id.items() if key.staff} == {"staff"}
    assert by_id["staff"].roles == STAFF_ROLES
    assert [key.key_id for key in settings.payee_keys] == ["2026a"]
    assert settings.case_url.endswith("/namespaces/aftersales/workflows/refund%2F{number}")
    create_store_engine(settings.database_url)


def test_the_portal_starts_with_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _tell(monkeypatch, "portal")
    settings = PortalSettings()
    assert settings.proof_key().key_id == "portal"
    assert settings.staff_proof_secret is not None
    assert [key.key_id for key in settings.link_keys] == ["link1"]
    assert [key.key_id for key in settings.payee_keys] == ["2026a"]


def test_the_worker_finds_the_evidence_that_the_portal_took_in() -> None:
    assert environment("worker")["AFTERSALES_EVIDENCE"] == environment("portal")["AFTERSALES_EVIDENCE"]
    assert mounted("worker", environment("worker")["AFTERSALES_EVIDENCE"]) == "evidence"
    assert mounted("portal", environment("portal")["AFTERSALES_EVIDENCE"]) == "evidence"


def test_the_log_is_sealed_on_a_volume_of_its_own_that_the_portal_does_not_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _tell(monkeypatch, "worker")
    settings = WorkerSettings()
    assert mounted("worker", settings.seals) == "seals"
    assert [key.key_id for key in settings.seal_keys] == ["2026a"]
    assert "seals" not in {volume.partition(":")[0] for volume in services()["portal"]["volumes"]}


def test_the_codec_server_starts_with_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _tell(monkeypatch, "codec-server")
    settings = CodecSettings()
    assert [key.key_id for key in settings.encryption_keys] == ["2026a"]
    assert [token.name for token in settings.tokens] == ["anna"]
    assert settings.host == "0.0.0.0"
    assert settings.trusted_proxies == ()


@pytest.mark.parametrize(("service", "kind"), [("worker", WorkerSettings), ("portal", PortalSettings)])
def test_payloads_are_encrypted_unless_somebody_asks_for_plain_ones(
    service: str, kind: type[WorkerSettings | PortalSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    _tell(monkeypatch, service)
    settings = kind()
    assert [key.key_id for key in settings.encryption_keys] == ["2026a"]
    assert not settings.plain_payloads
    _tell(monkeypatch, service, AFTERSALES_PLAIN_PAYLOADS="true")
    assert kind().plain_payloads


@pytest.mark.parametrize(
    ("service", "kind"),
    [
        ("worker", WorkerSettings),
        ("portal", PortalSettings),
        ("codec-server", CodecSettings),
    ],
)
def test_nothing_is_told_that_nobody_listens_to(service: str, kind: Settings) -> None:
    told = {name for name in environment(service) if name.startswith("AFTERSALES_")}
    assert told <= variables_of(kind)


def _tell(monkeypatch: pytest.MonkeyPatch, service: str, **given: str) -> None:
    for name, value in filled_in(service, GIVEN | given).items():
        monkeypatch.setenv(name, value)
