"""The card payments of orders, told to the sandbox: what it never captured it cannot pay back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import httpx2

from cli.commands.errors import CommandError
from domain.orders import OrderRecord

PROVIDER: Final = "stripe"
CHARGES: Final = ("ch_", "py_")
LIMIT_S: Final = 60


async def charge_cards(sandbox: httpx2.AsyncClient, orders: Sequence[OrderRecord]) -> None:
    """Seed the payments that the sandbox can hold, by its admin side; the same ones again change nothing.

    Raises httpx2.HTTPError.
    """
    payments = [
        {"charge": tender.reference, "amount": tender.captured_minor, "currency": order.currency}
        for order in orders
        for tender in order.tenders
        if tender.provider == PROVIDER and tender.reference.startswith(CHARGES) and tender.captured_minor
    ]
    if payments:
        (await sandbox.post("/stripe/payments/bulk", json={"payments": payments})).raise_for_status()


async def charge_cards_at(address: str, orders: Sequence[OrderRecord]) -> None:
    """The same for orders just imported, at the sandbox of this address. Raises CommandError."""
    try:
        # No proxies from the environment: the sandbox is on this machine.
        async with httpx2.AsyncClient(base_url=f"{address}/admin", timeout=LIMIT_S, trust_env=False) as sandbox:
            await charge_cards(sandbox, orders)
    except httpx2.HTTPError as error:
        raise CommandError(
            f"The orders are stored, but the payment sandbox at {address} did not take their payments ({error}), so "
            "they cannot be refunded yet. Import the file again when it runs."
        ) from error
