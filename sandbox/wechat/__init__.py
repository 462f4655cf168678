"""WeChat Pay's refunds by its API v3, direct merchants, public-key mode (https://pay.weixin.qq.com/doc/v3/merchant)."""

from sandbox.books import Books
from sandbox.clock import SandboxClock
from sandbox.outbox import Outbox
from sandbox.store import Store
from sandbox.wechat.admin import router
from sandbox.wechat.keys import KeyRing
from sandbox.wechat.ledger import WeChatLedger
from sandbox.wechat.provider import WeChatProvider
from sandbox.wechat.refunds import Refunds
from sandbox.wechat.settings import WeChatSandboxSettings

__all__ = ["WeChatProvider", "WeChatSandboxSettings", "assemble", "router"]


def assemble(
    settings: WeChatSandboxSettings, store: Store, clock: SandboxClock, books: Books, outbox: Outbox
) -> WeChatProvider:
    """WeChat Pay with its parts, on the sandbox's own store, clock, books and outbox."""
    ledger, keys = WeChatLedger(store), KeyRing(settings, store)
    refunds = Refunds(settings, ledger, books, outbox, clock, keys)
    return WeChatProvider(settings, store, clock, keys, ledger, refunds)
