"""The portal as a process: `python -m portal.main`. Ends cleanly on SIGTERM, open requests answered first."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from pydantic import ValidationError
from pydantic_settings import SettingsError
from starlette.types import ASGIApp

from integrations.clock import SystemClock
from integrations.environment import explain_settings
from integrations.evidence import EvidenceAddressError, open_evidence
from integrations.links import LinkSigner
from portal.app import Parts, create_app
from portal.cases import ClientCases
from portal.settings import PortalSettings
from portal.telling import Telling
from portal.verifiers import verifiers
from storage.engine import create_store_engine
from storage.errors import DatabaseUrlError
from storage.portal import PortalStore

CANNOT_START = 2
UNUSABLE = (ValidationError, SettingsError, DatabaseUrlError, EvidenceAddressError)
"""What settings, or what they point to, can be. Anything else is a fault of the program, and told as one."""


def build(settings: PortalSettings) -> ASGIApp:
    """The application on the real database, store and Temporal; connects to none of them yet.

    Raises DatabaseUrlError or EvidenceAddressError for settings that cannot be used.
    """
    records, clock = PortalStore(create_store_engine(settings.database_url)), SystemClock()
    cases = ClientCases(settings.proof_key(), settings.temporal_address, settings.temporal_namespace)
    parts = Parts(
        records=records,
        cases=cases,
        evidence=open_evidence(settings.evidence, settings.largest_upload_bytes),
        links=LinkSigner(settings.link_keys),
        verifiers=verifiers(settings),
        telling=Telling(records, cases, clock, settings.webhook_grace_s),
        clock=clock,
    )
    return create_app(settings, parts)


def serve(settings: PortalSettings, app: ASGIApp) -> None:
    """Run until SIGTERM or SIGINT."""
    # uvicorn stops at the signal and then raises it once more, which would end the process by the signal.
    signal.signal(signal.SIGTERM, lambda *_: None)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,  # it would write tokens down
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=settings.drain_s,
        limit_concurrency=settings.most_connections,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run()


def _explain(error: ValidationError | SettingsError | DatabaseUrlError | EvidenceAddressError) -> str:
    """One paragraph: what was wrong, and with which setting."""
    match error:
        case ValidationError() | SettingsError():
            return explain_settings(error, PortalSettings)
        case DatabaseUrlError():
            return f"AFTERSALES_DATABASE_URL: {error}"
        case EvidenceAddressError():
            return f"AFTERSALES_EVIDENCE: {error}"


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
