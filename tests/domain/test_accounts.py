"""Which account settles what: money leaves by a provider, stored value stays with us as a debt (money, rule 10)."""

from __future__ import annotations

import pytest

from domain.accounts import SETTLEMENT_PREFIXES, clearing, settlement, stored_value
from domain.rails import OWN_RAILS


@pytest.mark.parametrize(
    ("provider", "account"),
    [
        ("stripe", "clearing:stripe"),
        ("by_hand", "clearing:by_hand"),
        ("store_credit", "stored_value:store_credit"),
        ("gift_card", "stored_value:gift_card"),
    ],
)
def test_money_is_settled_through_clearing_and_value_of_our_own_by_owing_it(provider: str, account: str) -> None:
    assert settlement(provider) == account
    assert account in (clearing(provider), stored_value(provider))


@pytest.mark.parametrize("provider", ["stripe", *OWN_RAILS])
def test_every_settlement_is_known_by_its_prefix(provider: str) -> None:
    assert settlement(provider).startswith(SETTLEMENT_PREFIXES)
