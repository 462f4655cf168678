"""Mails kept as files, one for each delivery: what the sink writes and `aftersales mails` and the tests read."""

from __future__ import annotations

import itertools
import os
import time
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as MODERN_POLICY  # noqa: N812 - a value, spelt as one
from pathlib import Path
from typing import Final

from aftersales.contract.values import Frozen
from integrations.mail import NUMBER_HEADER, STAGE_HEADER

SUFFIX: Final = ".eml"
_deliveries = itertools.count()


class SinkMail(Frozen):
    """One delivery. `recipient` is what the header says; the same `message_id` twice is a repetition."""

    path: Path
    received_at: datetime
    message_id: str
    recipient: str
    sender: str
    subject: str
    body: str
    language: str = ""
    number: str = ""
    stage: str = ""


def store_mail(folder: Path, content: bytes) -> Path:
    """Write one delivery under a name that sorts by arrival; a reader sees all of it or none."""
    name = f"{time.time_ns():020d}-{os.getpid()}-{next(_deliveries):06d}"
    draft, place = folder / f".{name}", folder / f"{name}{SUFFIX}"
    draft.write_bytes(content)
    draft.rename(place)
    return place


def read_mails(folder: Path) -> list[SinkMail]:
    """All deliveries in order of arrival; none if the folder is not there yet."""
    return [_read(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]


def _read(path: Path) -> SinkMail:
    message = message_from_bytes(path.read_bytes(), policy=MODERN_POLICY)
    if not isinstance(message, EmailMessage):
        raise TypeError(f"{path} does not hold a mail; remove it from the sink's folder")
    text = message.get_body(("plain",))
    arrived_ns = int(path.name.split("-")[0])
    return SinkMail(
        path=path,
        received_at=datetime.fromtimestamp(arrived_ns / 1e9, tz=UTC),
        message_id=message.get("Message-ID", "").strip(),
        recipient=message.get("To", ""),
        sender=message.get("From", ""),
        subject=message.get("Subject", ""),
        body=str(text.get_content()).replace("\r\n", "\n") if text else "",
        language=message.get("Content-Language", ""),
        number=message.get(NUMBER_HEADER, ""),
        stage=message.get(STAGE_HEADER, ""),
    )
