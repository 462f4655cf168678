"""Programs of others that tests hold against the adapters, and the running of each on loopback.

stripe-mock judges requests by Stripe's published schema and keeps no state; toxiproxy breaks connections on order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cli.servers.go_programs import GoProgram
from cli.servers.object_store import VERSITYGW
from cli.servers.probes import LOOPBACK, free_port
from cli.servers.processes import Launch, Processes

STRIPE_MOCK: Final = GoProgram(
    name="stripe-mock",
    variable="STRIPE_MOCK_PATH",
    module="github.com/stripe/stripe-mock",
    package="github.com/stripe/stripe-mock",
    version="0.203.0",
    on_path_as="stripe-mock",
)
TOXIPROXY: Final = GoProgram(
    name="toxiproxy",
    variable="TOXIPROXY_PATH",
    module="github.com/Shopify/toxiproxy/v2",
    package="github.com/Shopify/toxiproxy/v2/cmd/server",
    version="2.5.0",
    on_path_as="toxiproxy-server",
)
WIRE_PROGRAMS: Final = (STRIPE_MOCK, TOXIPROXY, VERSITYGW)
START_LIMIT_SECONDS: Final = 30.0


async def start_stripe_mock(processes: Processes, executable: Path) -> str:
    """Start it; gives the base URL that stands for Stripe's."""
    port = free_port()
    # Told no address for HTTPS, it takes its usual port on every interface: one more of it would not start.
    addresses = ("-http-addr", f"{LOOPBACK}:{port}", "-https-addr", f"{LOOPBACK}:0")
    return await _started(processes, "stripe-mock", port, [executable, *addresses])


async def start_toxiproxy(processes: Processes, executable: Path) -> str:
    """Start it without proxies; gives the base URL of its own API, by which they are made and broken."""
    port = free_port()
    return await _started(processes, "toxiproxy", port, [executable, "-host", LOOPBACK, "-port", str(port)])


async def _started(processes: Processes, name: str, port: int, command: list[str | Path]) -> str:
    child = processes.start(Launch(name=name, command=command))
    await child.wait_for_port(LOOPBACK, port, START_LIMIT_SECONDS)
    return f"http://{LOOPBACK}:{port}"
