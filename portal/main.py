"""The portal as a process: `python -m portal.main`. Ends cleanly on SIGTERM, open requests answered first."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import uvicorn
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp

from aftersales.connection import temporal_is_here
from aftersales.sealing import EncryptionError
from integrations.clock import SystemClock
from integrations.environment import explain_settings
from integrations.evidence import Decoders, EvidenceAddressError, EvidenceIntake, open_evidence
from integrations.links import LinkSigner
from integrations.listening import listening
from integrations.provider import ProviderSettingsError
from integrations.providers import blocks, webhook_readers
from integrations.vault import Vault
from portal.app import Parts, create_app
from portal.cases import ClientCases
from portal.settings import PortalSettings
from portal.staff.room import StaffRoom
from portal.staff.signing import Signing
from portal.telling import Telling
from storage.engine import create_store_engine
from storage.errors import DatabaseUrlError
from storage.logins import LoginStore, LoginTerms
from storage.passwords import Passwords
from storage.payees import PayeeStore
from storage.portal import PortalStore

CANNOT_START = 2
UNUSABLE = (
    ValidationError,
    SettingsError,
    DatabaseUrlError,
    EvidenceAddressError,
    ProviderSettingsError,
    EncryptionError,
)
"""What settings, or what they point to, can be. Anything else is a fault of the program, and told as one."""


def build(settings: PortalSettings) -> ASGIApp:
    """The application on the real database, store and Temporal; connects to none of them yet.

    Raises DatabaseUrlError, EvidenceAddressError, ProviderSettingsError or EncryptionError for settings that cannot be
    used.
    """
    settings.insist(demo=temporal_is_here(settings.temporal_address))
    engine, vault, clock = create_store_engine(settings.database_url), Vault(settings.payee_keys), SystemClock()
    records = PortalStore(engine)
    cases = ClientCases(settings.proof_key(), settings.temporal_address, settings.temporal_namespace, settings)
    parts = Parts(
        records=records,
        cases=cases,
        evidence=EvidenceIntake(
            open_evidence(settings.evidence, settings.largest_upload_bytes), Decoders.of(settings), settings
        ),
        links=LinkSigner(settings.link_keys),
        readers=webhook_readers(blocks()),
        telling=Telling(records, cases, clock, settings.webhook_grace_s),
        clock=clock,
        payees=PayeeStore(engine, vault),
        vault=vault,
        staff=_staff(settings, engine, clock),
    )
    return create_app(settings, parts)


def _staff(settings: PortalSettings, engine: AsyncEngine, clock: SystemClock) -> StaffRoom | None:
    if settings.staff_proof_secret is None:
        return None
    terms = LoginTerms(timedelta(seconds=settings.staff_idle_s), timedelta(seconds=settings.staff_session_s))
    signing = Signing(settings.staff_proof_key_id, settings.staff_proof_secret.get_secret_value())
    return StaffRoom(settings, LoginStore(engine, Passwords(), terms), signing, clock)


def serve(settings: PortalSettings, app: ASGIApp) -> None:
    """Run until SIGTERM or SIGINT. Raises SystemExit, with a sentence, for a port that is not to be had."""
    # uvicorn stops at the signal and then raises it once more, which would end the process by the signal.
    signal.signal(signal.SIGTERM, lambda *_: None)
    config = uvicorn.Config(
        app,
        access_log=False,  # it would write tokens down
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=settings.drain_s,
        limit_concurrency=settings.most_connections,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run([listening(settings.host, settings.port, "AFTERSALES_PORTAL_PORT")])


def _explain(error: Exception) -> str:
    """One paragraph: what was wrong, and with which setting."""
    match error:
        case ValidationError() | SettingsError():
            return explain_settings(error, PortalSettings)
        case DatabaseUrlError():
            return f"AFTERSALES_DATABASE_URL: {error}"
        case EvidenceAddressError():
            return f"AFTERSALES_EVIDENCE: {error}"
        case _:
            return str(error)


def main(building: Callable[[PortalSettings], ASGIApp] = build) -> None:
    """Read the settings, build, serve. Ends with status 2 when the settings cannot be used."""
    logging.basicConfig(level=logging.INFO)
    try:
        settings = PortalSettings()
        app = building(settings)
    except UNUSABLE as why:
        sys.stderr.write(f"The portal cannot start.\n{_explain(why)}\n")
        sys.exit(CANNOT_START)
    serve(settings, app)


if __name__ == "__main__":
    main()
