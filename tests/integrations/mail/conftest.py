import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from activities.rows import Mail
from activities.types import Stage
from aftersales.contract.numbers import number_for
from aftersales.contract.values import Language
from integrations.mail import MailSettings, SmtpMailer
from integrations.mail_sink import start_sink

NUMBER = number_for("shop", "mail-tests")
WRITTEN_AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def a_mail(**changes: str) -> Mail:
    text = {
        "message_id": f"{NUMBER}.received.1.1@shop.example",
        "recipient": "li.wei@customers.example",
        "subject": f"退款申请 {NUMBER} 已收到",
        "body": "您好，\n\n我们已收到您的申请。\n" + "很长的一行" * 80 + "\n",
        **changes,
    }
    return Mail(number=NUMBER, stage=Stage.RECEIVED, round=1, language=Language.ZH_CN, created_at=WRITTEN_AT, **text)


def port_of(server: asyncio.Server) -> int:
    port = server.sockets[0].getsockname()[1]
    assert isinstance(port, int)
    return port


class RefusingServer:
    """Answers MAIL, RCPT and DATA as told; an empty answer means yes."""

    def __init__(self, *, sender: str = "", recipient: str = "", content: str = "") -> None:
        self._answers = (sender, recipient, content)

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from, envelope.mail_options = address, options
        return self._answers[0] or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self._answers[1] or "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        return self._answers[2] or "250 OK"


@asynccontextmanager
async def refusing(server: RefusingServer) -> AsyncIterator[SmtpMailer]:
    """A mailer in front of a server that says no."""
    listening = await asyncio.get_running_loop().create_server(partial(SMTP, server), "127.0.0.1", 0)
    try:
        yield SmtpMailer(MailSettings(smtp_port=port_of(listening)), limit_s=5)
    finally:
        listening.close()


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncIterator[tuple[SmtpMailer, Path]]:
    """A mailer, and the folder in which its mails arrive."""
    server = await start_sink(tmp_path / "mails")
    mailer = SmtpMailer(MailSettings(smtp_port=port_of(server), mail_sender="care@shop.example"), "售后中心")
    yield mailer, tmp_path / "mails"
    server.close()
