"""The embedded stack: Temporal's dev server, sandbox, mail sink, portal and worker as child processes of one program.

`aftersales up` and `aftersales demo` run it, and so do the tests that kill parts of it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import httpx2

from aftersales.client import AfterSales
from aftersales.contract.names import SEARCH_ATTRIBUTES
from aftersales.contract.values import STAFF_ROLES, Role
from aftersales.proof import ProofKey
from cli.home import (
    CLI_KEY_ID,
    LINK_KEY_ID,
    PAYEE_KEY_ID,
    SHOP_KEY_ID,
    STAFF_KEY_ID,
    Addresses,
    Home,
    HomeError,
    Secrets,
    cli_roles,
)
from cli.merchant import Merchant
from cli.servers.claims import sole_claim
from cli.servers.dev_server import DevServer, DevServerOptions, start_dev_server
from cli.servers.discovery import silent
from cli.servers.probes import TRUSTING_NOBODY, free_port, port_is_free
from cli.servers.processes import Child, Launch, Processes
from cli.servers.search_attributes import attribute_types
from cli.servers.temporal_cli import obtain_temporal_cli
from storage.schema import upgrade

USUAL_PORTS: Final = {"temporal": 7233, "ui": 8233, "portal": 8700, "sandbox": 4242, "smtp": 2525}
WORKER_GRACE_S: Final = 45.0


@dataclass(frozen=True)
class StackOptions:
    """How to run the stack.

    `temporal`: the address of a server that runs already; else a dev server is started. `database_url`: another
    database than the embedded SQLite file. `time_scale` shortens every wait of the policy for people and windows;
    `order_lookup_s` is how long an order that the shop does not know is looked up again, None as the policy says.
    `usual_ports`: take the well-known ports where they are free and no other stack of this machine has them.
    `vouches`: take the command line's word for who of the staff somebody is, as the demo does; else they log in.
    `worker_extra` is added to the worker's environment, `sandbox_extra` to the sandbox's.
    """

    home: Home
    time_scale: float = 1.0
    order_lookup_s: int | None = None
    temporal: str | None = None
    database_url: str | None = None
    headless: bool = False
    usual_ports: bool = False
    vouches: bool = True
    worker_extra: Mapping[str, str] = field(default_factory=dict)
    sandbox_extra: Mapping[str, str] = field(default_factory=dict)


class Stack:
    """The running parts. `worker`, `portal`, `sandbox` are children that a test may kill and start again."""

    def __init__(self, options: StackOptions, processes: Processes, kept: Secrets, addresses: Addresses) -> None:
        self.options = options
        self.addresses = addresses
        self.worker: Child
        self.portal: Child
        self.sandbox: Child
        self.mail_sink: Child
        self.dev_server: DevServer | None = None
        self._processes = processes
        self._secrets = kept
        self._merchant = Merchant(kept, addresses.sandbox, addresses.portal)

    @property
    def database_url(self) -> str:
        return self.options.database_url or self.options.home.database_url

    async def start_sandbox(self) -> None:
        """The payment provider's stand-in; its books survive its restart."""
        home, port = self.options.home, _port(self.addresses.sandbox)
        arguments = ("--host", "127.0.0.1", "--port", str(port), "--state", str(home.sandbox_state))
        environ = {**self._merchant.for_sandbox(), **self.options.sandbox_extra}
        self.sandbox = self._python("sandbox", "sandbox.main", *arguments, environ=environ)
        await self.sandbox.wait_for_http(f"{self.addresses.sandbox}/admin/health")

    async def start_mail_sink(self) -> None:
        arguments = ("--port", str(self.addresses.smtp_port), "--folder", str(self.options.home.mails))
        self.mail_sink = self._python("mail", "integrations.mail_sink", *arguments)
        await self.mail_sink.wait_for_port("127.0.0.1", self.addresses.smtp_port)

    async def start_portal(self) -> None:
        self.portal = self._python("portal", "portal.main", environ=self.portal_environment())
        await self.portal.wait_for_http(f"{self.addresses.portal}/healthz")

    async def start_worker(self) -> None:
        """Start (again) the worker and wait until it serves."""
        self.worker = self.launch_worker("worker")
        await until_it_serves(self.worker)

    def launch_worker(self, name: str) -> Child:
        """A worker like the stack's own, beside it or in its place; see `until_it_serves`."""
        return self._python(name, "worker.main", environ=self.worker_environment(), grace_seconds=WORKER_GRACE_S)

    def worker_environment(self) -> dict[str, str]:
        """What the worker is told, whole."""
        address = self.addresses
        return {
            "AFTERSALES_DATABASE_URL": self.database_url,
            "AFTERSALES_PROOF_KEYS": self._proof_keys(),
            "AFTERSALES_LINK_KEYS": self._link_keys(),
            "AFTERSALES_PAYEE_KEYS": self._payee_keys(),
            "AFTERSALES_EVIDENCE": str(self.options.home.evidence),
            "AFTERSALES_SEALS": str(self.options.home.seals),
            "AFTERSALES_TEMPORAL_ADDRESS": address.temporal,
            "AFTERSALES_TIME_SCALE": str(self.options.time_scale),
            "AFTERSALES_SMTP_PORT": str(address.smtp_port),
            "AFTERSALES_PORTAL_URL": address.portal,
            "AFTERSALES_CASE_URL": _case_url(address.ui),
            "AFTERSALES_AGENTS_MAIL": "agents@shop.example",
            "AFTERSALES_SUPERVISORS_MAIL": "supervisors@shop.example",
            "AFTERSALES_FINANCE_MAIL": "finance@shop.example",
            "AFTERSALES_OPS_MAIL": "ops@shop.example",
            **self._merchant.for_worker(),
            **self._order_lookup(),
            **self.options.worker_extra,
        }

    def portal_environment(self) -> dict[str, str]:
        """What the portal is told, whole."""
        return {
            "AFTERSALES_DATABASE_URL": self.database_url,
            "AFTERSALES_LINK_KEYS": self._link_keys(),
            "AFTERSALES_PAYEE_KEYS": self._payee_keys(),
            "AFTERSALES_PORTAL_PROOF_SECRET": self._secrets.portal_proof.get_secret_value(),
            "AFTERSALES_PORTAL_STAFF_PROOF_SECRET": self._secrets.staff_proof.get_secret_value(),
            "AFTERSALES_EVIDENCE": str(self.options.home.evidence),
            "AFTERSALES_PORTAL_PORT": str(_port(self.addresses.portal)),
            "AFTERSALES_PORTAL_TEMPORAL_ADDRESS": self.addresses.temporal,
            **self._merchant.for_portal(),
        }

    async def client(self, caller: str = "cli") -> AfterSales:
        """A client that signs as a backend of the shop does, which has authenticated its people itself."""
        key = ProofKey(SHOP_KEY_ID, self._secrets.shop_proof.get_secret_value())
        return await AfterSales.connect(caller=caller, key=key, address=self.addresses.temporal)

    def sandbox_admin(self) -> httpx2.AsyncClient:
        """The sandbox's admin side."""
        return httpx2.AsyncClient(base_url=f"{self.addresses.sandbox}/admin", timeout=30, verify=TRUSTING_NOBODY)

    def _order_lookup(self) -> dict[str, str]:
        told = self.options.order_lookup_s
        return {} if told is None else {"AFTERSALES_ORDER_LOOKUP_S": str(told)}

    def _proof_keys(self) -> str:
        kept = self._secrets
        trusted = (
            (CLI_KEY_ID, kept.cli_proof, cli_roles(self.addresses.vouches)),
            (SHOP_KEY_ID, kept.shop_proof, frozenset(Role)),
            ("portal", kept.portal_proof, frozenset({Role.CUSTOMER})),
            (STAFF_KEY_ID, kept.staff_proof, STAFF_ROLES),
        )
        keys = [
            {"key_id": name, "secret": secret.get_secret_value(), "roles": sorted(roles), "staff": name == STAFF_KEY_ID}
            for name, secret, roles in trusted
        ]
        return json.dumps(keys)

    def _link_keys(self) -> str:
        return json.dumps([{"key_id": LINK_KEY_ID, "secret": self._secrets.link.get_secret_value()}])

    def _payee_keys(self) -> str:
        return json.dumps([{"key_id": PAYEE_KEY_ID, "secret": self._secrets.payee.get_secret_value()}])

    def _python(
        self,
        name: str,
        module: str,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        grace_seconds: float = 10,
    ) -> Child:
        command = (sys.executable, "-m", module, *arguments)
        # The workflow sandbox imports the workflow's file anew for each case; compiling it each time costs a tenth of
        # a refund, so Python keeps the bytecode even where the machine's settings say otherwise.
        bytecode = {"PYTHONDONTWRITEBYTECODE": ""}
        return self._processes.start(
            Launch(name=name, command=command, environ={**bytecode, **(environ or {})}, grace_seconds=grace_seconds)
        )


