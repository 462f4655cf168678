"""Where there is room for a new server."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cli.servers import probes
from cli.servers.probes import LOOPBACK, free_port, port_is_free

OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_free_port_is_none_that_an_outgoing_connection_could_take_meanwhile() -> None:
    first_outgoing = int(OUTGOING.read_text().split()[0]) if OUTGOING.exists() else 32_768
    assert max(free_port() for _ in range(50)) < first_outgoing


def test_a_port_that_somebody_listens_on_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listening:
        listening.bind((LOOPBACK, 0))
        listening.listen()
        taken = listening.getsockname()[1]
        assert not port_is_free(taken)
        monkeypatch.setattr(probes, "PORTS", range(taken, taken + 1))
        monkeypatch.setattr(probes, "PORTS_TRIED", 1)
        with pytest.raises(OSError, match=f"between {taken} and {taken} is free"):
            free_port()
