"""The supervisors hear once that automatic approval stopped, and a person's word starts it again (P5.1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.alerting import Alerting, BreakerTurn, Turn, turn_breaker
from activities.ports import Letter, Store
from activities.precautions import Breaker
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode, Language, Role
from storage.budgets import BudgetBook
from storage.tables import STAFF_ACCOUNTS, STAFF_ROLES
from tests.activities.shop import NOW
from tests.fakes import FakeClock, FakeCourier

BOSSES = "supervisors@shop.example"
OPEN = BreakerTurn(turn=Turn.OPEN, reason="Too many at once.", actor="boss-1", role=Role.SUPERVISOR, channel="cli")
CLOSE = OPEN.model_copy(update={"turn": Turn.CLOSE, "reason": "It was the sale.", "actor": "boss-2"})


class Bosses:
    """Letters of one sentence, to one address."""

    def opened(self, breaker: Breaker) -> tuple[Letter, ...]:
        return (Letter(recipient=BOSSES, language=Language.EN, subject="Stopped", body=breaker.why),)


async def turn(store: Store, said: BreakerTurn, minutes: int = 0) -> bool:
    return await turn_breaker(store, said, NOW + timedelta(minutes=minutes))


@pytest.fixture(name="courier")
def mail_server() -> FakeCourier:
    return FakeCourier()


@pytest.fixture(name="alerting")
def alerting_of(engine: AsyncEngine, courier: FakeCourier) -> Alerting:
    return Alerting(BudgetBook(engine), Bosses(), courier, FakeClock(NOW), "shop.example")


class TestTelling:
    async def test_while_the_rules_approve_nobody_is_written_to(self, alerting: Alerting) -> None:
        assert await alerting.tell() == 0

    async def test_each_opening_is_told_once(self, store: Store, alerting: Alerting, courier: FakeCourier) -> None:
        await turn(store, OPEN)
        assert [await alerting.tell(), await alerting.tell()] == [1, 0]
        await turn(store, CLOSE, minutes=1)
        assert await alerting.tell() == 0
        await turn(store, OPEN, minutes=2)
        assert await alerting.tell() == 1
        assert [mail.recipient for mail in courier.sent] == [BOSSES, BOSSES]
        assert len({mail.message_id for mail in courier.sent}) == 2

    async def test_a_mail_server_that_is_down_is_tried_again_with_the_same_mail(
        self, store: Store, alerting: Alerting, courier: FakeCourier
    ) -> None:
        await turn(store, OPEN)
        courier.down = True
        with pytest.raises(ConnectionError):
            await alerting.tell()
        courier.down = False
        assert await alerting.tell() == 1
        assert courier.sent[0].message_id == "<breaker.20260302T093000000000.1@shop.example>"

    async def test_a_final_no_of_the_mail_server_is_not_asked_for_again(
        self, store: Store, alerting: Alerting, courier: FakeCourier, caplog: pytest.LogCaptureFixture
    ) -> None:
        await turn(store, OPEN)
        courier.refuses = True
        assert [await alerting.tell(), await alerting.tell()] == [0, 0]
        assert f"refused to tell {BOSSES}" in caplog.text


class TestTurning:
    async def test_who_turned_it_and_why_stays_in_the_log(self, store: Store) -> None:
        assert await turn(store, OPEN)
        assert await turn(store, CLOSE, minutes=5)
        async with store.begin() as unit:
            log = await unit.log("breaker")
        assert [(each.action, each.actor, each.role, each.why, each.channel) for each in log] == [
            ("breaker_opened", "boss-1", "supervisor", "Too many at once.", "cli"),
            ("breaker_closed", "boss-2", "supervisor", "It was the sale.", "cli"),
        ]

    async def test_what_stands_so_already_is_not_turned_and_not_logged(self, store: Store) -> None:
        await turn(store, OPEN)
        assert not await turn(store, OPEN.model_copy(update={"actor": "boss-2"}))
        async with store.begin() as unit:
            assert len(await unit.log("breaker")) == 1

    @pytest.mark.parametrize("role", sorted(set(Role) - {Role.SUPERVISOR, Role.ADMIN}))
    async def test_it_takes_a_supervisor(self, store: Store, role: Role) -> None:
        with pytest.raises(AftersalesError) as refused:
            await turn(store, CLOSE.model_copy(update={"role": role}))
        assert refused.value.code is ErrorCode.ROLE_NOT_ALLOWED
        async with store.begin() as unit:
            [entry] = await unit.log("breaker")
        assert (entry.action, entry.before, entry.reason) == ("refused", "breaker_closed", "role_not_allowed")
        assert (entry.actor, entry.role, entry.why) == ("boss-2", role, "It was the sale.")

    async def test_an_account_of_ours_must_hold_the_role_now(self, store: Store, engine: AsyncEngine) -> None:
        ours = OPEN.model_copy(update={"account": True})
        with pytest.raises(AftersalesError, match="does not hold that role"):
            await turn(store, ours)
        account = {"staff_id": "boss-1", "display_name": "", "mail": "", "password_hash": "", "active": True}
        async with engine.begin() as connection:
            await connection.execute(STAFF_ACCOUNTS.insert(), account | {"created_at": NOW, "changed_at": NOW})
            await connection.execute(STAFF_ROLES.insert(), {"staff_id": "boss-1", "role": Role.SUPERVISOR})
        assert await turn(store, ours)

    def test_no_reason_is_no_turn(self) -> None:
        with pytest.raises(ValidationError):
            BreakerTurn(turn=Turn.CLOSE, reason="", actor="boss-1", role=Role.SUPERVISOR)
