"""Evidence as steps see it: whether it is known, and in which other cases it was seen (P2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Insert, Select, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.pieces import Findings, ReusedEvidence
from aftersales.contract.values import CaseStatus, EvidenceRef
from storage.rows.base import Rows, upsert
from storage.tables import CASES, EVIDENCE, EVIDENCE_CONTENTS, LIKENESS_BANDS

MOST_BITS: Final = 6
"""Hashes that differ in no more bits are of the same picture: copies of one differ in 0 to 4, others in about 32."""

_BANDS: Final = 4
_BAND_BITS: Final = 16
_SIGN: Final = 1 << 63
_ALL: Final = (1 << 64) - 1

GAVE_UP: Final = (CaseStatus.WITHDRAWN, CaseStatus.EXPIRED)
"""A case that ended so paid nothing for its pictures: its own customer may apply again with them."""

_UNSEEN: Final = and_(CASES.c.status == CaseStatus.REJECTED, CASES.c.verdict.is_(None), CASES.c.amount_minor.is_(None))
"""Turned down by the checks of an application: neither the policy nor a person judged its pictures, and no amount was
ever proposed for them. Its customer may correct it, for that order alone: elsewhere the picture would be of other
goods."""

_LIKENESSES: Final = select(EVIDENCE_CONTENTS.c.sha256, EVIDENCE_CONTENTS.c.likeness).where(
    EVIDENCE_CONTENTS.c.sha256.in_(bindparam("hashes", expanding=True)), EVIDENCE_CONTENTS.c.likeness.is_not(None)
)
_CANDIDATES: Final = (
    select(EVIDENCE_CONTENTS.c.sha256, EVIDENCE_CONTENTS.c.likeness)
    .join(LIKENESS_BANDS, LIKENESS_BANDS.c.sha256 == EVIDENCE_CONTENTS.c.sha256)
    .where(LIKENESS_BANDS.c.band.in_(bindparam("bands", expanding=True)))
    .distinct()
)


def _of_customer(customer_id: str) -> ColumnElement[bool]:
    """Of uploads whose customer is known."""
    return and_(EVIDENCE.c.customer_id != "", EVIDENCE.c.customer_id == customer_id)


def _same_customers_first_try() -> ColumnElement[bool]:
    mine = EVIDENCE.alias("mine")
    customers = select(mine.c.customer_id).where(mine.c.number == bindparam("number"), mine.c.customer_id != "")
    corrected = and_(_UNSEEN, CASES.c.order_id == bindparam("order_id"))
    return and_(or_(CASES.c.status.in_(GAVE_UP), corrected), CASES.c.customer_id.in_(customers))


_OTHER_CASES: Final[Select[Any]] = (
    select(EVIDENCE.c.sha256, EVIDENCE.c.number)
    .join(CASES, CASES.c.number == EVIDENCE.c.number)
    .where(
        EVIDENCE.c.sha256.in_(bindparam("hashes", expanding=True)),
        EVIDENCE.c.number != bindparam("number"),
        ~_same_customers_first_try(),
    )
    .order_by(CASES.c.opened_at, CASES.c.number)
)


class EvidenceRows(Rows):
    """See `activities.ports.Unit`."""

    async def evidence_known(self, refs: tuple[EvidenceRef, ...], number: str, customer_id: str) -> bool:
        """Taken in with just this hash, media type and size, and neither erased nor infected."""
        if not refs:
            return True
        query = (
            select(EVIDENCE.c.sha256, EVIDENCE.c.media_type, EVIDENCE.c.size_bytes)
            .join(EVIDENCE_CONTENTS, EVIDENCE_CONTENTS.c.sha256 == EVIDENCE.c.sha256)
            .where(
                EVIDENCE.c.sha256.in_([ref.sha256 for ref in refs]),
                EVIDENCE_CONTENTS.c.erased_at.is_(None),
                EVIDENCE_CONTENTS.c.quarantined_at.is_(None),
                or_(EVIDENCE.c.number == number, _of_customer(customer_id)),
            )
        )
        known = {tuple(row) for row in await self._connection.execute(query)}
        return all((ref.sha256, ref.media_type, ref.size_bytes) in known for ref in refs)

    async def reused_evidence(
        self, number: str, order_id: str, refs: tuple[EvidenceRef, ...]
    ) -> tuple[ReusedEvidence, ...]:
        """Two or three look-ups by index for each piece, however many pictures there are."""
        found = [await reused_in(self._connection, number, order_id, ref.sha256) for ref in refs]
        return tuple(each for of_piece in found for each in of_piece)


async def reused_in(connection: AsyncConnection, number: str, order_id: str, sha256: str) -> tuple[ReusedEvidence, ...]:
    """Other cases than this one, of that order, with this content or with a picture nearly like it; the oldest case
    first."""
    distances = await _alike(connection, sha256)
    asked = {"hashes": list(distances), "number": number, "order_id": order_id}
    rows = await connection.execute(_OTHER_CASES, asked)
    nearest: dict[str, int] = {}
    for other_sha256, other_number in rows:
        nearest[other_number] = min(nearest.get(other_number, MOST_BITS), distances[other_sha256])
    return tuple(
        ReusedEvidence(sha256=sha256, other_number=other, distance=distance) for other, distance in nearest.items()
    )


async def _alike(connection: AsyncConnection, sha256: str) -> Mapping[str, int]:
    """Contents like this one, itself among them, with the number of bits in which they differ."""
    own = (await connection.execute(_LIKENESSES, {"hashes": [sha256]})).one_or_none()
    if own is None:
        return {sha256: 0}
    likeness = unsigned(own.likeness)
    rows = await connection.execute(_CANDIDATES, {"bands": list(_near_bands(likeness))})
    distances = {row.sha256: (unsigned(row.likeness) ^ likeness).bit_count() for row in rows}
    return {other: bits for other, bits in distances.items() if bits <= MOST_BITS} | {sha256: 0}


def bands(likeness: int) -> tuple[int, ...]:
    """The four quarters of the 64 bits, each with its place."""
    mask = (1 << _BAND_BITS) - 1
    return tuple(place << _BAND_BITS | likeness >> place * _BAND_BITS & mask for place in range(_BANDS))


def _near_bands(likeness: int) -> Iterator[int]:
    """Each quarter, and what it is with one bit turned round: 68 values."""
    for band in bands(likeness):
        yield band
        yield from (band ^ 1 << bit for bit in range(_BAND_BITS))


def signed(likeness: int | None) -> int | None:
    """As a database's BIGINT holds it."""
    return None if likeness is None else likeness - 2 * (likeness & _SIGN)


