"""Which deployment a command speaks to: the stack that a folder names, or another one by the environment.

`TEMPORAL_*`, `AFTERSALES_DATABASE_URL`, `AFTERSALES_CLI_PROOF_KEY_ID` with `AFTERSALES_CLI_PROOF_SECRET`,
`AFTERSALES_PORTAL_URL`, `AFTERSALES_LINK_KEYS` and `AFTERSALES_PAYEE_KEYS` each take precedence over what the folder
says.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode
from aftersales.proof import ProofKey
from aftersales.sealing import EncryptionError
from cli.commands.errors import CommandError
from cli.home import LINK_KEY_ID, PAYEE_KEY_ID, Home, HomeError
from cli.tokens import TokenFile, elsewhere

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

    from aftersales.client import AfterSales
    from aftersales.proof import Signer
    from aftersales.sealing import EncryptionKey
    from cli.commands.identity import Speaker
    from cli.commands.signing import SigningService
    from integrations.links import LinkSigner
    from storage.payees import PayeeStore

# ruff: noqa: PLC0415 - the clients of Temporal, database and portal take a second to load, and no command needs all

T = TypeVar("T")
CALLER: Final = "cli"
ANY_TEMPORAL: Final = ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")


class Deployment:
    """Where the servers are, and the keys to speak to them. Nothing is looked up before it is needed."""

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.home = Home(folder)
        self._environ = environ

    async def client(self, speaker: Speaker | None = None) -> AfterSales:
        """Signs as `speaker`; without one, by the command line's own key.

        Raises HomeError (no stack, no environment), CommandError (the stack was killed), AftersalesError.
        """
        from aftersales.client import AfterSales

        service = self.signing_service() if speaker and speaker.account else None
        key: Signer = service or self._proof_key()
        return await self._reached(lambda address: AfterSales.connect(caller=CALLER, key=key, address=address))

    def vouches(self) -> bool:
        """Whether the command line's own word counts for who of the staff somebody is."""
        return "AFTERSALES_CLI_PROOF_SECRET" in self._environ or self.home.vouches()

    def token(self) -> TokenFile:
        """Where the login to this deployment is kept."""
        named = self._environ.get("AFTERSALES_PORTAL_URL")
        return elsewhere(named, self._environ) if named else TokenFile(self.home.login_file)

    def signing_service(self) -> SigningService | None:
        """The portal, for whoever is logged in to this deployment; None if nobody is. Raises HomeError."""
        token = self.token().read()
        if token is None:
            return None
        from cli.commands.signing import SigningService

        return SigningService(self.portal_url(), token)

    async def temporal(self) -> Client:
        """Temporal itself, for what is about no case. Raises as `client` does."""
        from aftersales.connection import connect

        return await self._reached(lambda address: connect(address=address))

    async def _reached(self, connecting: Callable[[str | None], Awaitable[T]]) -> T:
        from temporalio.runtime import Runtime, TelemetryConfig

        # The SDK writes each of its own retries to standard error; what comes of them is said once, by us.
        Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)), error_if_already_set=False)
        address = self._temporal()
        try:
            return await connecting(address)
        except EncryptionError:
            raise
        except AftersalesError as error:
            if address is None or error.code is not ErrorCode.ENGINE_UNAVAILABLE:
                raise
            raise CommandError(
                f"The stack of {self.home.folder} does not answer any more (Temporal at {address}); nothing was sent. "
                "Start it again with `aftersales up` and the same --home."
            ) from error

    @asynccontextmanager
    async def database(self) -> AsyncIterator[AsyncEngine]:
        """The product's database. Raises HomeError, StorageError, CommandError (it does not answer)."""
        from sqlalchemy.exc import SQLAlchemyError

        from storage.engine import create_store_engine

        url = self.database_url()
        refuse_missing_file(url)
        engine = create_store_engine(url)
        try:
            yield engine
        except (SQLAlchemyError, OSError) as error:
            if isinstance(error, BrokenPipeError) or getattr(error, "filename", None):
                raise  # of the terminal or of somebody's file: the database has no part in it
            raise unusable_database(url, error) from error
        finally:
            await engine.dispose()

    def database_url(self) -> str:
        """The environment's, else that of the folder's stack, even when it has stopped. Raises HomeError."""
        return self._environ.get("AFTERSALES_DATABASE_URL") or self.home.used_database_url()

    def own_seals(self) -> str | None:
        """Where the embedded stack seals the log of its own database; None of another deployment."""
        if self._environ.get("AFTERSALES_DATABASE_URL") or not self.home.seals.is_dir():
            return None
        return str(self.home.seals)

    def portal_url(self) -> str:
        return self._environ.get("AFTERSALES_PORTAL_URL") or self.home.addresses().portal

    def sandbox_url(self) -> str | None:
        """The payment sandbox of the folder's stack; None where none runs, or the database is another one."""
        try:
            of_the_stack = self.database_url() == self.home.used_database_url()
            return self.home.addresses().sandbox if of_the_stack else None
        except HomeError:
            return None

    def links(self) -> LinkSigner:
        """Who signs upload tickets. Raises HomeError, CommandError (AFTERSALES_LINK_KEYS is not usable)."""
        from pydantic import TypeAdapter

        from integrations.links import LinkKey, LinkSigner

        if named := self._environ.get("AFTERSALES_LINK_KEYS"):
            try:
                return LinkSigner(TypeAdapter(tuple[LinkKey, ...]).validate_json(named))
            except ValueError as error:
                raise CommandError(
                    'AFTERSALES_LINK_KEYS cannot be used; it is JSON such as [{"key_id": "2026a", "secret": "..."}] '
                    "with secrets of at least 16 bytes."
                ) from error
        return LinkSigner([LinkKey(key_id=LINK_KEY_ID, secret=self.home.secrets().link)])

    @asynccontextmanager
    async def payees(self) -> AsyncIterator[PayeeStore]:
        """The destinations of customers. Raises HomeError, StorageError, CommandError (no database, no keys)."""
        from integrations.vault import Vault
        from storage.payees import PayeeStore

        vault = Vault(self._payee_keys())
        async with self.database() as engine:
            yield PayeeStore(engine, vault)

    def _payee_keys(self) -> tuple[EncryptionKey, ...]:
        from pydantic import TypeAdapter

        from aftersales.sealing import HOW_TO_MAKE_ONE, EncryptionKey, EncryptionKeys

        named = self._environ.get("AFTERSALES_PAYEE_KEYS")
        if named is None:
            return (EncryptionKey(key_id=PAYEE_KEY_ID, secret=self.home.secrets().payee),)
        try:
            keys = TypeAdapter(EncryptionKeys).validate_json(named)
        except ValueError:
            keys = ()  # why is not told: it would repeat a secret
        if not keys:
            raise CommandError(
                'AFTERSALES_PAYEE_KEYS cannot be used; it is JSON such as [{"key_id": "2026a", "secret": "..."}] with '
                f"secrets of 32 bytes in base64, the same as those of worker and portal; {HOW_TO_MAKE_ONE}."
            )
        return keys

    def _temporal(self) -> str | None:
        """None: as the SDK's own environment configuration says."""
        if any(self._environ.get(name) for name in ANY_TEMPORAL):
            return None
        return self.home.addresses().temporal

    def _proof_key(self) -> ProofKey:
        secret = self._environ.get("AFTERSALES_CLI_PROOF_SECRET")
        if secret is None:
            return self.home.cli_key()
        try:
            return ProofKey(self._environ.get("AFTERSALES_CLI_PROOF_KEY_ID", CALLER), secret)
        except ValueError as error:
            raise CommandError(f"AFTERSALES_CLI_PROOF_SECRET cannot be used: {error}.") from error


def refuse_missing_file(url: str, *, create: bool = False) -> None:
    """An SQLite file must be there, or with `create` its folder: opening it would make an empty database.

    Raises CommandError, StorageError.
    """
    from storage.engine import SQLITE, checked_url

    parsed = checked_url(url)
    if parsed.drivername != SQLITE:
        return
    file = Path(parsed.database or "")
    if create and not file.parent.is_dir():
        raise CommandError(f"The folder {file.parent} for the database is not there. Make it, or correct the URL.")
    if not create and not file.is_file():
        raise CommandError(f"There is no database {file}. Make it with `aftersales db upgrade`, or correct the URL.")


def unusable_database(url: str, error: Exception) -> CommandError:
    """What to say of a database that does not do what it is asked; never its password."""
    from storage.engine import checked_url

    place = checked_url(url).render_as_string(hide_password=True)
    return CommandError(
        f"The database {place} cannot be used ({_first_line(error)}). Check that it is there and runs, and that "
        "`aftersales db upgrade` has been run on it."
    )


def _first_line(error: Exception) -> str:
    origin = getattr(error, "orig", None) or error
    return (str(origin).strip().splitlines() or [type(origin).__name__])[0].rstrip(".")
