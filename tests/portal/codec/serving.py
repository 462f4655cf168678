"""The codec server as a process of its own, for the programs of others that speak to it."""

import hashlib
import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from cli.servers.probes import LOOPBACK, free_port
from cli.servers.processes import Child, Launch, Processes
from tests.client.encrypting import secret_of

TOKEN = secrets.token_urlsafe(32)


@dataclass(frozen=True)
class CodecServer:
    """A running one whose reader anna has `TOKEN`."""

    url: str
    child: Child


def environment(port: int, origins: Sequence[str] = ()) -> dict[str, str]:
    """What it is told: the key `k1` of the tests, one reader, the pages that may ask."""
    readers = [{"name": "anna", "sha256": hashlib.sha256(TOKEN.encode()).hexdigest()}]
    return {
        "AFTERSALES_ENCRYPTION_KEYS": json.dumps([{"key_id": "k1", "secret": secret_of("k1")}]),
        "AFTERSALES_CODEC_TOKENS": json.dumps(readers),
        "AFTERSALES_CODEC_ORIGINS": json.dumps(list(origins)),
        "AFTERSALES_CODEC_PORT": str(port),
    }


async def start_codec_server(processes: Processes, origins: Sequence[str] = (), **told: str) -> CodecServer:
    """Started as `aftersales codec-server` starts it, and given back when it answers; `told` are further variables."""
    port = free_port()
    command = [sys.executable, "-m", "cli.main", "codec-server"]
    child = processes.start(Launch(name="codec", command=command, environ={**environment(port, origins), **told}))
    url = f"http://{LOOPBACK}:{port}"
    await child.wait_for_http(f"{url}/healthz")
    return CodecServer(url, child)
