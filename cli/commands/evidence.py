"""Uploading evidence as a customer's browser does: through the portal, with a ticket for one file (P2.2)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx2

from aftersales.contract.values import EvidenceRef
from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError
from cli.commands.screen import say
from integrations.evidence import LARGEST_BYTES, MEDIA_TYPES
from integrations.links import UploadTicket

TICKET_LIFE_S: Final = 600
UPLOAD_LIMIT_S: Final = 120


async def upload(
    deployment: Deployment, number: str, customer_id: str, files: Sequence[Path]
) -> tuple[EvidenceRef, ...]:
    """The references of the files, kept for this case. Raises CommandError, which names the file."""
    links, portal = deployment.links(), deployment.portal_url()
    refs = []
    # No proxies from the environment: the portal is ours.
    async with httpx2.AsyncClient(base_url=portal, timeout=UPLOAD_LIMIT_S, trust_env=False) as http:
        for file in files:
            ticket = links.upload_token(ticket_for(number, customer_id))
            refs.append(await _send(http, file, ticket))
    return tuple(refs)


async def _send(http: httpx2.AsyncClient, file: Path, ticket: str) -> EvidenceRef:
    content = _content(file)
    try:
        # As a form, which tells the file's name: its ending must be that of its content.
        answer = await http.post(f"/evidence/{ticket}", files={"file": (file.name, content)})
    except httpx2.HTTPError as error:
        raise CommandError(
            f"{file} could not be uploaded: the portal at {http.base_url} does not answer ({error}). "
            "Check that it runs; nothing was sent to the case."
        ) from error
    if answer.status_code != httpx2.codes.CREATED:
        raise CommandError(f"{file} was not accepted as evidence: {_sentence(answer)} Nothing was sent to the case.")
    _tell_warnings(file, answer.json())
    return EvidenceRef.model_validate(answer.json())


def _tell_warnings(file: Path, answer: Mapping[str, Any]) -> None:
    """What could be better, in both languages: whoever types this has the customer on the line."""
    for warning in answer.get("warnings", ()):
        for sentence in warning["sentence"].values():
            say(f"{file.name}: {sentence}")


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise CommandError(f"{file} is larger than {LARGEST_BYTES} bytes; send a smaller or shorter one.")
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error


def _sentence(answer: httpx2.Response) -> str:
    """The portal's own words; a server in between may have answered in others."""
    try:
        return str(answer.json()["sentence"])
    except (ValueError, KeyError, TypeError):
        return f"The portal answered {answer.status_code}."


def ticket_for(number: str, customer_id: str) -> UploadTicket:
    """A new one, good for one file of any kind that counts as evidence."""
    return UploadTicket(
        number=number,
        customer_id=customer_id,
        expires_at=int(time.time()) + TICKET_LIFE_S,
        ticket_id=secrets.token_hex(16),
        max_bytes=LARGEST_BYTES,
        media_types=MEDIA_TYPES,
    )
