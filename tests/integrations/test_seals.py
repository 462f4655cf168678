"""Seals outside the database: written once, chained, signed; whatever is done to a file is found and named (P6.3)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr, TypeAdapter, ValidationError

from activities.ports import SealedHead
from integrations.links import LinkKey
from integrations.seal_format import SealBrokenError
from integrations.seals import SealAddressError, SealFiles, SealKeys, open_seals

MONDAY = date(2026, 11, 2)
AT = datetime(2026, 11, 2, 23, 50, tzinfo=UTC)
KEY = LinkKey(key_id="2026a", secret=SecretStr("a secret that is long"))
NEW_KEY = LinkKey(key_id="2026b", secret=SecretStr("another one that is long"))
DAYS = 3


def head(place: int, seq: int = 1) -> SealedHead:
    return SealedHead(f"{place:05}-00000-0000", seq, hashlib.sha256(f"{place} {seq}".encode()).hexdigest())


async def batches(*heads: SealedHead) -> AsyncIterator[Sequence[SealedHead]]:
    yield heads[:1]
    yield heads[1:]


async def write(seals: SealFiles, day: date, *heads: SealedHead) -> None:
    await seals.write(day, AT, batches(*heads))


async def check(seals: SealFiles) -> tuple[list[tuple[str, SealedHead]], list[tuple[str, str]]]:
    """What seals that hold have, by day, and what is wrong with the others."""
    held: list[tuple[str, SealedHead]] = []
    _, faults = await seals.check(lambda day, heads: held.extend((day, each) for each in heads))
    return held, [(fault.day, fault.why) for fault in faults]


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """Three days' signed seals of two heads each."""
    seals = open_seals(str(tmp_path / "seals"), [KEY])
    for day in range(DAYS):
        await write(seals, MONDAY + timedelta(days=day), head(1, day + 1), head(2, day + 1))
    return tmp_path / "seals"


async def test_a_seal_is_canonical_lines_chained_and_signed(folder: Path) -> None:
    *lines, last = (folder / "2026-11-03.jsonl").read_bytes().splitlines(keepends=True)
    before = json.loads((folder / "2026-11-02.jsonl").read_text().splitlines()[-1])
    first, *heads = (json.loads(line) for line in lines)
    assert first == {"at": AT.isoformat(), "day": "2026-11-03", "format": 1, "previous": before["seal"]}
    assert heads == [head(1, 2)._asdict(), head(2, 2)._asdict()]
    seal = hashlib.sha256(b"".join(lines)).hexdigest()
    mac = hmac.new(b"a secret that is long", seal.encode(), hashlib.sha256).hexdigest()
    assert json.loads(last) == {"heads": 2, "seal": seal, "key_id": "2026a", "mac": mac}
    assert all(
        line == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")).encode() + b"\n" for line in lines
    )


async def test_seals_that_nobody_touched_hold_and_give_what_they_have(folder: Path) -> None:
    held, faults = await check(open_seals(str(folder), [KEY]))
    assert faults == []
    assert [day for day, _ in held] == sorted(["2026-11-02", "2026-11-03", "2026-11-04"] * 2)
    assert held[-1] == ("2026-11-04", head(2, 3))


async def test_a_days_seal_is_written_once(folder: Path) -> None:
    seals = open_seals(str(folder), [KEY])
    before = (folder / "2026-11-03.jsonl").read_bytes()
    assert await seals.has(date(2026, 11, 3))
    await write(seals, date(2026, 11, 3), head(7))
    assert (folder / "2026-11-03.jsonl").read_bytes() == before
    assert not await seals.has(date(2026, 11, 5))


async def test_a_day_on_which_nothing_moved_has_a_seal_too(folder: Path) -> None:
    seals = open_seals(str(folder), [KEY])
    await write(seals, date(2026, 11, 5))
    assert (await check(seals))[1] == []


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'"seq":2', b'"seq":3', "its content was changed"),
        (b'"day":"2026-11-03"', b'"day":"2026-11-01"', "its content was changed"),
        (b'"seal":', b'"seal":""}\n{"seal":', "something was written behind its end"),
        (b'"number":', b'"name":', "line 2 cannot be read"),
        (b'{"at"', b'["at"', "line 1 cannot be read"),
    ],
)
async def test_a_changed_seal_is_found_and_nothing_of_it_counts(folder: Path, old: bytes, new: bytes, why: str) -> None:
    file = folder / "2026-11-03.jsonl"
    file.write_bytes(file.read_bytes().replace(old, new, 1))
    held, faults = await check(open_seals(str(folder), [KEY]))
    assert faults == [("2026-11-03", why)]
    assert {day for day, _ in held} == {"2026-11-02", "2026-11-04"}


@pytest.mark.parametrize("kept", [0, 1, 3])
async def test_a_seal_that_was_cut_off_is_found(folder: Path, kept: int) -> None:
    file = folder / "2026-11-03.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:kept]))
    assert ("2026-11-03", "its end was cut off") in (await check(open_seals(str(folder), [KEY])))[1]


async def test_a_removed_seal_is_found_at_the_one_that_followed(folder: Path) -> None:
    (folder / "2026-11-03.jsonl").unlink()
    _, [(day, why)] = await check(open_seals(str(folder), [KEY]))
    assert day == "2026-11-04"
    assert why.startswith("it does not follow upon the seal before it")


