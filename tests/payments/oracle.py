"""What must hold after every step, counted at the providers and not in our own tables (design: reliability, I1–I3)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import select

from activities.rows import LegRow
from storage.rows.orders import paid_out
from storage.tables import LEDGER, STORED_VALUE_ENTRIES
from tests.payments.shop import OF_EACH_MINOR, ORDER_ID, Shop


@dataclass(frozen=True)
class Moved:
    """What the provider did under one number: how often, and what of it was not taken back, in minor units."""

    executions: int = 0
    standing: int = 0
    standing_minor: int = 0


class Oracle:
    """Remembers what each number was given out for."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._given_out: dict[str, tuple[str, int]] = {}

    async def check(self, numbers: list[str]) -> None:
        legs = [row for number in numbers for row in await self._legs(number)]
        moved = await self.moved()
        self._numbers_stay_what_they_are(legs, moved)
        self._each_leg_is_executed_once(legs, moved)
        await self._nothing_moves_beside_the_books(legs, moved)
        await self._nothing_is_booked_that_did_not_move(moved)

    async def agree(self) -> None:
        """At rest: ledger and providers say the same of each number, to the minor unit."""
        theirs = {number: each.standing_minor for number, each in (await self.moved()).items() if each.standing_minor}
        assert await self._booked() == theirs

    async def moved(self) -> dict[str, Moved]:
        """By our numbers."""
        report = (await self.shop.box.admin.get("/admin/executions")).json()
        assert report["without_leg"] == 0
        found = {
            number: Moved(line["executions"], line["not_reversed"], line["not_reversed_minor"])
            for number, line in report["legs"].items()
        }
        return found | await self._stored_value()

    async def _stored_value(self) -> dict[str, Moved]:
        async with self.shop.engine.connect() as connection:
            rows = await connection.execute(select(STORED_VALUE_ENTRIES))
            return {row.provider_number: Moved(1, 1, row.amount_minor) for row in rows}

    def _numbers_stay_what_they_are(self, legs: list[LegRow], moved: dict[str, Moved]) -> None:
        for row in legs:
            given = self._given_out.setdefault(row.leg.provider_number, (row.leg.provider, row.leg.amount.minor))
            assert given == (row.leg.provider, row.leg.amount.minor), f"{row.leg.provider_number} was given out twice"
            stands = moved.get(row.leg.provider_number, Moved())
            assert stands.standing_minor in (0, row.leg.amount.minor), f"another amount: {row.leg.provider_number}"
        assert set(moved) <= set(self._given_out)

    @staticmethod
    def _each_leg_is_executed_once(legs: list[LegRow], moved: dict[str, Moved]) -> None:
        standing: Counter[tuple[str, int]] = Counter()
        for row in legs:
            each = moved.get(row.leg.provider_number, Moved())
            assert each.executions <= 1, f"{row.leg.provider_number} was executed {each.executions} times"
            standing[row.number, row.leg.leg] += each.standing
        twice = [leg for leg, times in standing.items() if times > 1]
        assert not twice, f"paid under two numbers: {twice}"

    async def _nothing_moves_beside_the_books(self, legs: list[LegRow], moved: dict[str, Moved]) -> None:
        """What a payment gave back at the providers is refunded or reserved here, and never more than it was."""
        out: defaultdict[str, int] = defaultdict(int)
        for row in legs:
            out[row.tender_id] += moved.get(row.leg.provider_number, Moved()).standing_minor
        async with self.shop.store.begin() as unit:
            order = await unit.order(ORDER_ID)
        assert order is not None
        for tender in order.tenders:
            assert out[tender.tender_id] <= tender.taken_minor <= OF_EACH_MINOR, f"a reservation was lost: {tender}"

    async def _nothing_is_booked_that_did_not_move(self, moved: dict[str, Moved]) -> None:
        unmoved = [number for number in await self._booked() if not moved.get(number, Moved()).executions]
        assert not unmoved, f"booked and never executed: {unmoved}"

    async def _booked(self) -> dict[str, int]:
        """Paid and not paid back by the ledger, by our numbers."""
        totals: Counter[str] = Counter()
        async with self.shop.engine.connect() as connection:
            for number, minor in await connection.execute(select(LEDGER.c.provider_number, paid_out())):
                totals[number] += minor
        return {number: minor for number, minor in totals.items() if minor}

    async def _legs(self, number: str) -> tuple[LegRow, ...]:
        async with self.shop.store.begin() as unit:
            return await unit.legs(number)
