"""WeChat Pay behind the ports of `activities.ports` (P3.2, P3.3; design: payments; docs/providers/wechat.md).

Everything that WeChat Pay says is translated here; nothing but outcomes, events and statement lines comes out.
"""

from integrations.wechat.adapter import WeChatPayments
from integrations.wechat.block import WeChatBlock
from integrations.wechat.statements import WeChatStatements
from integrations.wechat.webhook import WeChatWebhooks
from integrations.wechat.wire import WeChatAccount, WeChatWire

__all__ = ["WeChatAccount", "WeChatBlock", "WeChatPayments", "WeChatStatements", "WeChatWebhooks", "WeChatWire"]
