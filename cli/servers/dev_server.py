"""Temporal's own single-process server with its Web UI: the embedded default for one machine, and tests."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from cli.servers.errors import ServerUnavailableError
from cli.servers.probes import LOOPBACK, free_port
from cli.servers.processes import Child, Launch, Processes
from cli.servers.search_attributes import AttributeTypes, command_line_type, ensure_search_attributes

NAMESPACE = "default"
# Closed cases stay readable in Temporal for the longest time a provider may still reverse the money.
RETENTION = timedelta(days=90)
START_LIMIT_SECONDS = 30.0
STARTS = 3
PORT_TAKEN = "address already in use"


@dataclass(frozen=True)
class DevServerOptions:
    """How to run the server. Ports None: any free one. `database` None: in memory, gone when it stops."""

    executable: Path
    database: Path | None = None
    port: int | None = None
    ui_port: int | None = None
    headless: bool = False
    search_attributes: AttributeTypes = field(default_factory=dict)
    retention: timedelta = RETENTION


@dataclass(frozen=True)
class DevServer:
    """A running server: `address` is host:port for clients, `ui_url` the Web UI (None if headless)."""

    address: str
    ui_url: str | None
    child: Child
    _processes: Processes

    async def connect(self) -> Client:
        """A plain client, without the product's payload conversion."""
        return await Client.connect(self.address, namespace=NAMESPACE)

    async def stop(self) -> None:
        """Stop it; cases in a database file are there at the next start."""
        if self.child.running:
            await self._processes.stop(self.child)


async def start_dev_server(processes: Processes, options: DevServerOptions) -> DevServer:
    """Start the server and give it back when it takes cases: ready, attributes registered, retention set.

    It chooses some ports by itself, and another process may be quicker to take one; then it is started again.
    """
    for _ in range(STARTS - 1):
        try:
            return await _start(processes, options)
        except ServerUnavailableError as error:
            if PORT_TAKEN not in str(error):
                raise
    return await _start(processes, options)


async def _start(processes: Processes, options: DevServerOptions) -> DevServer:
    port, ui_port = options.port or free_port(), options.ui_port or free_port()
    if options.database is not None:
        options.database.parent.mkdir(parents=True, exist_ok=True)
    child = processes.start(Launch(name="temporal", command=_command(options, port, ui_port)))
    await child.wait_for_port(LOOPBACK, port, START_LIMIT_SECONDS)
    ui_url = None if options.headless else f"http://{LOOPBACK}:{ui_port}"
    if ui_url:
        await child.wait_for_http(ui_url, START_LIMIT_SECONDS)
    server = DevServer(f"{LOOPBACK}:{port}", ui_url, child, processes)
    await _prepare(server, options)
    return server


def _command(options: DevServerOptions, port: int, ui_port: int) -> list[str | Path]:
    command: list[str | Path] = [options.executable, "server", "start-dev", "--log-level", "error"]
    command += ["--ip", LOOPBACK, "--port", str(port)]
    command += ["--headless"] if options.headless else ["--ui-ip", LOOPBACK, "--ui-port", str(ui_port)]
    if options.database is not None:
        # Without these two the engine runs at half its rate on a file.
        pragmas = ["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"]
        command += ["--db-filename", options.database, *pragmas]
    for name, kind in options.search_attributes.items():
        command += ["--search-attribute", f"{name}={command_line_type(kind)}"]
    return command


async def _prepare(server: DevServer, options: DevServerOptions) -> None:
    client = await _client_of_ready(server)
    # On a database file of an earlier run the server ignores `--search-attribute`: new ones are added here.
    await ensure_search_attributes(client, options.search_attributes)
    await set_retention(client, options.retention)


async def _client_of_ready(server: DevServer) -> Client:
    async def namespace_is_open() -> bool:
        try:
            await retention_of(await server.connect())
        except (RPCError, RuntimeError):
            return False
        return True

    # The port opens a moment before the namespace exists.
    await server.child.wait_until(namespace_is_open, "its namespace is open", START_LIMIT_SECONDS)
    return await server.connect()


async def retention_of(client: Client) -> timedelta:
    """How long the client's namespace keeps closed cases."""
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return described.config.workflow_execution_retention_ttl.ToTimedelta()


async def set_retention(client: Client, retention: timedelta) -> None:
    """Keep closed cases of the client's namespace for `retention` from now on."""
    span = Duration()
    span.FromTimedelta(retention)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(
            namespace=client.namespace, config=NamespaceConfig(workflow_execution_retention_ttl=span)
        )
    )
