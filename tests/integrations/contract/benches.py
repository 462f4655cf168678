"""The benches of the contract suite: another provider's is a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from tests.integrations.contract.alipay_bench import AlipayRefunds, AlipayTransfers
from tests.integrations.contract.bank_bench import BankPayouts
from tests.integrations.contract.bench import Bench, SandboxBench
from tests.integrations.contract.stored_value_bench import GiftCard, StoreCredit
from tests.integrations.contract.stripe_bench import StripeRefunds
from tests.integrations.contract.wechat_bench import WeChatRefunds

BENCHES: Final[tuple[type[SandboxBench], ...]] = (
    StripeRefunds,
    WeChatRefunds,
    AlipayRefunds,
    AlipayTransfers,
    BankPayouts,
)
OF_OUR_OWN: Final[tuple[type[Bench], ...]] = (StoreCredit, GiftCard)


def only(those: Callable[[type[SandboxBench]], object]) -> pytest.MarkDecorator:
    """A rule for some of the benches alone: those that can do what it is about."""
    chosen = [bench for bench in BENCHES if those(bench)]
    return pytest.mark.parametrize("bench_type", chosen, ids=[bench.name for bench in chosen])
