"""The facts that an application is decided by, gathered in its transaction (P1.3, P2.1-P2.5, P6.1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from activities.casefile import CaseFile
from activities.enquiring import weight_differs
from activities.particulars import Particulars
from activities.precautions import Risk
from activities.risk import risk_of
from activities.rows import Order, OrderLine
from activities.rulings import Facts, Goods, Listed, Policy, RiskLevel
from aftersales.contract.messages import Application
from aftersales.contract.values import BreakDown, EvidenceRef
from domain.deadlines import days_since

ACTIVE = "active"
_PICTURES = ("image/", "video/")
NO_DELIVERY = -1


class Signs(NamedTuple):
    """What this database knows beside the order: lists, chargebacks, pictures seen before, and the score of it all."""

    listed: Listed
    chargeback_open: bool
    evidence_reused: bool
    risk: Risk


async def look_for_signs(
    file: CaseFile, order: Order, particulars: Particulars, policy: Policy, amounts: BreakDown
) -> Signs:
    """Reads what was seen of the customer, the payment and the address so far."""
    unit, row, customer_id = file.unit, file.row, order.account.customer_id
    at, application = row.opened_at, row.start.application
    listed = await unit.listed(order.order_id, customer_id, at)
    reused = bool(row.evidence) and bool(await unit.reused_evidence(row.number, order.order_id, row.evidence))
    chargeback_open = await unit.chargeback_open(order.order_id)
    risk = risk_of(
        await unit.history(order.order_id, customer_id, at, besides=row.number),
        policy.risk,
        account=order.account,
        standing=particulars.standing,
        listed=listed,
        evidence_reused=reused,
        chargeback_open=chargeback_open,
        weight_differs=weight_differs(application, particulars.record),
        source_down=bool(particulars.down),
        amount=amounts.total,
        at=at,
    )
    return Signs(listed, chargeback_open, reused, risk)


def facts_of(file: CaseFile, order: Order, particulars: Particulars, signs: Signs, amounts: BreakDown) -> Facts:
    """Pure. Windows count to the moment of the application, however late evidence came."""
    row = file.row
    application, applied_at = row.start.application, row.opened_at
    record, standing = particulars.record, particulars.standing
    delivered_at = order.delivered_at or (record.delivered_at if record else None)
    return Facts(
        reason=application.reason,
        kind=application.kind,
        amount_minor=amounts.total.minor,
        currency=order.currency,
        days_since_delivery=NO_DELIVERY if delivered_at is None else days_since(delivered_at, applied_at),
        days_since_purchase=days_since(order.bought_at, applied_at),
        delivered=delivered_at is not None,
        goods=_goods(application, order),
        channel=application.channel,
        by_staff=bool(row.entered_by),
        goods_back=application.goods_back,
        unused=application.unused,
        packaging_intact=application.packaging_intact,
        evidence_count=len(row.evidence),
        picture_count=_pictures(row.evidence),
        evidence_reused=signs.evidence_reused,
        account_active=order.account.state == ACTIVE and (standing is None or standing.state == ACTIVE),
        contact_verified=order.account.contact_verified or (standing is not None and standing.contact_verified),
        shipment=particulars.shipment,
        carrier_delivered=_arrived(record.delivered_at if record else None, applied_at),
        weight_differs=weight_differs(application, record),
        replacement=particulars.replacement,
        risk_level=signs.risk.level,
        risk_score=signs.risk.score,
        listed=signs.listed,
        chargeback_open=signs.chargeback_open,
        source_down=bool(particulars.down) or signs.risk.level is RiskLevel.UNKNOWN,
    )


def lines_of(application: Application, order: Order) -> list[OrderLine]:
    """The order's lines that the application asks for."""
    asked = {item.line_id for item in application.items}
    return [line for line in order.lines if line.line_id in asked]


def _goods(application: Application, order: Order) -> tuple[Goods, ...]:
    kinds = {(line.category, line.final_sale) for line in lines_of(application, order)}
    return tuple(Goods(category=category, final_sale=final_sale) for category, final_sale in sorted(kinds))


def _pictures(evidence: Iterable[EvidenceRef]) -> int:
    return sum(ref.media_type.startswith(_PICTURES) for ref in evidence)


def _arrived(delivered_at: datetime | None, by: datetime) -> bool:
    return delivered_at is not None and delivered_at <= by
