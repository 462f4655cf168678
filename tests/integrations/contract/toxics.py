"""Toxiproxy between an adapter and its sandbox: the wire breaks where no scripted server could break it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal

import httpx2

from cli.servers.probes import LOOPBACK

NAME: Final = "provider"
Stream = Literal["upstream", "downstream"]


@dataclass(frozen=True)
class Wire:
    """A proxied way to the sandbox. `url` is the adapter's end."""

    url: str
    _api: httpx2.AsyncClient

    async def poison(self, kind: str, stream: Stream, **attributes: int) -> None:
        """Spoil what flows: `upstream` towards the provider, `downstream` back."""
        toxic = {"type": kind, "stream": stream, "attributes": attributes}
        (await self._api.post(f"/proxies/{NAME}/toxics", json=toxic)).raise_for_status()

    async def cut(self) -> None:
        """Close the way, so that a connection is refused."""
        (await self._api.post(f"/proxies/{NAME}", json={"enabled": False})).raise_for_status()

    async def mend(self) -> None:
        """Take all poison out and open the way again."""
        (await self._api.post("/reset")).raise_for_status()


@asynccontextmanager
async def wire_to(sandbox: str, toxiproxy: str) -> AsyncIterator[Wire]:
    """A clean way to `sandbox` through the toxiproxy whose API is at `toxiproxy`."""
    # Port 0: the proxy takes a free one and says which.
    proxy = {"name": NAME, "listen": f"{LOOPBACK}:0", "upstream": sandbox.removeprefix("http://"), "enabled": True}
    async with httpx2.AsyncClient(base_url=toxiproxy, trust_env=False) as api:
        made = (await api.post("/proxies", json=proxy)).raise_for_status().json()
        try:
            yield Wire(f"http://{made['listen']}", api)
        finally:
            (await api.delete(f"/proxies/{NAME}")).raise_for_status()
