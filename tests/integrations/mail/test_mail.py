from email import message_from_bytes
from email.headerregistry import Address
from pathlib import Path

import aiosmtplib
import pytest

from activities.ports import Mailer, MailRefusedError
from activities.rows import PlainMail
from cli.servers.probes import free_port
from integrations.mail import MailSettings, SmtpMailer, written
from integrations.mail_folder import read_mails
from tests.integrations.mail.conftest import NUMBER, WRITTEN_AT, RefusingServer, a_mail, refusing

SENDER = Address("售后中心", addr_spec="care@shop.example")
Sink = tuple[SmtpMailer, Path]


def test_the_mailer_is_what_the_activities_ask_for() -> None:
    mailer: Mailer = SmtpMailer(MailSettings())
    assert mailer is not None


async def test_a_chinese_mail_arrives_as_it_was_written(sink: Sink) -> None:
    mailer, folder = sink
    sent = a_mail()
    await mailer.send(sent)
    [arrived] = read_mails(folder)
    assert (arrived.subject, arrived.body) == (sent.subject, sent.body)
    assert arrived.recipient == "li.wei@customers.example"
    assert arrived.sender == "售后中心 <care@shop.example>"
    assert (arrived.number, arrived.stage, arrived.language) == (NUMBER, "received", "zh-CN")


async def test_a_mail_about_no_case_names_none(sink: Sink) -> None:
    mailer, folder = sink
    await mailer.send(PlainMail(**a_mail().model_dump(include=set(PlainMail.model_fields))))
    [arrived] = read_mails(folder)
    assert (arrived.number, arrived.stage, arrived.body) == ("", "", a_mail().body)


async def test_sending_again_gives_the_same_message_under_the_same_id(sink: Sink) -> None:
    mailer, folder = sink
    await mailer.send(a_mail())
    await mailer.send(a_mail())
    first, second = read_mails(folder)
    assert first.message_id == second.message_id == f"<{NUMBER}.received.1.1@shop.example>"
    assert first.path.read_bytes() == second.path.read_bytes()


def test_a_mail_is_seven_bit_and_dated_when_it_was_composed() -> None:
    wire = written(a_mail(), SENDER).as_bytes()
    assert wire.isascii()
    assert message_from_bytes(wire)["Date"] == "Mon, 23 Nov 2026 09:30:00 +0000"
    assert WRITTEN_AT.tzinfo is not None


def test_a_message_id_without_a_host_gets_the_senders() -> None:
    assert written(a_mail(message_id="abc.1"), SENDER)["Message-ID"] == "<abc.1@shop.example>"


def test_a_line_break_in_the_subject_smuggles_no_header_in() -> None:
    message = message_from_bytes(written(a_mail(subject="Hi\r\nBcc: all@shop.example"), SENDER).as_bytes())
    assert message["Bcc"] is None
    assert message["Subject"] == "Hi Bcc: all@shop.example"


@pytest.mark.parametrize(
    "recipient",
    ["", "nobody", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "<script>@", "a@b.example>"],
)
async def test_what_is_not_one_address_is_refused_before_any_connection(recipient: str) -> None:
    with pytest.raises(MailRefusedError, match="not one mail address"):
        await SmtpMailer(MailSettings(smtp_port=9)).send(a_mail(recipient=recipient))


def test_a_message_id_with_a_line_break_is_refused() -> None:
    with pytest.raises(MailRefusedError, match="Message-ID"):
        written(a_mail(message_id="a\r\nBcc: x@y.example"), SENDER)


@pytest.mark.parametrize(
    "server",
    [
        RefusingServer(recipient="550 no such mailbox"),
        RefusingServer(content="554 looks like spam"),
        RefusingServer(sender="552 too large"),
    ],
)
async def test_a_5xx_answer_is_final(server: RefusingServer) -> None:
    async with refusing(server) as mailer:
        with pytest.raises(MailRefusedError, match="55"):
            await mailer.send(a_mail())


@pytest.mark.parametrize(
    "server",
    [
        RefusingServer(recipient="450 mailbox busy"),
        RefusingServer(content="451 try later"),
        RefusingServer(sender="421 closing"),
        RefusingServer(sender="530 log in first"),
    ],
)
async def test_a_4xx_answer_or_a_missing_login_is_worth_another_try(server: RefusingServer) -> None:
    async with refusing(server) as mailer:
        with pytest.raises(aiosmtplib.SMTPException):
            await mailer.send(a_mail())


async def test_a_server_that_is_not_there_is_worth_another_try() -> None:
    with pytest.raises(OSError, match=r".+"):
        await SmtpMailer(MailSettings(smtp_port=free_port()), limit_s=2).send(a_mail())
