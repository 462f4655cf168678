"""A program's own port: taken before it begins, or told in a sentence which one is not to be had."""

from __future__ import annotations

import socket

import pytest

from integrations.listening import listening


def test_a_port_that_is_free_is_the_programs_own() -> None:
    with listening("127.0.0.1", 0, "--port") as own:
        assert own.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_ends_the_program_and_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            listening("127.0.0.1", port, "--port")
    assert ended.value.code == (
        f"Port {port} of 127.0.0.1 cannot be listened on: Address already in use. "
        "End the program that has it, or name another one with --port."
    )


def test_an_address_that_is_not_this_machines_is_told_too() -> None:
    with pytest.raises(SystemExit, match=r"of 192\.0\.2\.1 cannot be listened on"):
        listening("192.0.2.1", 4242, "--port")
