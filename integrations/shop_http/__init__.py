"""The shop's other systems over HTTP: logistics, stock, accounts (`docs/shop-sources.md`)."""

from __future__ import annotations

from integrations.shop_http.settings import ShopSourceSettings
from integrations.shop_http.source import HttpSource
from integrations.shop_http.sources import HttpAccounts, HttpLogistics, HttpStock

__all__ = ["HttpAccounts", "HttpLogistics", "HttpSource", "HttpStock", "ShopSourceSettings"]
