"""Who a command speaks as: the person who is logged in, or whoever is named where the command line is believed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aftersales.contract.errors import AftersalesError
from aftersales.contract.numbers import number_for
from aftersales.contract.values import ErrorCode, Role
from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError, MistypedError
from cli.commands.identity import APPLICANTS, REVIEWERS, Speaker, admin_of, speaker_of, spokesman_of
from cli.commands.signing import LoggedIn, SigningService
from cli.home import Home
from tests.cli.homes import home_in
from tests.cli.shell import Shell
from tests.storage.people_of_the_shop import PASSWORD
from tests.support.program import ADDRESSES, Ran


class LoggedInAs(SigningService):
    """Knows who is logged in without asking."""

    def __init__(self, *roles: Role) -> None:
        super().__init__(ADDRESSES.portal, "token")
        self._roles = roles

    async def me(self) -> LoggedIn:
        return LoggedIn(staff_id="wang", roles=self._roles, expires_at=datetime.now(UTC))


class Beside(Deployment):
    """A deployment at which somebody is logged in, or nobody."""

    def __init__(self, folder: Path, service: SigningService | None, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, environ or {})
        self._service = service

    def signing_service(self) -> SigningService | None:
        return self._service


@pytest.fixture
def demo(home: Home) -> Path:
    return home.folder


@pytest.fixture
def up(tmp_path: Path, migrated_file: Path) -> Path:
    home = home_in(tmp_path / "up", migrated_file)
    home.remember(ADDRESSES.model_copy(update={"vouches": False}))
    return home.folder


async def test_the_role_that_fits_is_taken_the_usual_one_first(up: Path) -> None:
    both = Beside(up, LoggedInAs(Role.SUPERVISOR, Role.AGENT))
    assert await speaker_of(both, None, None, REVIEWERS) == Speaker("wang", Role.AGENT, account=True, channel="staff")
    one = Beside(up, LoggedInAs(Role.OPS, Role.SUPERVISOR))
    assert (await speaker_of(one, "wang", None, REVIEWERS)).role is Role.SUPERVISOR


async def test_a_role_that_is_named_must_be_held(up: Path) -> None:
    agent = Beside(up, LoggedInAs(Role.AGENT))
    assert (await speaker_of(agent, None, Role.AGENT, REVIEWERS)).role is Role.AGENT
    for role, fitting in ((Role.ADMIN, REVIEWERS), (None, (Role.FINANCE,)), (Role.CUSTOMER, REVIEWERS)):
        with pytest.raises(AftersalesError) as refused:
            await speaker_of(agent, None, role, fitting)
        assert refused.value.code is ErrorCode.ROLE_NOT_ALLOWED


async def test_whoever_is_logged_in_is_nobody_else_even_where_the_command_line_is_believed(demo: Path) -> None:
    with pytest.raises(MistypedError, match="logged in as wang"):
        await speaker_of(Beside(demo, LoggedInAs(Role.AGENT)), "li", None, REVIEWERS)


async def test_the_demo_takes_the_command_lines_word(demo: Path) -> None:
    spoken = await speaker_of(Beside(demo, None), "li", None, REVIEWERS)
    assert spoken == Speaker("li", Role.AGENT, account=False, channel="cli")
    assert (await speaker_of(Beside(demo, None), "li", Role.ADMIN, REVIEWERS)).role is Role.ADMIN


async def test_a_secret_of_the_command_line_vouches_for_services_without_people(up: Path) -> None:
    told = Beside(up, None, {"AFTERSALES_CLI_PROOF_SECRET": "s" * 32})
    assert (await speaker_of(told, "shop", None, REVIEWERS)).actor == "shop"


async def test_where_people_log_in_nobody_is_believed(up: Path) -> None:
    with pytest.raises(CommandError, match="aftersales login NAME"):
        await speaker_of(Beside(up, None), "boss", Role.ADMIN, REVIEWERS)
    with pytest.raises(CommandError, match="Only an admin"):
        await admin_of(Beside(up, None))
    assert await admin_of(Beside(up, LoggedInAs(Role.ADMIN))) == "wang"


async def test_a_customer_speaks_unless_somebody_is_logged_in_or_named(up: Path, demo: Path) -> None:
    assert await spokesman_of(Beside(up, None), None, None) is None
    agent = Beside(up, LoggedInAs(Role.AGENT))
    assert await spokesman_of(agent, "customer-1", Role.CUSTOMER) is None
    assert await spokesman_of(agent, None, None, APPLICANTS) == Speaker(
        "wang", Role.AGENT, account=True, channel="staff"
    )
    named = await spokesman_of(Beside(demo, None), "li", Role.AGENT)
    assert named == Speaker("li", Role.AGENT)


def test_the_command_lines_own_key_speaks_for_customers_alone_where_people_log_in(up: Path, demo: Path) -> None:
    assert Home(up).cli_key().roles == {Role.CUSTOMER}
    assert Home(demo).cli_key().roles == set(Role)


def test_a_login_to_another_deployment_is_not_the_stacks(demo: Path, tmp_path: Path) -> None:
    elsewhere = {"AFTERSALES_PORTAL_URL": "https://portal.example", "XDG_CONFIG_HOME": str(tmp_path)}
    assert Deployment(demo, {}).token().file == demo / "login.json"
    assert Deployment(demo, elsewhere).token().file.parent == tmp_path / "aftersales"
    assert Deployment(demo, {}).signing_service() is None


@pytest.mark.parametrize(
    "command",
    [
        ("approve", "{number}"),
        ("approve", "{number}", "--actor", "boss", "--role", "admin"),
        ("withdraw", "{number}", "--role", "agent"),
        ("ledger", "write-off", "{number}-1-1", "--amount", "1", "--reason", "x"),
        ("reconcile", "explain", "f-1", "--reason", "x"),
        ("payout", "reveal", "{number}"),
        ("payout", "choose", "{number}", "--method", "store-credit"),
        ("payout", "erase", "customer-1", "--yes"),
        ("finance", "confirm", "{number}-1-1"),
        ("whoami",),
        ("staff", "grant", "wang", "admin"),
    ],
)
def test_without_a_login_nobody_decides_anything_and_the_way_to_log_in_is_named(
    up: Path, command: tuple[str, ...], shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERSALES_HOME", str(up))
    number = number_for("shop", "nobody")
    assert "aftersales login NAME" in shell.refused(*(word.format(number=number) for word in command))


def test_the_first_admin_is_made_by_whoever_has_the_database_and_the_second_one_is_not(
    up: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERSALES_HOME", str(up))

    def add(name: str, role: str) -> Ran:
        return shell.told(f"{PASSWORD}\n", "staff", "add", name, "--role", role, "--password-stdin")

    refused = add("wang", "agent")
    assert (refused.status, "add the role admin" in refused.err) == (1, True)
    added = add("boss", "admin")
    assert (added.status, added.err) == (0, "")
    assert "There was no admin yet, so the database was enough" in added.out
    assert "aftersales login boss" in added.out
    refused = add("rival", "admin")
    assert (refused.status, "Only an admin who is logged in" in refused.err) == (1, True)


def test_in_a_demo_whoami_says_who_signs(shell: Shell) -> None:
    assert "Demo mode signs for the command line" in shell.ok("whoami")
