"""Stripe's own record of a day: its balance transactions about refunds (design: reconciliation).

https://docs.stripe.com/reports/balance-transaction-types names the types. Stripe's day is taken in UTC.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

import stripe
from pydantic import ValidationError

from activities.ports import Clock, StatementLine, StatementNotReadyError
from activities.types import OutcomeKind
from aftersales.contract.values import Money
from domain.errors import CurrencyUnknown
from integrations.clock import SystemClock
from integrations.provider import ProviderSettingsError
from integrations.stripe.amounts import money_of
from integrations.stripe.connection import StripeConnection
from integrations.stripe.outcomes import outcome_of_error
from integrations.stripe.settings import StripeSettings
from integrations.stripe.wire import MovementPage, SeenMovement, SeenRefund

if TYPE_CHECKING:
    from stripe.params import BalanceTransactionListParams

# Type of balance transaction, and whether it is money that came back. A `payment` is what Stripe calls a charge by
# another means than a card; `payment_failure_refund` is about a payment that failed and not about a refund.
REFUND_TYPES: Final = {"refund": False, "payment_refund": False, "refund_failure": True}
PAGE_SIZE: Final = 100
MOST_PAGES: Final = 1_000
_BROKEN_ANSWER: Final = (ValidationError, TypeError, AttributeError, LookupError)


class StripeStatements:
    """Implements `activities.ports.Statements`. Each statement is read over a connection of its own."""

    provider: str = "stripe"

    def __init__(self, settings: StripeSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()

    async def of(self, day: date) -> tuple[StatementLine, ...]:
        """The refunds of a day, and those that came back on it, in the order of Stripe's lists.

        Raises StatementNotReadyError while the day lasts or Stripe does not answer, ProviderSettingsError when it does
        not let us look, ValueError for what cannot be read.
        """
        start = datetime.combine(day, time(), UTC)
        end = start + timedelta(days=1)
        if self._clock.now() < end:
            raise StatementNotReadyError(f"At Stripe {day} ends at {end:%Y-%m-%d %H:%M} UTC; ask again after that.")
        connection = StripeConnection(self._settings)
        try:
            return tuple([line async for line in _lines(connection, start, end)])
        except stripe.StripeError as error:
            raise _told(error) from error
        except TimeoutError as error:
            raise StatementNotReadyError("Stripe did not answer in time; ask again in some minutes.") from error
        except _BROKEN_ANSWER as error:
            raise ValueError("Stripe's list of balance transactions cannot be read.") from error
        finally:
            await connection.close()


async def _lines(connection: StripeConnection, start: datetime, end: datetime) -> AsyncIterator[StatementLine]:
    for type_ in REFUND_TYPES:
        params: BalanceTransactionListParams = {
            "type": type_,
            "created": {"gte": int(start.timestamp()), "lt": int(end.timestamp())},
            "expand": ["data.source"],  # the refund itself, which carries our number
            "limit": PAGE_SIZE,
        }
        async for movement in _movements(connection, params):
            yield _line(movement)


async def _movements(connection: StripeConnection, params: BalanceTransactionListParams) -> AsyncIterator[SeenMovement]:
    for _ in range(MOST_PAGES):
        answer = await connection.within_time(connection.v1.balance_transactions.list_async(params))
        page = MovementPage.model_validate(answer.to_dict())
        for movement in page.data:
            yield movement
        if not page.has_more:
            return
        if page.data[-1].id == params.get("starting_after"):
            raise ValueError("Stripe's list of balance transactions comes back to where it was.")
        params = {**params, "starting_after": page.data[-1].id}
    raise ValueError(f"Stripe lists more than {MOST_PAGES * PAGE_SIZE} refunds for one day.")


def _line(movement: SeenMovement) -> StatementLine:
    try:
        refund = movement.refund
        return StatementLine(
            provider="stripe",
            line_id=movement.id,
            booked_at=datetime.fromtimestamp(movement.created, UTC),
            amount=_amount(movement, refund),
            provider_number=refund.leg if refund else "",
            reference=refund.id if refund else "",
            returned=REFUND_TYPES[movement.type],
            fee=money_of(movement.fee, movement.currency) if movement.fee > 0 else None,
        )
    except (ValueError, KeyError, OSError, OverflowError, CurrencyUnknown) as error:
        raise ValueError(f"Stripe's balance transaction {movement.id} cannot be read: {error}") from error


def _amount(movement: SeenMovement, refund: SeenRefund | None) -> Money:
    # A balance in another currency than the refund's shows what was exchanged, not what the customer got.
    if refund is not None and refund.currency != movement.currency:
        return money_of(refund.amount, refund.currency)
    return money_of(abs(movement.amount), movement.currency)


def _told(error: stripe.StripeError) -> Exception:
    outcome = outcome_of_error(error)
    if outcome.kind is OutcomeKind.NEEDS_MERCHANT:
        return ProviderSettingsError(
            f"Stripe does not show its balance transactions to AFTERSALES_STRIPE_API_KEY ({outcome.code}). Give the "
            "restricted key the right to read them at https://dashboard.stripe.com/apikeys."
        )
    if outcome.kind in (OutcomeKind.UNKNOWN, OutcomeKind.RETRY_SAME):
        return StatementNotReadyError(f"Stripe gave no list ({outcome.code}); ask again in some minutes.")
    return ValueError(f"Stripe refuses to list its balance transactions: {outcome.sentence}")