def unsigned(stored: int) -> int:
    return stored & _ALL


def findings_of(row: Mapping[str, Any]) -> Findings:
    """The findings of a row of `evidence_contents`."""
    stored = {name: row[name] for name in Findings.model_fields}
    likeness = stored["likeness"]
    return Findings(**stored | {"likeness": None if likeness is None else unsigned(likeness)})


async def keep_findings(connection: AsyncConnection, ref: EvidenceRef, findings: Findings) -> None:
    """Write down what a content is; what was measured once stays, and content that comes again is erased no more."""
    values: dict[str, Any] = dict(findings) | dict(ref) | {"likeness": signed(findings.likeness)}
    await connection.execute(_keep(connection.dialect.name), values | {"erased_at": None})
    if findings.likeness is not None:
        rows = [{"band": band, "sha256": ref.sha256} for band in bands(findings.likeness)]
        await connection.execute(_keep_band(connection.dialect.name), rows)


@cache
def _keep(dialect: str) -> Insert:
    statement = upsert(dialect, EVIDENCE_CONTENTS)
    measured = {
        name: func.coalesce(EVIDENCE_CONTENTS.c[name], statement.excluded[name]) for name in Findings.model_fields
    }
    return statement.on_conflict_do_update(
        index_elements=[EVIDENCE_CONTENTS.c.sha256], set_={**measured, "erased_at": statement.excluded.erased_at}
    )


@cache
def _keep_band(dialect: str) -> Insert:
    return upsert(dialect, LIKENESS_BANDS).on_conflict_do_nothing()
