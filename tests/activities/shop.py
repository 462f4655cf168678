"""The shop of these tests: one order of 160.00 CNY, and the people around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from activities.rows import Account
from aftersales.contract.messages import Application, CaseStart, Item
from aftersales.contract.numbers import number_for
from aftersales.contract.values import Language, Money, Reason, Role
from aftersales.proof import Keyring, ProofKey, sign
from domain.allocation import DraftLine, DraftShipping, OrderDraft, TaxMode
from domain.freezing import freeze
from storage.orders import OrderRecord, RecordLine, RecordTender

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CUSTOMER = "customer-1"
CUSTOMER_MAIL = "buyer@shop.example"
KEY = ProofKey("desk", "a secret for the tests alone")
FORGED = ProofKey("desk", "another secret, not the desk's")
PORTAL = ProofKey("portal", "a secret of the tests' portal", roles=frozenset({Role.CUSTOMER}))
KEYRING = Keyring([KEY, PORTAL])

CUPS = "cups"  # three units, 100.00 together
LAMP = "lamp"  # one unit, 50.00
SHIPPING_MINOR = 1000
CUPS_MINOR = 10000
LAMP_MINOR = 5000
GIFT_MINOR = 3000
CARD_MINOR = 13000


def cny(minor: int) -> Money:
    return Money(minor=minor, currency="CNY")


def order_record(order_id: str = "order-1", *, paid: bool = True, customer_id: str = CUSTOMER) -> OrderRecord:
    """Three cups that do not divide evenly, a lamp, shipping; paid by a gift card and a bank card."""
    draft = OrderDraft(
        currency="CNY",
        tax_mode=TaxMode.NONE,
        lines=(
            DraftLine(line_id=CUPS, quantity=3, unit_price_minor=3400, discount_minor=200),
            DraftLine(line_id=LAMP, quantity=1, unit_price_minor=LAMP_MINOR),
        ),
        shipping=DraftShipping(price_minor=SHIPPING_MINOR),
        paid_minor=GIFT_MINOR + CARD_MINOR,
    )
    frozen = freeze(draft)
    return OrderRecord(
        order_id=order_id,
        account=Account(customer_id=customer_id, name="Wang Fang", email=CUSTOMER_MAIL, language=Language.EN),
        currency="CNY",
        paid=paid,
        bought_at=NOW - timedelta(days=10, hours=1),
        delivered_at=NOW - timedelta(days=5, hours=1),
        lines=tuple(
            RecordLine(sku=line.line_id, title=line.line_id, category="home", final_sale=False, frozen=line)
            for line in frozen.lines
        ),
        shipping=frozen.shipping,
        tenders=(
            RecordTender(tender_id="card", provider="stripe", reference=f"ch_{order_id}", captured_minor=CARD_MINOR),
            RecordTender(tender_id="gift", provider="gift_card", reference=f"gc_{order_id}", captured_minor=GIFT_MINOR),
        ),
    )


def items(**quantities: int) -> tuple[Item, ...]:
    return tuple(Item(line_id=line_id, quantity=quantity) for line_id, quantity in quantities.items())


def application(**changes: object) -> Application:
    """For one cup that came broken."""
    asked: dict[str, object] = {
        "order_id": "order-1",
        "customer_id": CUSTOMER,
        "items": items(cups=1),
        "reason": Reason.QUALITY_PROBLEM,
        "language": Language.EN,
    }
    return Application.model_validate(asked | changes)


def start_of(
    asked: Application,
    request_key: str = "first",
    *,
    actor: str = CUSTOMER,
    role: Role = Role.CUSTOMER,
    key: ProofKey | None = KEY,
) -> CaseStart:
    """The application as a backend sends it, signed unless `key` is None."""
    number = number_for("backend", request_key)
    if key is not None:
        asked = sign(asked, number=number, actor=actor, role=role, key=key)
    return CaseStart(number=number, caller="backend", request_key=request_key, application=asked)
