"""What the payout page's form says, and how what was good of it is kept from one page to the next (P3.2).

An account never goes back into a page: what was entered stays with the customer's browser, locked, and only we open it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs

from pydantic import ValidationError

from aftersales.contract.values import PayoutMethod
from aftersales.sealing import EncryptionError, Sealed
from integrations.destinations import Destination
from integrations.links import PayoutLink
from integrations.vault import Vault

LONGEST_ENTRY: Final = 120
_FORM_FIELDS: Final = 16


class Step(StrEnum):
    """The button that was pressed."""

    CHECK = "check"
    CHANGE = "change"
    CONFIRM = "confirm"


@dataclass(frozen=True)
class Filled:
    """A form as it was sent; the fields of the chosen method only. `kept` is what the page before had locked."""

    step: Step = Step.CHECK
    method: PayoutMethod | None = None
    account: str = field(default="", repr=False)
    holder: str = field(default="", repr=False)
    bank: str = field(default="", repr=False)
    kept: str = field(default="", repr=False)


class Draft(Destination):
    """A destination on its way to being confirmed: with a `token` it was shown to the customer whole, and is kept under
    that name however often it is sent; without one only what stands in it was good."""

    token: str = ""


def read_form(body: bytes) -> Filled | None:
    """What was filled in; None for what no browser sends."""
    try:
        sent = {name: values[0] for name, values in parse_qs(body.decode(), max_num_fields=_FORM_FIELDS).items()}
        step = Step(sent.get("step", Step.CHECK))
    except ValueError:
        return None
    method = PayoutMethod(sent["method"]) if sent.get("method") in set(PayoutMethod) else None
    account, holder, bank = (_entry(sent.get(f"{name}_{method}", "")) for name in ("account", "holder", "bank"))
    return Filled(step, method, account, holder, bank, sent.get("kept", ""))


def _entry(text: str) -> str:
    """Cut to what no field is longer than, so that it is refused in words."""
    return text.replace("\0", "").strip()[: LONGEST_ENTRY + 1]


class Drafts:
    """Locks drafts for the page that they were made on: they open for the same asking of the same case only."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def shut(self, draft: Draft, link: PayoutLink) -> str:
        """Text for a hidden field."""
        key_id, text = self._vault.lock(draft.model_dump_json().encode(), _place(link))
        return f"{key_id}.{base64.urlsafe_b64encode(text).decode()}"

    def opened(self, kept: str, link: PayoutLink) -> Draft | None:
        """None for what was not locked here, for this link."""
        key_id, _, text = kept.partition(".")
        try:
            sealed = Sealed(key_id, base64.b64decode(text, altchars=b"-_", validate=True))
            return Draft.model_validate_json(self._vault.open(sealed, _place(link)))
        except (binascii.Error, EncryptionError, ValidationError, ValueError):
            return None


def _place(link: PayoutLink) -> str:
    return f"form {link.number} {link.asking}"
