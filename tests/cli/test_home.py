"""The folder of a stack: what a second terminal finds in it, and who may read it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.commands.deployment import Deployment
from cli.home import Addresses, Home, HomeError

ADDRESSES = Addresses(temporal="127.0.0.1:7", portal="http://127.0.0.1:8", sandbox="http://127.0.0.1:9", smtp_port=10)
SHOP = "postgresql+asyncpg://shop:hush@db.example/shop"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A folder in which a stack was started once."""
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def test_a_second_terminal_finds_the_database_that_the_stack_really_uses(home: Home) -> None:
    assert Deployment(home.folder, {}).database_url() == home.database_url
    home.remember(ADDRESSES, SHOP)
    assert Deployment(home.folder, {}).database_url() == SHOP
    other = "postgresql+asyncpg://shop:hush@other.example/shop"
    assert Deployment(home.folder, {"AFTERSALES_DATABASE_URL": other}).database_url() == other


def test_the_cases_of_a_stack_that_has_stopped_are_read_where_it_kept_them(home: Home) -> None:
    home.remember(ADDRESSES, SHOP)
    home.forget()
    assert Deployment(home.folder, {}).database_url() == SHOP
    home.remember(ADDRESSES)
    assert Deployment(home.folder, {}).database_url() == home.database_url


@pytest.mark.parametrize(
    ("named", "told"),
    [({}, True), ({"AFTERSALES_DATABASE_URL": SHOP}, True), ({"AFTERSALES_DATABASE_URL": f"{SHOP}2"}, False)],
)
def test_the_sandbox_is_told_of_payments_of_its_own_stacks_orders_only(
    home: Home, named: dict[str, str], told: bool
) -> None:
    home.remember(ADDRESSES, SHOP)
    assert Deployment(home.folder, named).sandbox_url() == (ADDRESSES.sandbox if told else None)
    home.forget()
    assert Deployment(home.folder, named).sandbox_url() is None


def test_what_is_kept_can_be_read_by_its_owner_alone(home: Home) -> None:
    left_behind = home.folder / "database.new"
    left_behind.touch(mode=0o644)
    home.remember(ADDRESSES, SHOP)
    kept = sorted(home.folder.glob("*.json"))
    assert [file.name for file in kept] == ["addresses.json", "database.json", "secrets.json"]
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}
    assert [file.name for file in kept if "hush" in file.read_text()] == ["database.json"]


@pytest.mark.parametrize("content", ["", "[]", '{"url": ["hush"]}', "\0"])
def test_a_damaged_file_is_named_and_what_stands_in_it_is_not_repeated(home: Home, content: str) -> None:
    home.remember(ADDRESSES, SHOP)
    (home.folder / "database.json").write_text(content)
    with pytest.raises(HomeError, match=r"database\.json is damaged") as refused:
        Deployment(home.folder, {}).database_url()
    assert "hush" not in str(refused.value)


def test_addresses_of_an_older_version_are_read_and_half_of_them_are_damaged(home: Home) -> None:
    home.remember(ADDRESSES)
    file = home.folder / "addresses.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps(told | {"unheard_of": 1}))
    assert home.addresses() == ADDRESSES
    file.write_text(json.dumps({"temporal": "127.0.0.1:7"}))
    with pytest.raises(HomeError, match=r"addresses\.json is damaged"):
        home.addresses()


def test_a_folder_that_is_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match="Name another one with --home"):
        Home(tmp_path / "file").prepare()


def test_secrets_that_a_later_version_needs_are_added_and_the_others_stay(home: Home) -> None:
    kept = json.loads((home.folder / "secrets.json").read_text())
    link = kept["link"]
    del kept["payee"]
    (home.folder / "secrets.json").write_text(json.dumps(kept))
    assert home.prepare().payee.get_secret_value()
    assert home.secrets().link.get_secret_value() == link
