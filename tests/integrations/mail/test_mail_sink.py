import signal
import smtplib
import socket
import subprocess
import sys
import time
from email.headerregistry import Address
from pathlib import Path

from cli.servers.probes import free_port
from integrations.mail import written
from integrations.mail_folder import read_mails, store_mail
from tests.integrations.mail.conftest import a_mail


def _wait_until_it_listens(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the sink does not listen")


def test_a_folder_that_is_not_there_holds_no_mails(tmp_path: Path) -> None:
    assert read_mails(tmp_path / "nothing") == []


def test_mails_are_read_in_order_of_arrival_and_drafts_are_not_read(tmp_path: Path) -> None:
    for name in ("first", "second", "third"):
        store_mail(tmp_path, f"Subject: {name}\r\n\r\nhello\r\n".encode())
    (tmp_path / ".half-written").write_bytes(b"Subject: ha")
    assert [mail.subject for mail in read_mails(tmp_path)] == ["first", "second", "third"]


def test_the_sink_runs_as_a_program_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "integrations.mail_sink", "--port", str(port)]
    program = subprocess.Popen([*command, "--folder", str(tmp_path)], stderr=subprocess.PIPE)
    try:
        _wait_until_it_listens(port)
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.send_message(written(a_mail(), Address(addr_spec="care@shop.example")))
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=10) == 0
    finally:
        program.kill()
        _, told = program.communicate()
    assert len(read_mails(tmp_path)) == 1
    assert b"Traceback" not in told
