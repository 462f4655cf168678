"""Alipay's open platform as of its published reference: https://opendocs.alipay.com/open."""

from sandbox.alipay.admin import router
from sandbox.alipay.provider import AlipayProvider
from sandbox.alipay.settings import AlipaySettings

__all__ = ["AlipayProvider", "AlipaySettings", "router"]
