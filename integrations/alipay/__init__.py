"""Alipay behind the ports of `activities.ports` (P3.2, P3.3; design: payments).

Everything that Alipay says is translated here; nothing but outcomes comes out.
"""

from integrations.alipay.adapter import AlipayPayments, Bounce, Terms
from integrations.alipay.block import AlipayBlock
from integrations.alipay.gateway import Access, AlipayGateway
from integrations.alipay.statements import AlipayStatements
from integrations.alipay.webhook import AlipayWebhooks

__all__ = [
    "Access",
    "AlipayBlock",
    "AlipayGateway",
    "AlipayPayments",
    "AlipayStatements",
    "AlipayWebhooks",
    "Bounce",
    "Terms",
]
