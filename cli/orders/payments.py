"""The payments of orders, told to the sandbox: what it never captured it cannot pay back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import httpx2

from cli.commands.errors import CommandError
from domain.orders import OrderRecord

LIMIT_S: Final = 60


class Book(NamedTuple):
    """How one provider of the sandbox takes payments in: under which field, which references, which currencies."""

    field: str
    reference: re.Pattern[str]
    currencies: frozenset[str] | None = None


_YUAN: Final = frozenset({"CNY"})
BOOKS: Final = {
    "stripe": Book("charge", re.compile(r"(ch|py)_.+")),
    "alipay": Book("reference", re.compile(r"[A-Za-z0-9_-]{1,64}"), _YUAN),
    "wechat": Book("reference", re.compile(r"[A-Za-z0-9_-]{1,32}"), _YUAN),
}


async def seed_payments(sandbox: httpx2.AsyncClient, orders: Sequence[OrderRecord]) -> None:
    """Seed the payments that the sandbox can hold, by its admin side; the same ones again change nothing.

    Raises httpx2.HTTPError.
    """
    for provider, book in BOOKS.items():
        payments = list(_payments(provider, book, orders))
        if payments:
            (await sandbox.post(f"/{provider}/payments/bulk", json={"payments": payments})).raise_for_status()


def _payments(provider: str, book: Book, orders: Sequence[OrderRecord]) -> Iterator[dict[str, object]]:
    for order in orders:
        for tender in order.tenders:
            known = tender.provider == provider and tender.captured_minor and book.reference.fullmatch(tender.reference)
            if known and (book.currencies is None or order.currency in book.currencies):
                yield {book.field: tender.reference, "amount": tender.captured_minor, "currency": order.currency}


async def seed_payments_at(address: str, orders: Sequence[OrderRecord]) -> None:
    """The same for orders just imported, at the sandbox of this address. Raises CommandError."""
    try:
        # No proxies from the environment: the sandbox is on this machine.
        async with httpx2.AsyncClient(base_url=f"{address}/admin", timeout=LIMIT_S, trust_env=False) as sandbox:
            await seed_payments(sandbox, orders)
    except httpx2.HTTPError as error:
        raise CommandError(
            f"The orders are stored, but the payment sandbox at {address} did not take their payments ({error}), so "
            "they cannot be refunded yet. Import the file again when it runs."
        ) from error
