"""Programs of others stand beside those of another run: on loopback, at ports that nobody has."""

from pathlib import Path

import pytest

from cli.servers.errors import ServerUnavailableError
from cli.servers.processes import Processes
from cli.servers.wire_programs import start_stripe_mock
from tests.support.programs import write_program


async def test_stripe_mock_is_told_an_address_for_each_of_its_two_protocols(
    processes: Processes, tmp_path: Path
) -> None:
    """Left alone, it takes port 12112 of every interface for HTTPS, and a second one cannot start."""
    noting = write_program(tmp_path / "stripe-mock", f'echo "$@" > {tmp_path}/told')
    with pytest.raises(ServerUnavailableError):
        await start_stripe_mock(processes, noting)
    told = (tmp_path / "told").read_text().split()
    assert told[::2] == ["-http-addr", "-https-addr"]
    assert [address.partition(":")[0] for address in told[1::2]] == ["127.0.0.1", "127.0.0.1"]
