"""A PostgreSQL server of one's own, without touching the system's: for tests and trials, not production.

Loopback only, a free port, a random password, and a scratch folder that is deleted at the end.
"""

import os
import re
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from cli.servers.commands import run
from cli.servers.errors import ServerUnavailableError
from cli.servers.postgres_programs import PostgresPrograms, obtain_postgres
from cli.servers.probes import LOOPBACK, free_port
from cli.servers.processes import Child, Launch, Processes

VARIABLE = "AFTERSALES_TEST_POSTGRES_URL"
SUPERUSER = "postgres"
DATABASE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
INITDB_LIMIT_SECONDS = 60.0
START_LIMIT_SECONDS = 30.0

# Safe against a killed process, not against a power cut, after which nobody wants this server's rows back.
# `synchronous_commit=off` is not among them: with it a killed server forgets the last commits.
FAST_SETTINGS = ("fsync=off", "full_page_writes=off")


@dataclass(frozen=True)
class PostgresServer:
    """A server to make databases on. `admin` is the SQLAlchemy URL of a database to do it from."""

    admin: URL

    def url(self, database: str) -> str:
        """The SQLAlchemy URL (asyncpg) of a database, password included."""
        return self.admin.set(database=database).render_as_string(hide_password=False)

    async def create_database(self, name: str) -> str:
        """An empty database in UTF-8; gives its URL. `name`: lower-case letters, digits, underscores."""
        await self._administer("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", name)
        return self.url(name)

    async def drop_database(self, name: str) -> None:
        """Remove a database if it exists; its connections are cut."""
        await self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    async def answers(self) -> bool:
        """Whether it takes queries now (a starting server accepts connections earlier)."""
        try:
            await self._execute("SELECT 1")
        except (OSError, DBAPIError):
            return False
        return True

    async def _administer(self, statement: str, name: str) -> None:
        if not DATABASE_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no database name: lower-case letters, digits, underscores")
        await self._execute(statement.format(name))

    async def _execute(self, statement: str) -> None:
        engine = create_async_engine(self.admin, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                await connection.execute(text(statement))
        finally:
            await engine.dispose()


class PostgresCluster:
    """A server we started. It can be stopped, hard if wished, and started again on the same data and port."""

    def __init__(self, server: PostgresServer, launch: Launch, processes: Processes) -> None:
        self.server = server
        self._launch = launch
        self._processes = processes
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """The process whose children serve the connections; raises AssertionError while it is stopped."""
        assert self._child is not None, "the cluster is stopped"
        return self._child.pid

    async def start(self) -> None:
        """Start it and wait until it takes queries; nothing to do if it runs."""
        if self._child is None:
            self._child = self._processes.start(self._launch)
            await self._child.wait_until(self.server.answers, "it takes queries", START_LIMIT_SECONDS)

    async def stop(self, *, hard: bool = False) -> None:
        """Stop it in order, or `hard` as a crash would (no checkpoint, connections cut)."""
        if self._child is not None:
            await self._processes.stop(self._child, signal.SIGQUIT if hard else signal.SIGINT)
            self._child = None


@asynccontextmanager
async def postgres_cluster(*, fast: bool = False, extension: str = "") -> AsyncIterator[PostgresCluster]:
    """A fresh, running cluster, gone with all its rows at the end. `fast`: no care for power cuts.

    `extension`: one that the server must bring along; the locked wheel has none of PostgreSQL's own.
    """
    # Not below a caller's folder: the account PostgreSQL runs under must be able to enter every parent.
    scratch = Path(tempfile.mkdtemp(prefix="aftersales-postgres-"))
    try:
        programs = await obtain_postgres(_entered_by_all(scratch), extension=extension)
        async with Processes(scratch / "logs") as processes:
            cluster = await _create(programs, scratch, processes, fast=fast)
            await cluster.start()
            yield cluster
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def postgres_from_environment(environ: Mapping[str, str] = os.environ) -> PostgresServer | None:
    """The server the variable names, if set: a PostgreSQL URL of an account that may create databases."""
    if not (value := environ.get(VARIABLE)):
        return None
    url = make_url(value)
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise ServerUnavailableError(f"{VARIABLE} must be a postgresql:// URL, not {url.drivername}://.")
    return PostgresServer(url.set(drivername="postgresql+asyncpg"))


def _entered_by_all(folder: Path) -> Path:
    folder.chmod(0o711)
    return folder


async def _create(programs: PostgresPrograms, scratch: Path, processes: Processes, *, fast: bool) -> PostgresCluster:
    home = scratch / "home"
    home.mkdir(mode=0o700)
    password = secrets.token_urlsafe(24)
    secret = home / "password"
    secret.write_text(password)
    if programs.user is not None:
        shutil.chown(home, programs.user)
        shutil.chown(secret, programs.user)
    await _initialise(programs, home, secret)
    admin = URL.create("postgresql+asyncpg", SUPERUSER, password, LOOPBACK, free_port(), "postgres")
    return PostgresCluster(PostgresServer(admin), _launch(programs, home, admin, fast=fast), processes)


async def _initialise(programs: PostgresPrograms, home: Path, secret: Path) -> None:
    options = [
        "--no-sync",
        "--encoding=UTF8",
        "--locale=C",
        "--auth=scram-sha-256",
        f"--username={SUPERUSER}",
    ]
    ended = await run(
        programs.command("initdb", f"--pgdata={home / 'rows'}", f"--pwfile={secret}", *options),
        limit_seconds=INITDB_LIMIT_SECONDS,
        folder=home,
        user=programs.user,
    )
    if ended.code != 0:
        raise ServerUnavailableError(f"PostgreSQL could not lay out its folder: {ended.last_lines}")


def _launch(programs: PostgresPrograms, home: Path, admin: URL, *, fast: bool) -> Launch:
    settings = [f"listen_addresses={LOOPBACK}", f"port={admin.port}", "unix_socket_directories="]
    settings += FAST_SETTINGS if fast else ()
    options = [argument for setting in settings for argument in ("-c", setting)]
    return Launch(
        name="postgres",
        command=programs.command("postgres", "-D", home / "rows", *options),
        folder=home,
        user=programs.user,
        stop_signal=signal.SIGINT,
    )
