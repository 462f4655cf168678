"""The portal on a migrated database, with real records, links and evidence; only the cases are a fake."""

import asyncio
import base64
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp

from activities.rows import LegRow
from activities.types import Leg
from aftersales.contract.messages import Answer, PaymentChanged, PayoutChoice, SurveyAnswer
from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseStatus, Language, LegState, Money
from aftersales.sealing import EncryptionKey
from bench.deliveries import HANDS
from integrations.evidence import Decoders, EvidenceIntake, EvidenceSettings, open_evidence
from integrations.links import LinkKey, LinkSigner, SurveyLink, UploadTicket
from integrations.vault import Vault
from portal.app import Parts, create_app
from portal.settings import PortalSettings
from portal.telling import Telling
from storage.engine import create_store_engine
from storage.payees import PayeeStore
from storage.portal import PortalStore
from storage.store import SqlStore

NUMBER = number_for("shop", "portal")
PROVIDER_NUMBER = f"{NUMBER}-1-1"
ADDRESS = "198.51.100.7"
LINK_KEY = LinkKey(key_id="k1", secret=SecretStr("l" * 32))
PAYEE_KEY = EncryptionKey(key_id="v1", secret=SecretStr(base64.b64encode(b"v" * 32).decode()))
ACCEPTED = Answer(accepted=True, status=CaseStatus.REFUNDED)
DECODERS = Decoders.of(EvidenceSettings(decoders=1))
"""For all tests: starting a child takes longer than opening a hundred files."""


class HandClock:
    """Shows the time it was set to; real time at first, for provider signatures carry it.

    A sleep passes at once, or after `hold` when it is released; `asleep` is set as soon as somebody sleeps.
    """

    def __init__(self) -> None:
        self.time = datetime.now(UTC)
        self.asleep = asyncio.Event()
        self._released = asyncio.Event()
        self._released.set()

    def hold(self) -> None:
        self._released.clear()

    def release(self) -> None:
        self._released.set()

    @property
    def held(self) -> bool:
        return not self._released.is_set()

    async def sleep(self, seconds: float) -> None:
        self.asleep.set()
        await self._released.wait()
        self.time += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self.time


class FakeCases:
    """Notes what it was told; answers or fails as set."""

    def __init__(self) -> None:
        self.hints: list[tuple[str, PaymentChanged]] = []
        self.answers: list[tuple[str, SurveyAnswer, str, str]] = []
        self.choices: list[tuple[str, PayoutChoice, str, str]] = []
        self.answer: Answer | Exception = ACCEPTED
        self.failure: Exception | None = None

    async def payment_changed(self, number: str, hint: PaymentChanged) -> None:
        if self.failure:
            raise self.failure
        self.hints.append((number, hint))

    async def choose_payout(self, number: str, message: PayoutChoice, *, actor: str, message_id: str) -> Answer:
        self.choices.append((number, message, actor, message_id))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def answer_survey(self, number: str, message: SurveyAnswer, *, actor: str, message_id: str) -> Answer:
        self.answers.append((number, message, actor, message_id))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class House:
    """The portal and all that stands around it in a test."""

    client: httpx2.AsyncClient
    cases: FakeCases
    records: PortalStore
    engine: AsyncEngine
    links: LinkSigner
    clock: HandClock
    evidence: Path
    app: ASGIApp
    telling: Telling
    payees: PayeeStore

    async def leg_in(self, state: LegState, provider: str = "stripe", currency: str = "USD") -> None:
        """A case's leg of 10.00, now in this state; `re_1` is its refund once the provider has answered."""
        leg = Leg(
            leg=1,
            attempt=1,
            provider=provider,
            provider_number=PROVIDER_NUMBER,
            amount=Money(minor=1000, currency=currency),
            state=state,
            provider_reference="" if state in (LegState.RESERVED, LegState.SUBMITTING) else "re_1",
        )
        row = LegRow(number=NUMBER, order_id="o-1", tender_id="t-1", reference="ch_1", leg=leg)
        async with SqlStore(self.engine).begin() as unit:
            await (unit.update_leg(row) if await unit.legs(NUMBER) else unit.insert_leg(row))

    async def waiting(self) -> list[str]:
        """The events that are left to the sweep."""
        return [news.event_id for news in await self.records.unhandled(self.clock.now() + timedelta(days=1))]

    def survey_token(self, language: Language = Language.EN, days: int = 7, *, number: str = NUMBER) -> str:
        end = int((self.clock.now() + timedelta(days=days)).timestamp())
        link = SurveyLink(number=number, customer_id="c-7", language=language, expires_at=end)
        return self.links.survey_token(link)

    def upload_token(
        self,
        *,
        ticket: str = "1",
        max_bytes: int = 5000,
        days: int = 7,
        media_types: tuple[str, ...] = ("image/jpeg", "image/png"),
    ) -> str:
        return self.links.upload_token(
            UploadTicket(
                number=NUMBER,
                customer_id="c-7",
                expires_at=int((self.clock.now() + timedelta(days=days)).timestamp()),
                ticket_id=ticket * 32,
                max_bytes=max_bytes,
                media_types=media_types,
            )
        )


def settings_for(folder: Path, database: Path) -> PortalSettings:
    return PortalSettings(
        database_url=f"sqlite:///{database}",
        evidence=str(folder / "evidence"),
        link_keys=(LINK_KEY,),
        payee_keys=(PAYEE_KEY,),
        proof_secret=SecretStr("p" * 32),
        shop_name="Lantern <Shop>",
        largest_webhook_bytes=4096,
        body_limit_s=5,
    )


@pytest.fixture(scope="session", autouse=True)
async def _decoders_end() -> AsyncIterator[None]:
    yield
    await DECODERS.close()


@asynccontextmanager
async def house_with(settings: PortalSettings) -> AsyncIterator[House]:
    """A portal of these settings, on their database and in their folder; clients come from `ADDRESS`."""
    engine = create_store_engine(settings.database_url)
    records, cases, clock = PortalStore(engine), FakeCases(), HandClock()
    parts = Parts(
        records=records,
        cases=cases,
        evidence=EvidenceIntake(open_evidence(settings.evidence), DECODERS, settings),
        links=(links := LinkSigner(settings.link_keys)),
        readers={hand.provider: hand.reader() for hand in HANDS},
        telling=(telling := Telling(records, cases, clock, settings.webhook_grace_s)),
        clock=clock,
        payees=(payees := PayeeStore(engine, vault := Vault(settings.payee_keys))),
        vault=vault,
    )
    app = create_app(settings, parts)
    async with client_of(app, ADDRESS) as client:
        yield House(client, cases, records, engine, links, clock, Path(settings.evidence), app, telling, payees)
    await telling.stop()
    await engine.dispose()


def client_of(app: ASGIApp, address: str) -> httpx2.AsyncClient:
    """A browser or program at this address."""
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False, client=(address, 40_000))
    return httpx2.AsyncClient(transport=transport, base_url="http://portal.example")


@pytest.fixture
def settings(migrated_file: Path, tmp_path: Path) -> PortalSettings:
    return settings_for(tmp_path, Path(shutil.copy(migrated_file, tmp_path / "portal.db")))


@pytest.fixture
async def house(settings: PortalSettings) -> AsyncIterator[House]:
    async with house_with(settings) as built:
        yield built


@pytest.fixture
async def without_database(house: House) -> House:
    """The same portal after its database has gone."""
    async with house.engine.begin() as connection:
        for table in ("webhook_inbox", "evidence", "spent_tokens"):
            await connection.exec_driver_sql(f"DROP TABLE {table}")
    return house
