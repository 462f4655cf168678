"""Which ends of chains are to be sealed, and what seals say of a chain (P6.3)."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Seal, SealedHead
from storage.audit import ChainBreak, SealedLink
from storage.seals import ChainEnds, SealedEnds
from storage.store import SqlStore
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, entry

HASH = "a" * 64


async def unsealed(ends: ChainEnds) -> list[SealedHead]:
    return [head async for heads in ends.unsealed() for head in heads]


async def append(store: SqlStore, *numbers: str) -> None:
    async with store.begin() as unit:
        await unit.append_audit(tuple(entry("noted", number) for number in numbers))


async def test_only_ends_that_moved_since_are_sealed_again(store: SqlStore, engine: AsyncEngine) -> None:
    ends = ChainEnds(engine)
    await append(store, NUMBER, OTHER_NUMBER)
    first = await unsealed(ends)
    assert [(head.number, head.seq) for head in first] == [(each, 1) for each in sorted((NUMBER, OTHER_NUMBER))]
    await ends.mark(first)
    assert await unsealed(ends) == []
    await append(store, NUMBER)
    assert [(head.number, head.seq) for head in await unsealed(ends)] == [(NUMBER, 2)]


async def test_an_older_seal_marked_late_takes_nothing_back(store: SqlStore, engine: AsyncEngine) -> None:
    ends = ChainEnds(engine)
    await append(store, NUMBER, NUMBER)
    await ends.mark([SealedHead(NUMBER, 2, HASH)])
    await ends.mark([SealedHead(NUMBER, 1, HASH)])
    assert await unsealed(ends) == []


async def test_ends_come_in_batches_and_none_twice(store: SqlStore, engine: AsyncEngine) -> None:
    await append(store, *(f"log{chr(97 + place)}" for place in range(5)))
    batches = [batch async for batch in ChainEnds(engine, batch=2).unsealed()]
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert len({head.number for batch in batches for head in batch}) == 5


async def test_the_database_remembers_which_seals_there_must_be(engine: AsyncEngine) -> None:
    ends = ChainEnds(engine)
    made = Seal(day=date(2026, 11, 2), at=NOON, heads=3, seal=HASH, previous="0" * 64)
    await ends.note(made)
    await ends.note(made.model_copy(update={"seal": "b" * 64}))
    assert await ends.noted() == {"2026-11-02": HASH}


def test_of_one_entry_the_oldest_seal_counts_and_what_nobody_asks_for_is_left() -> None:
    ends = SealedEnds()
    ends.add("2026-11-02", [SealedHead(NUMBER, 2, HASH), SealedHead(OTHER_NUMBER, 1, HASH)])
    ends.add("2026-11-03", [SealedHead(NUMBER, 2, "b" * 64), SealedHead(NUMBER, 5, HASH)])
    assert ends.take(NUMBER) == {2: SealedLink(HASH, "2026-11-02"), 5: SealedLink(HASH, "2026-11-03")}
    assert ends.take(NUMBER) == {}
    assert list(ends.left()) == [
        ChainBreak(OTHER_NUMBER, 1, "the whole log is missing: the seal of 2026-11-02 has it up to entry 1")
    ]
