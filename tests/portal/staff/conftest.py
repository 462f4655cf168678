"""The staff's door of a portal, and an account for each role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from aftersales.contract.values import STAFF_ROLES, Role
from aftersales.proof import Keyring, ProofKey
from portal.guard import Guard
from portal.settings import PortalSettings
from portal.staff.room import StaffRoom
from portal.staff.signing import Signing
from storage.engine import create_store_engine
from storage.staff import StaffBook
from tests.portal.conftest import HandClock, client_of
from tests.storage.people_of_the_shop import PASSWORD, logins_of, staffed

SECRET = "s" * 32
KEYRING = Keyring([ProofKey("staff", SECRET, STAFF_ROLES, staff=True)])
ADDRESS = "198.51.100.7"


@dataclass
class Door:
    """The door and its people: for each role somebody who goes by its name."""

    client: httpx2.AsyncClient
    book: StaffBook
    clock: HandClock
    engine: AsyncEngine

    async def token(self, name: str = Role.AGENT.value) -> str:
        answer = await self.client.post("/staff/login", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["token"]
        return token

    async def bearer(self, name: str = Role.AGENT.value) -> dict[str, str]:
        return {"Authorization": f"Bearer {await self.token(name)}"}


@pytest.fixture
async def door(settings: PortalSettings) -> AsyncIterator[Door]:
    engine, clock = create_store_engine(settings.database_url), HandClock()
    app = FastAPI()
    app.include_router(StaffRoom(settings, logins_of(engine), Signing("staff", SECRET), clock).router())
    book = await staffed(engine, **{role.value: role for role in sorted(STAFF_ROLES)})
    async with client_of(Guard(app), ADDRESS) as client:
        yield Door(client, book, clock, engine)
    await engine.dispose()
