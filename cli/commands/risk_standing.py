"""What is known of a case's customer, payment and address, gathered for the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cli.commands.answers import stored_case
from cli.commands.deployment import Deployment

if TYPE_CHECKING:
    from activities.precautions import CustomerHistory, Risk
    from activities.rows import Account
    from domain.chargebacks import Chargeback
    from domain.listing import ListEntry


class Standing(NamedTuple):
    """`risk` is that of the last assessment; None where there was none, or the order is not here."""

    number: str
    order_id: str
    risk: Risk | None
    history: CustomerHistory | None
    account: Account | None
    entries: tuple[ListEntry, ...]
    chargebacks: tuple[Chargeback, ...]


async def standing_of(deployment: Deployment, number: str) -> Standing:
    """Counts are besides the case, at its own moment. Raises AftersalesError(case_unknown)."""
    from storage.risk import RiskBook  # noqa: PLC0415 - not needed for `--help`
    from storage.store import SqlStore  # noqa: PLC0415

    case = await stored_case(deployment, number)
    order_id, customer_id = case.start.application.order_id, case.start.application.customer_id
    async with deployment.database() as engine:
        async with SqlStore(engine).begin() as unit:
            account = await unit.buyer(order_id)
            assessments = await unit.assessments(number)
            seen = None if account is None else await unit.history(order_id, customer_id, case.opened_at, number)
        book = RiskBook(engine)
        return Standing(
            number=number,
            order_id=order_id,
            risk=assessments[-1].risk if assessments else None,
            history=seen,
            account=account,
            entries=await book.entries_about(order_id, customer_id),
            chargebacks=await book.chargebacks_of(order_id),
        )
