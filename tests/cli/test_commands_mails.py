"""A mail on the screen, as its reader gets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.commands.mails import mail_text
from cli.commands.screen import say
from integrations.mail_folder import SinkMail
from tests.storage.builders import NOON

LINK = "https://care.shop.example/payout/k1." + "x" * 300


def test_a_link_in_a_mail_stays_in_one_piece_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    mail = SinkMail(
        path=Path("1.eml"),
        message_id="<1@shop.example>",
        sender="Shop <care@shop.example>",
        recipient="li@customers.example",
        subject="Where may we send your refund?",
        body=f"Please tell us:\n\n{LINK}\n",
        received_at=NOON,
    )
    say(mail_text(mail))
    assert LINK in capsys.readouterr().out.splitlines()
