"""The image: pinned, not root, nothing secret in it, and everything that a process needs."""

import re
import tomllib

from tests.deploy.compose import ROOT, services

DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = ("worker", "portal", "sandbox", "mail-sink")
LET_IN = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}


def test_every_stage_starts_from_one_exact_python() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) > 1
    assert len(set(images)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", images[0])


def test_uv_is_the_one_that_the_makefile_fetches() -> None:
    wanted = re.search(r"^UV_VERSION := (\S+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    pinned = re.search(r"\buv==(\S+)", DOCKERFILE)
    assert wanted
    assert pinned
    assert pinned[1] == wanted[1]


def test_it_runs_as_somebody_without_rights() -> None:
    accounts = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert accounts == ["10001:10001"]


def test_it_may_write_where_volumes_are_mounted_and_where_a_login_is_kept() -> None:
    made = re.search(r"install -d -o aftersales .*", DOCKERFILE)
    assert made
    mounts = {volume.split(":")[1] for name in OURS for volume in services()[name].get("volumes", [])}
    assert mounts <= set(made[0].split())
    assert re.search(r"^ENV .*XDG_CONFIG_HOME=/tmp/", DOCKERFILE, re.MULTILINE)
    assert all("/tmp" in services()[name]["tmpfs"] for name in OURS)  # noqa: S108 - the container's own


def test_the_process_itself_gets_the_signal() -> None:
    assert re.search(r"^CMD \[", DOCKERFILE, re.MULTILINE)
    assert "ENTRYPOINT" not in DOCKERFILE


def test_nothing_secret_is_built_in() -> None:
    assert not re.search(r"^(ARG|ENV).*(SECRET|PASSWORD|TOKEN|KEY)", DOCKERFILE, re.MULTILINE)
    assert "**/.env*" in (ROOT / ".dockerignore").read_text().splitlines()
    assert not {"tests", "deploy", ".env", ".git"} & LET_IN


def test_every_package_of_the_application_is_let_in() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert packages | {"client", "pyproject.toml", "uv.lock", project["project"]["readme"]} <= LET_IN
