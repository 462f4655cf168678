"""A namespace of each module's own: a worker in it meets no cases but those that its test started."""

from __future__ import annotations

import secrets

import pytest
from temporalio.client import Client

from cli.production import register
from cli.servers.dev_server import DevServer


@pytest.fixture(scope="module")
async def alone(dev_server: DevServer) -> Client:
    """A client of that namespace. The shared one holds other tests' cases, open and on the product's own queue."""
    return await register(dev_server.address, f"worker-{secrets.token_hex(4)}")
