"""Temporal's production server on PostgreSQL, and its Web UI, as one process each and without containers.

The topology of docker-compose.yml on one machine: for `make test-production` and for measurements. Needs Go and a
checkout, whose `deploy/` folder lays out the stores.
"""

import json
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from cli.servers.commands import run
from cli.servers.discovery import Progress, silent
from cli.servers.errors import ServerUnavailableError
from cli.servers.go_programs import GoProgram, module_folder, obtain_go_program
from cli.servers.probes import LOOPBACK, free_port, port_is_free
from cli.servers.processes import Child, Launch, Processes

SERVER_MODULE = "go.temporal.io/server"
SERVER_VERSION = "1.29.1"
UI_MODULE = "github.com/temporalio/ui-server/v2"
SERVER = GoProgram(
    "temporal-server", "TEMPORAL_SERVER_PATH", SERVER_MODULE, f"{SERVER_MODULE}/cmd/server", SERVER_VERSION
)
SQL_TOOL = GoProgram(
    "temporal-sql-tool", "TEMPORAL_SQL_TOOL_PATH", SERVER_MODULE, f"{SERVER_MODULE}/cmd/tools/sql", SERVER_VERSION
)
WEB_UI = GoProgram("temporal-ui", "TEMPORAL_UI_PATH", UI_MODULE, f"{UI_MODULE}/cmd/server", "2.42.1")
PRODUCTION_PROGRAMS = (SERVER, SQL_TOOL, WEB_UI)

SCHEMA_SCRIPT = Path(__file__).parents[2] / "deploy" / "temporal" / "schema.sh"
STORE = "temporal"
VISIBILITY = "temporal_visibility"
EXTENSION = "btree_gin"
"""What Temporal's visibility store needs of PostgreSQL; the locked wheel does not bring it along."""

HISTORY_SHARDS = 4
# On PostgreSQL the server keeps its members' ports in two signed bytes; the system's own free ports lie above.
SERVICE_PORTS = range(10_000, 32_000)
SCHEMA_LIMIT_SECONDS = 120.0
START_LIMIT_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class TemporalServer:
    """A running server without namespaces: `cli.production.register` makes one. `address` is host:port."""

    address: str
    child: Child


async def lay_out_stores(database: URL, environ: Mapping[str, str] = os.environ, progress: Progress = silent) -> None:
    """Bring Temporal's two databases, which exist, to the schema of this version; repeating it is harmless.

    `database`: a URL of the server with the account that owns both; its database name does not matter.
    """
    tool = await obtain_go_program(SQL_TOOL, environ, progress)
    account = {
        "SQL_HOST": str(database.host),
        "SQL_PORT": str(database.port),
        "SQL_USER": str(database.username),
        "SQL_PASSWORD": str(database.password),
        "TEMPORAL_SQL_TOOL": str(tool),
    }
    ended = await run(["/bin/sh", SCHEMA_SCRIPT], limit_seconds=SCHEMA_LIMIT_SECONDS, environ={**environ, **account})
    if ended.code != 0:
        raise ServerUnavailableError(f"Temporal's stores could not be laid out: {ended.last_lines}")


async def start_temporal_server(
    processes: Processes,
    database: URL,
    folder: Path,
    environ: Mapping[str, str] = os.environ,
    progress: Progress = silent,
) -> TemporalServer:
    """Start it on stores that are laid out; gives it back when it accepts connections.

    `folder`: where its configuration is written, readable by the owner alone, since the password is in it.
    """
    executable = await obtain_go_program(SERVER, environ, progress)
    port = _service_port()
    _write_configuration(folder, configuration(database, port))
    command: list[str | Path] = [
        executable,
        "--root",
        folder,
        "--config",
        ".",
        "--env",
        "production",
        "--allow-no-auth",
        "start",
    ]
    child = processes.start(Launch(name="temporal-server", command=command, grace_seconds=STOP_SECONDS))
    await child.wait_for_port(LOOPBACK, port, START_LIMIT_SECONDS)
    return TemporalServer(f"{LOOPBACK}:{port}", child)


async def start_web_ui(
    processes: Processes,
    temporal: str,
    settings: Mapping[str, str],
    environ: Mapping[str, str] = os.environ,
    progress: Progress = silent,
) -> str:
    """Start the Web UI for the server at `temporal`; gives its URL. `settings`: what its image is told in variables."""
    executable = await obtain_go_program(WEB_UI, environ, progress)
    root, port = await module_folder(WEB_UI, environ), free_port()
    told = {**settings, "TEMPORAL_ADDRESS": temporal, "TEMPORAL_UI_PORT": str(port)}
    command: list[str | Path] = [executable, "--root", root, "--env", "docker", "start"]
    child = processes.start(Launch(name="temporal-ui", command=command, environ=told))
    await child.wait_for_http(f"http://{LOOPBACK}:{port}/healthz", START_LIMIT_SECONDS)
    return f"http://{LOOPBACK}:{port}"


def configuration(database: URL, port: int) -> dict[str, Any]:
    """The server's configuration: all four services in one process, on loopback, the public one at `port`."""
    address = f"{LOOPBACK}:{port}"
    cluster = {"enabled": True, "initialFailoverVersion": 1, "rpcName": "frontend", "rpcAddress": address}
    return {
        "log": {"stdout": True, "level": "warn"},
        "persistence": {
            "defaultStore": STORE,
            "visibilityStore": VISIBILITY,
            "numHistoryShards": HISTORY_SHARDS,
            "datastores": {STORE: _store(database, STORE, 20), VISIBILITY: _store(database, VISIBILITY, 10)},
        },
        "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": LOOPBACK}},
        "services": {
            "frontend": _service(port),
            "matching": _service(_service_port()),
            "history": _service(_service_port()),
            "worker": _service(_service_port()),
        },
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {"active": cluster},
        },
        "publicClient": {"hostPort": address},
    }


def _store(database: URL, name: str, connections: int) -> dict[str, Any]:
    return {
        "sql": {
            "pluginName": "postgres12",
            "databaseName": name,
            "connectAddr": f"{database.host}:{database.port}",
            "connectProtocol": "tcp",
            "user": database.username,
            "password": database.password,
            "maxConns": connections,
            "maxIdleConns": connections,
            "maxConnLifetime": "1h",
        }
    }


def _service(port: int) -> dict[str, Any]:
    return {"rpc": {"grpcPort": port, "membershipPort": _service_port(), "bindOnLocalHost": True}}


def _service_port() -> int:
    return next(port for port in random.sample(SERVICE_PORTS, 1000) if port_is_free(port))


def _write_configuration(folder: Path, content: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "production.yaml"
    file.touch(mode=0o600)
    file.write_text(json.dumps(content, indent=2))  # JSON is YAML too