async def until_it_serves(worker: Child) -> None:
    """Raises ServerUnavailableError with what the worker wrote last."""

    async def ready() -> bool:
        return "worker is ready" in worker.log_tail(lines=50)

    await worker.wait_until(ready, "to serve its queues", limit_seconds=60)


@asynccontextmanager
async def running_stack(options: StackOptions, progress: Callable[[str], None] = silent) -> AsyncIterator[Stack]:
    """Start everything, in order, and stop it all at the end, in the reverse order.

    Raises ServerUnavailableError, HomeError (a stack runs from this folder already: two would write the same files)
    and the storage's errors, each a readable paragraph.
    """
    kept = options.home.prepare()
    async with AsyncExitStack() as stack:
        if not stack.enter_context(sole_claim("stack", options.home.folder)):
            raise HomeError(
                f"A stack runs from {options.home.folder} already. Use it, stop it, or name another folder with --home."
            )
        if options.usual_ports:
            # A port is chosen long before its server takes it: two stacks that start at once must not choose the same.
            options = replace(options, usual_ports=stack.enter_context(sole_claim("usual-ports")))
        processes = await stack.enter_async_context(Processes(options.home.logs))
        server = await _temporal(options, processes, progress)
        running = Stack(options, processes, kept, _addresses(options, server))
        running.dev_server = server
        progress("Bringing the database's schema up to date ...")
        await upgrade(running.database_url)
        for what, start in (
            ("the payment sandbox", running.start_sandbox),
            ("the mail sink", running.start_mail_sink),
            ("the portal", running.start_portal),
            ("the worker", running.start_worker),
        ):
            progress(f"Starting {what} ...")
            await start()
        options.home.remember(running.addresses, options.database_url)
        stack.callback(options.home.forget)
        yield running


