"""The reckoning at the end of a run: what the sandbox executed, what the ledger says, what the cases say (I1-I3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import httpx2
from rich.table import Table

from activities.ports import Payments
from activities.types import OutcomeKind
from aftersales.contract.values import CaseStatus, LegState, Money
from cli.commands.screen import table
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, SETTLEMENT_PREFIXES
from domain.money import to_decimal_string
from storage.reading import CaseRecord

PAID_OUT = (CaseStatus.REFUNDED, CaseStatus.PARTLY_REFUNDED)


@dataclass(frozen=True)
class Reckoning:
    """Money per currency in minor units, as three parties say it, and the legs executed more than once."""

    cases: Mapping[str, int]
    ledger: Mapping[str, int]
    provider: Mapping[str, int]
    twice: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return self.cases == self.ledger == self.provider and not self.twice

    def table(self) -> Table:
        made = table(
            "Currency",
            "Executed by the provider",
            "Ledger",
            "Sum of the cases",
            "Difference",
            title="The money that went out, as three sides say it",
        )
        for column in made.columns[1:]:
            column.justify = "right"
        for currency in sorted({*self.cases, *self.ledger, *self.provider}):
            sums = [side.get(currency, 0) for side in (self.provider, self.ledger, self.cases)]
            difference = max(sums) - min(sums)
            shown = [to_decimal_string(Money(minor=minor, currency=currency)) for minor in (*sums, difference)]
            made.add_row(currency, *shown, style="red" if difference else None)
        made.add_row("executed twice", str(len(self.twice)), *self.twice[:3], style="red" if self.twice else None)
        return made


async def reckon(
    records: Iterable[CaseRecord], sandbox: httpx2.AsyncClient, own: Mapping[str, Payments] = MappingProxyType({})
) -> Reckoning:
    """Add the three sides up for these cases. A payment that came back counts for nothing on any side.

    `own`: who keeps the books of payments that leave by no provider: store credit, gift cards, by hand.
    """
    cases: dict[str, int] = defaultdict(int)
    ledger: dict[str, int] = defaultdict(int)
    provider: dict[str, int] = defaultdict(int)
    executed = (await sandbox.get("/executions")).json()["legs"]
    twice: list[str] = []
    for record in records:
        case = record.case
        if case.status in PAID_OUT and case.amount:
            cases[case.amount.currency] += sum(
                row.leg.amount.minor for row in record.legs if row.leg.state is LegState.SUCCEEDED
            )
        for posting in record.ledger:
            ledger[posting.amount.currency] += _out_of_the_house(posting.debit, posting.credit) * posting.amount.minor
        for row in record.legs:
            tally = executed.get(row.leg.provider_number)
            if row.leg.provider in own:
                kept = (await own[row.leg.provider].query(row)).kind is OutcomeKind.SUCCEEDED
                provider[row.leg.amount.currency] += row.leg.amount.minor * kept
            elif tally:
                provider[row.leg.amount.currency] += tally["not_reversed_minor"]
                twice += [row.leg.provider_number] if tally["executions"] > 1 else []
    return Reckoning(_present(cases), _present(ledger), _present(provider), tuple(twice))


def _out_of_the_house(debit: str, credit: str) -> int:
    """+1 for a posting that settles what a customer is owed, -1 for one that takes it back, 0 for any other."""
    settled = debit == CUSTOMER_REFUNDS_PAYABLE and credit.startswith(SETTLEMENT_PREFIXES)
    undone = credit == CUSTOMER_REFUNDS_PAYABLE and debit.startswith(SETTLEMENT_PREFIXES)
    return int(settled) - int(undone)


def _present(sums: Mapping[str, int]) -> dict[str, int]:
    return {currency: minor for currency, minor in sums.items() if minor}
