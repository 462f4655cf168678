from __future__ import annotations

from activities.ports import MailRefusedError
from activities.rows import Mail


class FakeMailer:
    """A mail server: `down` for these addresses, refusing those in `refused` for good."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.down: set[str] = set()
        self.refused: set[str] = set()

    async def send(self, mail: Mail) -> None:
        if mail.recipient in self.down:
            raise ConnectionError("the mail server does not answer")
        if mail.recipient in self.refused:
            raise MailRefusedError("550 no such mailbox")
        self.sent.append(mail)
