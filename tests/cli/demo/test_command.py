"""What the demo says of itself: what is shorter than in production, and how to go on."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from cli.demo.command import look_around, notice
from cli.demo.reckoning import Reckoning
from cli.demo.run import Ending
from cli.home import Addresses, Home, Secrets
from cli.servers.processes import Processes
from cli.stack import Stack, StackOptions

NUMBER = "4AQC0-MYWYE-0F51"
ADDRESSES = Addresses(
    temporal="127.0.0.1:7", ui="http://127.0.0.1:6", portal="http://p", sandbox="http://s", smtp_port=10
)


def paper(columns: int = 120) -> Console:
    return Console(width=columns, file=io.StringIO(), record=True)


def test_every_shortened_wait_is_told_of(tmp_path: Path) -> None:
    said = paper()
    notice(said, StackOptions(Home(tmp_path), time_scale=2 / 86_400, order_lookup_s=3))
    told = said.export_text()
    assert "A day takes 2 s here" in told
    assert "An order that the shop does not know is looked up again for 3 s here" in told


def test_the_closing_page_names_a_case_the_folder_and_addresses_in_one_piece(tmp_path: Path) -> None:
    stack = Stack(StackOptions(Home(tmp_path)), Processes(tmp_path / "logs"), Secrets.fresh(), ADDRESSES)
    said = paper(60)
    look_around(said, stack, Ending((), Reckoning({}, {}, {}, ()), example=NUMBER))
    told = said.export_text()
    assert f"aftersales show {NUMBER} --home {tmp_path}" in told
    assert "http://127.0.0.1:6/namespaces/default/workflows?query=WorkflowType%20%3D%20%27RefundCase%27" in told
    assert "until Ctrl-C" in " ".join(told.split())
