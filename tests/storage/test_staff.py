"""Accounts, roles and groups: who may change them, that it counts at once, and that it is written down (P2.6, P6.3)."""

from __future__ import annotations

import asyncio
import json

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Store
from aftersales.contract.values import Role
from storage.staff import LOG, NewStaff, StaffBook, StaffError
from tests.storage.people_of_the_shop import ADMIN, NOW, PASSWORD, QUICK, logins_of, newcomer, staffed


async def holds(store: Store, staff_id: str, role: Role) -> bool:
    async with store.begin() as unit:
        return await unit.holds_role(staff_id, role)


async def test_the_first_admin_needs_the_database_alone_and_nobody_after_that(engine: AsyncEngine) -> None:
    book = StaffBook(engine, QUICK)
    assert not await book.has_admin()
    with pytest.raises(StaffError, match="The first account is an admin"):
        await book.add_first(newcomer("li", Role.AGENT), NOW)
    await book.add_first(newcomer(ADMIN, Role.ADMIN), NOW)
    assert await book.has_admin()
    with pytest.raises(StaffError, match="an admin already"):
        await book.add_first(newcomer("rival", Role.ADMIN), NOW)


async def test_of_two_first_admins_at_once_there_is_one(engine: AsyncEngine) -> None:
    book = StaffBook(engine, QUICK)
    tried = [book.add_first(newcomer(name, Role.ADMIN), NOW) for name in ("wang", "zhou")]
    failed = [each for each in await asyncio.gather(*tried, return_exceptions=True) if each is not None]
    assert [type(each) for each in failed] == [StaffError]
    assert len(await book.listed()) == 1


async def test_a_role_counts_from_its_grant_to_its_end(engine: AsyncEngine, store: Store) -> None:
    book = await staffed(engine, wang=Role.AGENT)
    assert await holds(store, "wang", Role.AGENT)
    assert not await holds(store, "wang", Role.FINANCE)
    await book.grant("wang", Role.FINANCE, ADMIN, NOW)
    assert await holds(store, "wang", Role.FINANCE)
    await book.revoke("wang", Role.FINANCE, ADMIN, NOW)
    assert not await holds(store, "wang", Role.FINANCE)
    assert not await holds(store, "nobody", Role.AGENT)


async def test_a_disabled_account_holds_nothing_until_it_is_enabled_again(engine: AsyncEngine, store: Store) -> None:
    book = await staffed(engine, wang=Role.AGENT)
    await book.set_active("wang", False, ADMIN, NOW)
    assert not await holds(store, "wang", Role.AGENT)
    await book.set_active("wang", True, ADMIN, NOW)
    assert await holds(store, "wang", Role.AGENT)


async def test_a_disabled_account_sets_no_password_of_its_own(engine: AsyncEngine) -> None:
    book = await staffed(engine, wang=Role.AGENT)
    await book.set_active("wang", False, ADMIN, NOW)
    with pytest.raises(StaffError, match="The account wang is disabled"):
        await book.set_password("wang", SecretStr(PASSWORD[::-1]), "wang", NOW)
    await book.set_password("wang", SecretStr(PASSWORD[::-1]), ADMIN, NOW)


async def test_only_an_admin_of_this_moment_changes_anything_of_others(engine: AsyncEngine) -> None:
    book = await staffed(engine, wang=Role.SUPERVISOR, zhou=Role.ADMIN)
    await book.revoke("zhou", Role.ADMIN, ADMIN, NOW)
    for by in ("wang", "zhou", "nobody"):
        for change in (
            book.add(newcomer("new", Role.AGENT), by, NOW),
            book.grant("wang", Role.ADMIN, by, NOW),
            book.revoke(ADMIN, Role.ADMIN, by, NOW),
            book.set_active(ADMIN, False, by, NOW),
            book.set_password(ADMIN, SecretStr(PASSWORD[::-1]), by, NOW),
            book.make_group("night-shift", by, NOW),
            book.join("agents", "wang", by, NOW),
            book.leave("agents", "wang", by, NOW),
        ):
            with pytest.raises(StaffError, match="only admins"):
                await change
    assert {each.staff_id for each in await book.listed()} == {ADMIN, "wang", "zhou"}


async def test_two_admins_cannot_take_each_others_role_at_once(engine: AsyncEngine) -> None:
    book = await staffed(engine, zhou=Role.ADMIN)
    tried = (book.revoke(ADMIN, Role.ADMIN, "zhou", NOW), book.revoke("zhou", Role.ADMIN, ADMIN, NOW))
    results = await asyncio.gather(*tried, return_exceptions=True)
    assert sum(isinstance(each, StaffError) for each in results) == 1
    assert await book.has_admin()


