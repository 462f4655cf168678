"""From rows to a risk with its parts, and who may keep the lists (P6.1)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.particulars import AccountStanding
from activities.precautions import CustomerHistory, Risk, RiskPart
from activities.risk import check_keeper, risk_of
from activities.rows import Account
from activities.rulings import Listed, RiskLevel, RiskRules
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode, Role
from domain.risk import Sign
from tests.activities.shop import CUSTOMER, NOW, cny

RULES = RiskRules(points=dict.fromkeys((sign.value for sign in Sign), 20), medium_from=20, high_from=40)
NOTHING_SEEN = CustomerHistory()
KNOWN = Account(customer_id=CUSTOMER, contact_verified=True)


def risk(
    history: CustomerHistory = NOTHING_SEEN,
    account: Account = KNOWN,
    *,
    standing: AccountStanding | None = None,
    listed: Listed = Listed.NONE,
    source_down: bool = False,
) -> Risk:
    return risk_of(
        history,
        RULES,
        account=account,
        standing=standing,
        listed=listed,
        evidence_reused=False,
        chargeback_open=False,
        weight_differs=False,
        source_down=source_down,
        amount=cny(1000),
        at=NOW,
    )


def test_the_parts_say_what_was_seen() -> None:
    found = risk(CustomerHistory(by_customer=4, empty_boxes=1))
    assert (found.level, found.score) == (RiskLevel.HIGH, 40)
    assert found.parts[0] == RiskPart(sign="many_cases_customer", points=20, seen="4 other cases in 30 days")


def test_a_contact_that_the_shops_own_system_knows_is_verified() -> None:
    unknown = KNOWN.model_copy(update={"contact_verified": False})
    assert risk(account=unknown).level is RiskLevel.MEDIUM
    assert risk(account=unknown, standing=AccountStanding(contact_verified=True)).level is RiskLevel.LOW


def test_of_an_accounts_age_the_longer_one_counts() -> None:
    young = KNOWN.model_copy(update={"since": NOW - timedelta(days=2)})
    assert [part.seen for part in risk(account=young).parts] == ["account 2 days old"]
    assert risk(account=young, standing=AccountStanding(since=NOW - timedelta(days=900))).parts == ()


def test_a_source_that_is_down_makes_the_risk_unknown_even_for_whom_is_trusted() -> None:
    assert risk(source_down=True, listed=Listed.ALLOW).level is RiskLevel.UNKNOWN


def test_block_and_allow_lists_count() -> None:
    assert [part.sign for part in risk(listed=Listed.BLOCK).parts] == ["listed_block"]
    assert risk(CustomerHistory(empty_boxes=1, by_customer=9), listed=Listed.ALLOW).level is RiskLevel.LOW


class Nobody:
    async def holds_role(self, staff_id: str, role: Role) -> bool:  # noqa: ARG002 - the port's words
        return False


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.FINANCE, Role.ADMIN, Role.OPS])
async def test_who_may_keep_lists_and_chargebacks(role: Role) -> None:
    await check_keeper(Nobody(), "somebody", role, account=False)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SUPERVISOR, Role.FINANCE, Role.ADMIN, Role.OPS}))
async def test_who_may_not(role: Role) -> None:
    with pytest.raises(AftersalesError) as refused:
        await check_keeper(Nobody(), "somebody", role, account=False)
    assert refused.value.code is ErrorCode.ROLE_NOT_ALLOWED


async def test_an_account_must_hold_its_role_at_that_moment() -> None:
    with pytest.raises(AftersalesError):
        await check_keeper(Nobody(), "somebody", Role.ADMIN, account=True)