async def test_a_seal_written_anew_without_our_key_is_found(tmp_path: Path) -> None:
    """Somebody who could write the store, but has no key."""
    for forger, why in (
        (LinkKey(key_id="2026a", secret=SecretStr("not the secret at all")), "its signature was not made with our key"),
        (NEW_KEY, "it is signed with the key 2026b, which was not given"),
        (None, "it is not signed"),
    ):
        elsewhere = tmp_path / why
        forged = open_seals(str(elsewhere), [forger] if forger else [])
        for day in range(DAYS):
            await write(forged, MONDAY + timedelta(days=day), head(1, day + 1))
        faults = (await check(open_seals(str(elsewhere), [KEY])))[1]
        assert faults == [(f"2026-11-0{2 + day}", why) for day in range(DAYS)]


async def test_seals_from_before_there_was_a_key_are_held_by_those_after(tmp_path: Path) -> None:
    address = str(tmp_path / "later")
    await write(open_seals(address), MONDAY, head(1))
    await write(open_seals(address, [KEY]), MONDAY + timedelta(days=1), head(2))
    await write(open_seals(address, [NEW_KEY, KEY]), MONDAY + timedelta(days=2), head(3))
    assert (await check(open_seals(address, [NEW_KEY, KEY])))[1] == []
    assert (await check(open_seals(address)))[1] == []


def forged(*lines: dict[str, object], **trailer: object) -> bytes:
    """A seal of Monday that is right in itself, by somebody who can write the store."""
    first = {"at": AT.isoformat(), "day": "2026-11-02", "format": 1, "previous": "0" * 64}
    told = b"".join(json.dumps(each).encode() + b"\n" for each in (first, *lines))
    return told + json.dumps({"seal": hashlib.sha256(told).hexdigest(), **trailer}).encode() + b"\n"


FAR_AHEAD: dict[str, object] = {"number": "00001-00000-0000", "seq": 999_999, "hash": "f" * 64}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (forged(key_id="2026a", mac="é"), "its signature was not made with our key"),
        (forged(FAR_AHEAD | {"seq": "many"}), "line 2 cannot be read"),
        (forged(FAR_AHEAD | {"seq": 2**70}), "line 2 cannot be read"),
        (forged(FAR_AHEAD | {"number": None}), "line 2 cannot be read"),
        (b"[" * 100_000, "line 1 cannot be read"),
        (b"\xff\xfe\n", "line 1 cannot be read"),
    ],
)
async def test_whatever_stands_in_a_seal_is_a_fault_and_stops_no_check(
    tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / "2026-11-02.jsonl").write_bytes(content)
    assert await check(open_seals(str(tmp_path), [KEY])) == ([], [("2026-11-02", why)])


async def test_other_files_beside_the_seals_are_none(folder: Path) -> None:
    for name in ("notes.jsonl", "2026-02-31.jsonl", "20261103.jsonl", "2026-11-03.jsonl.bak"):
        (folder / name).write_text("hello\n")
    assert (await check(open_seals(str(folder), [KEY])))[1] == []


@pytest.mark.parametrize("content", [forged(FAR_AHEAD), forged(FAR_AHEAD).replace(b'"format": 1', b'"format": 2')])
async def test_nothing_of_a_seal_counts_that_somebody_wrote_before_us(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "2026-11-02.jsonl").write_bytes(content)
    taken: list[SealedHead] = []

    async def take(heads: Sequence[SealedHead]) -> None:
        taken.extend(heads)

    with pytest.raises(SealBrokenError):
        await open_seals(str(tmp_path), [KEY]).read(MONDAY, take)
    assert taken == []


async def test_a_seal_without_our_signature_between_those_that_have_it_is_found(tmp_path: Path) -> None:
    address = str(tmp_path / "between")
    for place, keys in enumerate(([], [KEY], [], [KEY])):
        await write(open_seals(address, keys), MONDAY + timedelta(days=place), head(place))
    assert (await check(open_seals(address, [KEY])))[1] == [("2026-11-04", "it is not signed")]


async def test_a_seal_cannot_follow_upon_one_that_is_broken(folder: Path) -> None:
    (folder / "2026-11-04.jsonl").write_text("nothing\n")
    with pytest.raises(SealBrokenError, match=r"2026-11-04.*put back the file"):
        await write(open_seals(str(folder), [KEY]), date(2026, 11, 5), head(1))


async def test_a_seal_of_many_chains_is_read_in_batches(tmp_path: Path) -> None:
    seals = open_seals(str(tmp_path))
    many = [head(place) for place in range(2500)]
    await write(seals, MONDAY, *many)
    sizes: list[int] = []

    async def take(heads: Sequence[SealedHead]) -> None:
        sizes.append(len(heads))

    assert (await seals.read(MONDAY, take)).heads == sum(sizes) == 2500
    assert max(sizes) <= 1000


def test_a_folder_that_is_only_to_be_read_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SealAddressError, match="Name a folder or an address"):
        open_seals(str(tmp_path / "mistyped"), make=False)
    assert not (tmp_path / "mistyped").exists()
    with pytest.raises(SealAddressError):
        open_seals("gopher://seals")


def test_two_keys_under_one_id_are_refused() -> None:
    twice = json.dumps([{"key_id": "2026a", "secret": "x" * 16}] * 2)
    with pytest.raises(ValidationError, match="the key id 2026a stands there twice"):
        TypeAdapter(SealKeys).validate_json(twice)
