"""Logins: how long they hold, what ends them at once, and what guessing costs (ASVS 6.3, 7.2-7.4)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Store
from aftersales.contract.values import Role
from storage.logins import (
    FREE_BY_ACCOUNT,
    FREE_BY_ADDRESS,
    LONGEST_WAIT_S,
    LoginRefusedError,
    LoginStore,
    TooManyLoginsError,
)
from storage.staff import LOG
from storage.tables import LOGIN_ATTEMPTS, STAFF_SESSIONS
from tests.storage.people_of_the_shop import ADMIN, NOW, PASSWORD, logins_of, staffed

WRONG = "not the password"
HERE, ELSEWHERE = "198.51.100.7", "198.51.100.8"


async def tried(logins: LoginStore, name: str = "wang", password: str = WRONG, address: str = HERE) -> str:
    """What a try at `NOW` ends with."""
    try:
        await logins.log_in(name, password, address, NOW)
    except LoginRefusedError:
        return "refused"
    except TooManyLoginsError:
        return "too many"
    return "in"


async def test_a_login_is_a_token_that_is_kept_as_a_hash_alone(engine: AsyncEngine) -> None:
    await staffed(engine, wang=Role.AGENT)
    login = await logins_of(engine).log_in(" Wang ", PASSWORD, HERE, NOW)
    session = await logins_of(engine).recognised(login.token, NOW)
    assert session is not None
    assert (session.staff.staff_id, session.authenticated_at) == ("wang", NOW)
    assert session.staff.roles == {Role.AGENT}
    assert len(login.token) >= 43, "256 bits"
    async with engine.connect() as connection:
        rows = (await connection.execute(select(STAFF_SESSIONS))).all()
    assert login.token not in str(rows)


async def test_every_login_has_another_token_and_one_of_nobody_opens_nothing(engine: AsyncEngine) -> None:
    await staffed(engine, wang=Role.AGENT)
    logins = logins_of(engine)
    first, second = [await logins.log_in("wang", PASSWORD, HERE, NOW) for _ in range(2)]
    assert first.token != second.token
    for token in ("", "guessed", "\udcff"):
        assert await logins.recognised(token, NOW) is None
        assert not await logins.log_out(token, NOW)


async def test_a_login_ends_by_idleness_and_by_its_age(engine: AsyncEngine) -> None:
    await staffed(engine, wang=Role.AGENT)
    logins = logins_of(engine, idle_s=600, session_s=1500)
    token = (await logins.log_in("wang", PASSWORD, HERE, NOW)).token
    assert await logins.recognised(token, NOW + timedelta(seconds=590))
    assert await logins.recognised(token, NOW + timedelta(seconds=1180)), "it was used in between"
    assert await logins.recognised(token, NOW + timedelta(seconds=1500)) is None, "however much it is used"
    idle = (await logins.log_in("wang", PASSWORD, HERE, NOW)).token
    assert await logins.recognised(idle, NOW + timedelta(seconds=600)) is None


async def test_logging_out_disabling_and_another_password_end_a_login_at_once(engine: AsyncEngine) -> None:
    book, logins = await staffed(engine, wang=Role.AGENT), logins_of(engine)

    async def token() -> str:
        return (await logins.log_in("wang", PASSWORD, HERE, NOW)).token

    left, disabled = await token(), await token()
    assert await logins.log_out(left, NOW)
    assert await logins.recognised(left, NOW) is None
    assert await logins.recognised(disabled, NOW)
    await book.set_active("wang", False, ADMIN, NOW)
    await book.set_active("wang", True, ADMIN, NOW)
    assert await logins.recognised(disabled, NOW) is None
    changed = await token()
    await book.set_password("wang", SecretStr(PASSWORD[::-1]), ADMIN, NOW)
    assert await logins.recognised(changed, NOW) is None


async def test_a_login_has_the_roles_of_this_moment(engine: AsyncEngine) -> None:
    book, logins = await staffed(engine, wang=Role.AGENT), logins_of(engine)
    token = (await logins.log_in("wang", PASSWORD, HERE, NOW)).token
    await book.revoke("wang", Role.AGENT, ADMIN, NOW)
    session = await logins.recognised(token, NOW)
    assert session is not None
    assert session.staff.roles == frozenset()


async def test_wrong_password_unknown_name_and_disabled_account_are_told_alike(engine: AsyncEngine) -> None:
    book, logins = await staffed(engine, wang=Role.AGENT, zhou=Role.AGENT), logins_of(engine)
    await book.set_active("zhou", False, ADMIN, NOW)
    told = set()
    for name, password in (("wang", "wrong"), ("nobody", PASSWORD), ("zhou", PASSWORD)):
        with pytest.raises(LoginRefusedError) as refused:
            await logins.log_in(name, password, HERE, NOW)
        told.add(str(refused.value))
    assert len(told) == 1


async def test_a_name_that_no_database_takes_is_an_unknown_one(engine: AsyncEngine) -> None:
    await staffed(engine, wang=Role.AGENT)
    for name in ("wang\0", "\0", "wang\ud800"):
        with pytest.raises(LoginRefusedError):
            await logins_of(engine).log_in(name, PASSWORD, "a", NOW)


async def test_an_accounts_waits_grow_up_to_five_minutes_whoever_tries(engine: AsyncEngine) -> None:
    await staffed(engine, wang=Role.AGENT)
    logins, at, waits = logins_of(engine), NOW, []
    for number in range(FREE_BY_ACCOUNT + 10):
        with pytest.raises(LoginRefusedError):
            await logins.log_in("wang", "wrong", f"address-{number}", at)
        if number >= FREE_BY_ACCOUNT - 1:
            with pytest.raises(TooManyLoginsError) as told:
                await logins.log_in("wang", PASSWORD, ELSEWHERE, at)
            waits.append(told.value.wait_s)
            at += timedelta(seconds=told.value.wait_s)
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_S


async def test_an_address_that_fails_waits_whatever_names_it_tries(engine: AsyncEngine) -> None:
    await staffed(engine, wang=Role.AGENT)
    logins = logins_of(engine)
    for number in range(FREE_BY_ADDRESS):
        assert await tried(logins, f"name-{number}") == "refused"
    assert await tried(logins, password=PASSWORD) == "too many"
    assert await tried(logins, password=PASSWORD, address=ELSEWHERE) == "in"


async def test_ones_own_logins_do_not_open_an_address_to_guessing(engine: AsyncEngine) -> None:
    await staffed(engine, wang=Role.AGENT)
    logins = logins_of(engine)
    for number in range(FREE_BY_ADDRESS):
        assert await tried(logins, f"name-{number}") == "refused"
        if number < FREE_BY_ADDRESS - 2:  # a try that comes to the limit makes the next one wait a second
            assert await tried(logins, password=PASSWORD) == "in"
    assert await tried(logins, password=PASSWORD) == "too many"


async def test_a_hundred_guesses_at_once_are_a_hundred(engine: AsyncEngine) -> None:
    await staffed(engine, wang=Role.AGENT)
    logins = logins_of(engine)
    ends = await asyncio.gather(*(tried(logins, address=f"address-{n}") for n in range(30)))
    assert ends.count("refused") == FREE_BY_ACCOUNT


async def test_failures_are_forgotten_after_a_day_and_leave_no_rows(engine: AsyncEngine) -> None:
    await staffed(engine, wang=Role.AGENT)
    logins = logins_of(engine)
    for number in range(3):
        assert await tried(logins, f"name-{number}", address=f"address-{number}") == "refused"
    with pytest.raises(LoginRefusedError):
        await logins.log_in("wang", "wrong", HERE, NOW + timedelta(days=1))
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(LOGIN_ATTEMPTS))).scalar_one() == 2


async def test_a_failure_is_logged_with_the_account_and_never_with_what_was_typed(
    engine: AsyncEngine, store: Store
) -> None:
    await staffed(engine, wang=Role.AGENT)
    for name in ("wang", PASSWORD):
        assert await tried(logins_of(engine), name, "hunter2") == "refused"
    async with store.begin() as unit:
        log = [each for each in await unit.log(LOG) if each.action == "login_failed"]
    assert [each.facts for each in log] == ['{"staff": "wang"}', ""]
