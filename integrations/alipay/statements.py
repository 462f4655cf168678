"""Alipay's own record of a day, for the reconciliation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import httpx2

from activities.ports import StatementLine, StatementNotReadyError
from integrations.alipay.bill import read_account_bill, read_trade_bill
from integrations.alipay.gateway import Access, AlipayGateway, NotSentError, UnclearError, read_limited
from integrations.alipay.outcomes import bare

BILL_LINK: Final = "alipay.data.dataservice.bill.downloadurl.query"
BILL_HOST: Final = "dwbillcenter.alipay.com"
DOWNLOAD_S: Final = 120.0
LARGEST_BILL: Final = 64_000_000
_NO_BILL: Final = frozenset({"BILL_NOT_EXIST", "BILL_NOT_EXISTS"})


class AlipayStatements:
    """Implements `activities.ports.Statements` by the trade bill and the account bill of a day of Beijing's calendar.

    Raises StatementNotReadyError too while Alipay cannot be asked; a day without any movement has no bill either.
    """

    provider: str = "alipay"

    def __init__(self, access: Access) -> None:
        self._access = access

    async def of(self, day: date) -> tuple[StatementLine, ...]:
        """Refunds, transfers and what came back. Raises StatementNotReadyError; ValueError, which names the line."""
        gateway = AlipayGateway(self._access)
        try:
            refunds = await self._bill(gateway, "trade", day, read_trade_bill)
            transfers = await self._bill(gateway, "signcustomer", day, read_account_bill)
        finally:
            await gateway.close()
        return refunds + transfers

    async def _bill(
        self, gateway: AlipayGateway, kind: str, day: date, read: Callable[[bytes], tuple[StatementLine, ...]]
    ) -> tuple[StatementLine, ...]:
        try:
            answer = await gateway.ask(BILL_LINK, {"bill_type": kind, "bill_date": day.isoformat()})
        except (NotSentError, UnclearError) as error:
            raise StatementNotReadyError(f"{error} Ask for the bill of {day} again later.") from error
        if bare(answer.sub_code).upper() in _NO_BILL:
            raise StatementNotReadyError(f"Alipay has no {kind} bill of {day} yet; it comes by 9:00 of the next day.")
        if not answer.is_success:
            sentence = f"Alipay gives no {kind} bill of {day}: {answer.sub_code or answer.code} {answer.message}."
            raise StatementNotReadyError(f"{sentence} Mend that, then ask again.")
        packed = await self._downloaded(str(answer.body.get("bill_download_url") or ""))
        return await asyncio.to_thread(read, packed)

    async def _downloaded(self, link: str) -> bytes:
        """The zip; a link lives for half a minute and carries no signature of ours."""
        address = self._allowed(link)
        try:
            async with (
                asyncio.timeout(DOWNLOAD_S),
                httpx2.AsyncClient(timeout=self._access.timeout_s, follow_redirects=False) as http,
                http.stream("GET", address) as answer,
            ):
                answer.raise_for_status()
                return await read_limited(answer, LARGEST_BILL)
        except (httpx2.HTTPError, TimeoutError, UnclearError) as error:
            name = type(error).__name__
            raise StatementNotReadyError(f"Alipay's bill could not be fetched ({name}); ask again later.") from error

    def _allowed(self, link: str) -> str:
        """From the gateway itself or Alipay's bill centre, over TLS, although its links say http. Raises ValueError."""
        parts = urlsplit(link)
        if parts.hostname == BILL_HOST:
            return urlunsplit(parts._replace(scheme="https", netloc=BILL_HOST))
        if parts[:2] == urlsplit(self._access.gateway)[:2]:
            return link
        raise ValueError(f"Alipay's bill is said to lie at {parts.hostname!r}, which is none of Alipay's hosts.")