async def _temporal(options: StackOptions, processes: Processes, progress: Callable[[str], None]) -> DevServer | None:
    if options.temporal:
        return None
    executable = await obtain_temporal_cli(progress=progress)
    progress("Starting Temporal's dev server ...")
    return await start_dev_server(
        processes,
        DevServerOptions(
            executable,
            database=options.home.temporal_database,
            port=_choose("temporal", options),
            ui_port=_choose("ui", options),
            headless=options.headless,
            search_attributes=attribute_types(SEARCH_ATTRIBUTES),
        ),
    )


def _addresses(options: StackOptions, server: DevServer | None) -> Addresses:
    return Addresses(
        temporal=server.address if server else options.temporal or "",
        ui=(server.ui_url or "") if server else "",
        portal=f"http://127.0.0.1:{_choose('portal', options)}",
        sandbox=f"http://127.0.0.1:{_choose('sandbox', options)}",
        smtp_port=_choose("smtp", options),
        vouches=options.vouches,
    )


def _choose(name: str, options: StackOptions) -> int:
    usual = USUAL_PORTS[name]
    return usual if options.usual_ports and port_is_free(usual) else free_port()


def _port(address: str) -> int:
    return int(address.rsplit(":", 1)[1])


def _case_url(ui: str) -> str:
    return f"{ui}/namespaces/default/workflows/refund%2F{{number}}" if ui else ""