async def test_the_last_admin_stays(engine: AsyncEngine) -> None:
    book = await staffed(engine, wang=Role.AGENT)
    for change in (book.revoke(ADMIN, Role.ADMIN, ADMIN, NOW), book.set_active(ADMIN, False, ADMIN, NOW)):
        with pytest.raises(StaffError, match="somebody else an admin first"):
            await change
    assert await book.has_admin()


async def test_a_customer_is_no_role_of_the_staff(engine: AsyncEngine) -> None:
    book = await staffed(engine, wang=Role.AGENT)
    with pytest.raises(StaffError, match="customer is not one"):
        await book.grant("wang", Role.CUSTOMER, ADMIN, NOW)
    with pytest.raises(StaffError, match="customer is not one"):
        await book.add(newcomer("li", Role.CUSTOMER), ADMIN, NOW)


async def test_an_id_is_given_once_and_the_account_of_the_first_one_stays(engine: AsyncEngine) -> None:
    book = await staffed(engine, wang=Role.AGENT)
    with pytest.raises(StaffError, match="never given twice"):
        await book.add(newcomer("wang", Role.FINANCE), ADMIN, NOW)
    found = await book.find("wang")
    assert found is not None
    assert found.roles == {Role.AGENT}


@pytest.mark.parametrize("staff_id", ["Wang", "", "wang fang", "-x", "王芳"])
def test_an_id_is_of_small_letters_and_digits(staff_id: str) -> None:
    with pytest.raises(ValidationError):
        NewStaff(staff_id=staff_id, display_name="W", password=SecretStr(PASSWORD))


async def test_groups_are_there_from_the_start_and_take_members(engine: AsyncEngine) -> None:
    book = await staffed(engine, wang=Role.AGENT)
    assert await book.groups() == ("agents", "finance", "supervisors", "warehouse")
    await book.make_group("porcelain", ADMIN, NOW)
    await book.join("porcelain", "wang", ADMIN, NOW)
    with pytest.raises(StaffError, match="no group glass"):
        await book.join("glass", "wang", ADMIN, NOW)
    found = await book.find("wang")
    assert found is not None
    assert found.groups == {"porcelain"}
    await book.leave("porcelain", "wang", ADMIN, NOW)
    assert "porcelain" in await book.groups()


async def test_what_is_so_already_is_no_entry(engine: AsyncEngine, store: Store) -> None:
    book = await staffed(engine, wang=Role.AGENT)
    await book.join("agents", "wang", ADMIN, NOW)
    async with store.begin() as unit:
        before = await unit.log(LOG)
    for change in (
        book.make_group("agents", ADMIN, NOW),
        book.join("agents", "wang", ADMIN, NOW),
        book.leave("finance", "wang", ADMIN, NOW),
        book.grant("wang", Role.AGENT, ADMIN, NOW),
        book.revoke("wang", Role.FINANCE, ADMIN, NOW),
        book.set_active("wang", True, ADMIN, NOW),
    ):
        await change
    async with store.begin() as unit:
        assert await unit.log(LOG) == before
    await book.leave("agents", "wang", ADMIN, NOW)
    async with store.begin() as unit:
        assert (await unit.log(LOG))[-1].action == "group_left"


@pytest.mark.parametrize("change", ["grant", "set_active", "set_password", "join", "leave"])
async def test_who_does_not_exist_cannot_be_changed(engine: AsyncEngine, change: str) -> None:
    book = await staffed(engine)
    changes = {
        "grant": book.grant("ghost", Role.AGENT, ADMIN, NOW),
        "set_active": book.set_active("ghost", False, ADMIN, NOW),
        "set_password": book.set_password("ghost", SecretStr(PASSWORD), ADMIN, NOW),
        "join": book.join("agents", "ghost", ADMIN, NOW),
        "leave": book.leave("agents", "ghost", ADMIN, NOW),
    }
    with pytest.raises(StaffError, match="no account ghost"):
        await changes.pop(change)
    for unused in changes.values():
        unused.close()


async def test_every_change_and_every_login_is_an_entry_of_the_staff_log(engine: AsyncEngine, store: Store) -> None:
    book = await staffed(engine, wang=Role.AGENT)
    await book.grant("wang", Role.FINANCE, ADMIN, NOW)
    await book.set_password("wang", SecretStr(PASSWORD[::-1]), "wang", NOW)
    login = await logins_of(engine).log_in("wang", PASSWORD[::-1], "a", NOW)
    await logins_of(engine).log_out(login.token, NOW)
    async with store.begin() as unit:
        log = await unit.log(LOG)
    assert [(each.actor, each.action) for each in log] == [
        ("system", "staff_added"),
        (ADMIN, "staff_added"),
        (ADMIN, "role_granted"),
        ("wang", "password_changed"),
        ("wang", "logged_in"),
        ("wang", "logged_out"),
    ]
    assert json.loads(log[2].facts) == {"staff": "wang", "role": "finance"}
    assert PASSWORD not in str(log)
