"""Mail by SMTP, behind `activities.ports.Mailer` (P4.1).

A mail is built from its row alone, so sending it again gives the same message under the same Message-ID. The
server's answer is sorted into two: a no to this very mail is final, anything else is worth another try.
"""

from __future__ import annotations

import re
import ssl
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from enum import StrEnum
from typing import Annotated, Final

import aiosmtplib
from pydantic import Field, SecretStr

from activities.ports import MailRefusedError
from activities.rows import Mail, PlainMail
from aftersales.contract.values import Frozen

ABOUT_OURSELVES: Final = frozenset({530, 534, 535, 538})
"""Login refusals: for good by their number, but our own settings are at fault and not the mail."""

NUMBER_HEADER: Final = "X-Application-Number"
STAGE_HEADER: Final = "X-Case-Stage"

SEND_LIMIT_S: Final = 20.0
"""For each step of the conversation with the server, not for the whole of it."""

_FINAL: Final = 500
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_MESSAGE_ID: Final = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,200}")
_SEVEN_BIT: Final = SMTP_POLICY.clone(cte_type="7bit")


class Security(StrEnum):
    """How the connection is protected; `none` is for a server on the same machine."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class MailSettings(Frozen):
    """Where mail is handed over and whose it is. A server's certificate is always verified."""

    smtp_host: str = "127.0.0.1"
    smtp_port: Annotated[int, Field(gt=0, le=65535)] = 2525
    smtp_security: Security = Security.NONE
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    mail_sender: str = "after-sales@localhost"


class SmtpMailer:
    """Hands each mail over on a connection of its own: no state to lose, and fast enough on a near server."""

    def __init__(self, settings: MailSettings, sender_name: str = "", limit_s: float = SEND_LIMIT_S) -> None:
        self._settings = settings
        self._sender = Address(sender_name, addr_spec=settings.mail_sender)
        self._limit_s = limit_s
        self._tls = None if settings.smtp_security is Security.NONE else ssl.create_default_context()

    async def send(self, mail: PlainMail) -> None:
        """Hand a mail over.

        Raises MailRefusedError when the server refuses this mail for good (5xx) or it cannot be written as a
        mail at all; aiosmtplib.SMTPException or OSError when another try may help (4xx, login, connection).
        """
        message = written(mail, self._sender)
        try:
            await self._hand_over(message)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            answer = refused.recipients[0]
            raise _sorted(answer.code, answer.message, answer) from refused
        except (
            aiosmtplib.SMTPSenderRefused,
            aiosmtplib.SMTPRecipientRefused,
            aiosmtplib.SMTPDataError,
        ) as answer:
            raise _sorted(answer.code, answer.message, answer) from answer

    async def _hand_over(self, message: EmailMessage) -> None:
        server = self._settings
        await aiosmtplib.send(
            message,
            hostname=server.smtp_host,
            port=server.smtp_port,
            username=server.smtp_username or None,
            password=server.smtp_password.get_secret_value() or None,
            use_tls=server.smtp_security is Security.TLS,
            start_tls=server.smtp_security is Security.STARTTLS,
            tls_context=self._tls,
            timeout=self._limit_s,
        )


def written(mail: PlainMail, sender: Address) -> EmailMessage:
    """The mail as it goes over the wire: UTF-8 text, dated when it was composed, free of smuggled headers.

    Raises MailRefusedError if the recipient or the Message-ID cannot stand in a header.
    """
    message = EmailMessage(policy=_SEVEN_BIT)
    message["Message-ID"] = _message_id(mail.message_id, sender.domain)
    message["Date"] = format_datetime(mail.created_at)
    message["From"] = sender
    message["To"] = _recipient(mail.recipient)
    message["Subject"] = _CONTROL.sub(" ", mail.subject).strip()
    message["Auto-Submitted"] = "auto-generated"
    if isinstance(mail, Mail):
        message[NUMBER_HEADER] = mail.number
        message[STAGE_HEADER] = mail.stage.value
    message.set_content(mail.body, charset="utf-8")
    message["Content-Language"] = mail.language.value
    return message


def _recipient(typed: str) -> Address:
    """Exactly one address: a list, or a line break with a header behind it, is refused."""
    try:
        if _CONTROL.search(typed):
            raise ValueError("control character")
        return Address(addr_spec=typed.strip())
    except (ValueError, IndexError, MessageError) as why:
        raise MailRefusedError("The recipient is not one mail address; correct it in the account.") from why


def _message_id(stable: str, domain: str) -> str:
    bare = stable.removeprefix("<").removesuffix(">")
    if not _MESSAGE_ID.fullmatch(bare):
        raise MailRefusedError(f"{stable!r} cannot be a Message-ID; use letters, digits and dots.")
    return f"<{bare}>" if "@" in bare else f"<{bare}@{domain}>"


def _sorted(code: int, sentence: str, answer: Exception) -> Exception:
    if code >= _FINAL and code not in ABOUT_OURSELVES:
        return MailRefusedError(f"{code} {sentence}")
    return answer
