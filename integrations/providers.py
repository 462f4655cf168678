"""Which payment providers there are: one line each in `BLOCKS` (docs/adding-a-provider.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pydantic import ValidationError
from pydantic_settings import SettingsError

from activities.ports import Statements
from integrations.alipay.block import AlipayBlock
from integrations.bank.block import BankBlock
from integrations.environment import explain_settings
from integrations.hearing import WebhookReader
from integrations.provider import OpenPayments, ProviderBlock, ProviderSettingsError
from integrations.stripe.block import StripeBlock
from integrations.wechat.block import WeChatBlock

BLOCKS: Final[tuple[type[ProviderBlock], ...]] = (StripeBlock, AlipayBlock, WeChatBlock, BankBlock)
NAMES: Final = tuple(block.provider for block in BLOCKS)


def blocks() -> tuple[ProviderBlock, ...]:
    """Every provider's settings, as the environment has them. Raises ProviderSettingsError, naming the variable."""
    return tuple(_read(kind) for kind in BLOCKS)


def _read(kind: type[ProviderBlock]) -> ProviderBlock:
    try:
        return kind()
    except (ValidationError, SettingsError) as error:
        raise ProviderSettingsError(explain_settings(error, kind)) from None


def adapters(found: Iterable[ProviderBlock]) -> dict[str, OpenPayments]:
    """The providers that are set up, by name. Raises ProviderSettingsError; also if there is none at all."""
    made = {block.provider: block.payments() for block in found}
    ready = {name: payments for name, payments in made.items() if payments is not None}
    if not ready:
        variables = ", ".join(f"AFTERSALES_{name.upper()}_…" for name in NAMES)
        raise ProviderSettingsError(
            f"No payment provider is set up, so no refund could be paid. Set one of {variables}: the README lists "
            "them, docs/providers/ says where to find their values."
        )
    return ready


def webhook_readers(found: Iterable[ProviderBlock]) -> dict[str, WebhookReader]:
    """Who reads the webhooks of which provider; the others' are unknown here. Raises ProviderSettingsError."""
    readers = {block.provider: block.webhooks() for block in found}
    return {name: reader for name, reader in readers.items() if reader is not None}


def statements(found: Iterable[ProviderBlock]) -> dict[str, Statements]:
    """The providers whose own records can be asked for. Raises ProviderSettingsError."""
    records = {block.provider: block.statements() for block in found}
    return {name: record for name, record in records.items() if record is not None}
