"""The risk of an application, and who may keep the lists that it is judged by (P6.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from activities.particulars import AccountStanding
from activities.precautions import CustomerHistory, Risk, RiskPart
from activities.rows import Account
from activities.rulings import Listed, RiskLevel, RiskRules
from activities.sentences import refusal
from activities.speakers import RoleHolders
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode, Language, Money, Role
from domain.deadlines import days_since
from domain.risk import Seen, score

KEEPERS: Final = (Role.SUPERVISOR, Role.FINANCE, Role.ADMIN, Role.OPS)
"""Who may block and allow, and say what became of a chargeback."""


async def check_keeper(holders: RoleHolders, actor: str, role: Role, *, account: bool) -> None:
    """`account`: the actor is one of ours, who must hold the role now. Raises AftersalesError(role_not_allowed)."""
    if role not in KEEPERS:
        allowed = ", ".join(KEEPERS)
        raise AftersalesError(
            ErrorCode.ROLE_NOT_ALLOWED, f"Lists, chargebacks and marks are for {allowed}; name one of them."
        )
    if account and not await holders.holds_role(actor, role):
        raise refusal(ErrorCode.ROLE_NOT_ALLOWED, Language.EN, key="role_not_held")


def risk_of(
    history: CustomerHistory,
    rules: RiskRules,
    *,
    account: Account,
    standing: AccountStanding | None,
    listed: Listed,
    evidence_reused: bool,
    chargeback_open: bool,
    weight_differs: bool,
    source_down: bool,
    amount: Money,
    at: datetime,
) -> Risk:
    """The score with its parts. `standing`: by the shop's own system, where it was asked; of an account's age the
    longer one that is known counts."""
    seen = Seen(
        contact_verified=account.contact_verified or (standing is not None and standing.contact_verified),
        guest=account.guest,
        account_days=_age_days(account, standing, at),
        days=history.days,
        cases_of_customer=history.by_customer,
        cases_of_payment=history.by_payment,
        cases_at_address=history.by_address,
        orders=history.orders,
        refunded_orders=history.refunded_orders,
        refunded_minor=history.refunded_minor,
        amount_minor=amount.minor,
        keep_items=history.keep_items,
        empty_boxes=history.empty_boxes,
        not_received=history.not_received,
        evidence_reused=evidence_reused,
        weight_differs=weight_differs,
        blocked=listed is Listed.BLOCK,
        allowed=listed is Listed.ALLOW,
        chargeback_open=chargeback_open,
        source_down=source_down,
    )
    scored = score(seen, rules)
    parts = tuple(RiskPart(sign=part.sign.value, points=part.points, seen=part.seen) for part in scored.parts)
    return Risk(level=RiskLevel(scored.level.value), score=scored.points, parts=parts)


def _age_days(account: Account, standing: AccountStanding | None, at: datetime) -> int | None:
    known = [since for since in (account.since, standing.since if standing else None) if since is not None]
    return days_since(min(known), at) if known else None
