"""People in the operations log: pseudonyms in the chain of hashes, names and texts beside it, where they can be erased.

A pseudonym is a hash of the person with a salt of their own, a text is kept in the chain as a hash with a salt of its
own. Who knows the salt can prove both; once it is erased nobody can, and the chain is what it was (P6.3).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.rows import AuditEntry
from storage.rows.base import insert_if_new
from storage.tables import PEOPLE

ERASED_TEXT: Final = "[erased]"
"""What is shown where a text was."""

_PREFIX: Final = "p_"
_DIGITS: Final = 32
_SHOWN_DIGITS: Final = 12
_SALT_BYTES: Final = 16
NOBODY: Final = frozenset({("system", "system"), ("not proven", "")})


class Kind(StrEnum):
    """Customers' ids are the shop's, the staff's are ours: one id may stand for two people."""

    CUSTOMER = "customer"
    STAFF = "staff"


PEOPLE_IN_FACTS: Final[Mapping[str, Kind]] = {
    "customer": Kind.CUSTOMER,
    "entered_for": Kind.CUSTOMER,
    "said_for": Kind.CUSTOMER,
    "staff": Kind.STAFF,
}
"""Facts whose value is a person's id; people under any other name would stay in the chain for ever."""


_IN_FACTS: Final = re.compile(rf'"(?:{"|".join(PEOPLE_IN_FACTS)})": "({_PREFIX}[0-9a-f]{{{_DIGITS}}})"')
"""As `_json` writes them."""

_NAMES_AT_ONCE: Final = 500


class Person(NamedTuple):
    kind: Kind
    person_id: str


class Words(NamedTuple):
    """A text with its salt."""

    salt: str
    text: str

    @property
    def digest(self) -> str:
        return _keyed_hash(self.salt, self.text)


class Veiled(NamedTuple):
    """An entry as it goes into the chain, and the text of it that does not."""

    entry: AuditEntry
    words: Words | None


def pseudonym_of(person: Person, salt: str) -> str:
    """`p_` and 128 bits."""
    return _PREFIX + _keyed_hash(salt, f"{person.kind.value}:{person.person_id}")[:_DIGITS]


def _keyed_hash(salt: str, text: str) -> str:
    return hmac.new(bytes.fromhex(salt), text.encode(), hashlib.sha256).hexdigest()


def erased_person(pseudonym: str) -> str:
    """How somebody is shown whose name was erased: still the same in each entry, and another than all others."""
    return f"erased:{pseudonym.removeprefix(_PREFIX)[:_SHOWN_DIGITS]}"


async def veil(connection: AsyncConnection, entries: Sequence[AuditEntry]) -> list[Veiled]:
    """The entries without personal data; people who are new get a pseudonym."""
    people = {person for entry in entries for person in _people_of(entry).values()}
    pseudonyms = {person: await _pseudonym(connection, person) for person in sorted(people)}
    return [_veiled(entry, pseudonyms) for entry in entries]


def _veiled(entry: AuditEntry, pseudonyms: Mapping[Person, str]) -> Veiled:
    named = {place: pseudonyms[person] for place, person in _people_of(entry).items()}
    words = Words(secrets.token_hex(_SALT_BYTES), entry.why) if entry.why else None
    return Veiled(_with(entry, named, words.digest if words else ""), words)


def _with(entry: AuditEntry, people: Mapping[str, str], why: str) -> AuditEntry:
    """The entry with other names at the places where people stand: `actor`, or a name of a fact."""
    facts = {name: person for name, person in people.items() if name != "actor"}
    update = {
        "actor": people.get("actor", entry.actor),
        "why": why,
        "facts": _json(json.loads(entry.facts) | facts) if facts else entry.facts,
    }
    return entry.model_copy(update=update)


def _json(facts: Mapping[str, object]) -> str:
    return json.dumps(facts, sort_keys=True, ensure_ascii=False)


def _people_of(entry: AuditEntry) -> dict[str, Person]:
    """Who stands in the entry in clear, by place."""
    found = {name: Person(PEOPLE_IN_FACTS[name], person_id) for name, person_id in _people_in(entry.facts).items()}
    if (entry.actor, entry.role) not in NOBODY:
        found["actor"] = Person(Kind.CUSTOMER if entry.role == Kind.CUSTOMER else Kind.STAFF, entry.actor)
    return found


def _people_in(facts: str) -> dict[str, str]:
    if not any(f'"{name}"' in facts for name in PEOPLE_IN_FACTS):
        return {}
    told = json.loads(facts)
    return {name: told[name] for name in PEOPLE_IN_FACTS if isinstance(told.get(name), str)}


_OF_PERSON: Final = select(PEOPLE.c.pseudonym).where(
    PEOPLE.c.kind == bindparam("kind"), PEOPLE.c.person_id == bindparam("person_id")
)


async def known_pseudonym(connection: AsyncConnection, person: Person) -> str | None:
    """The person's present pseudonym; None if no entry names them, or they were erased."""
    found: str | None = (await connection.execute(_OF_PERSON, person._asdict())).scalar_one_or_none()
    return found


async def _pseudonym(connection: AsyncConnection, person: Person) -> str:
    """Two units that meet a new person at once agree on one pseudonym."""
    if found := await known_pseudonym(connection, person):
        return found
    salt = secrets.token_hex(_SALT_BYTES)
    row = person._asdict() | {"salt": salt, "pseudonym": pseudonym_of(person, salt)}
    await insert_if_new(connection, PEOPLE, row)
    return str((await connection.execute(_OF_PERSON, person._asdict())).scalar_one())


_NAMES: Final = select(PEOPLE.c.pseudonym, PEOPLE.c.person_id).where(
    PEOPLE.c.pseudonym.in_(bindparam("pseudonyms", expanding=True))
)


async def without_names(connection: AsyncConnection, pseudonyms: Iterable[str]) -> set[str]:
    """Those of them behind which no person stands (any more)."""
    asked = sorted(pseudonyms)
    known: set[str] = set()
    for start in range(0, len(asked), _NAMES_AT_ONCE):
        some = {"pseudonyms": asked[start : start + _NAMES_AT_ONCE]}
        known |= {row.pseudonym for row in await connection.execute(_NAMES, some)}
    return set(asked) - known


def pseudonyms_of(actor: str, facts: str) -> Iterator[str]:
    """Of the people of an entry as it stands in the chain; it is asked of millions, so the facts are not read."""
    if actor.startswith(_PREFIX):
        yield actor
    if f'"{_PREFIX}' in facts:
        yield from _IN_FACTS.findall(facts)


async def unveil(connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[AuditEntry]:
    """The entries with the people and texts that are still known. `rows`: columns of `audit`, with the text (None if
    there is none) as `words`; at most some thousands."""
    entries = [AuditEntry(**row) for row in rows]
    pseudonyms = {each for entry in entries for each in _pseudonyms_in(entry).values()}
    found = await connection.execute(_NAMES, {"pseudonyms": sorted(pseudonyms)}) if pseudonyms else ()
    names: dict[Any, str] = {row.pseudonym: row.person_id for row in found}
    return [_unveiled(entry, names, row["words"]) for entry, row in zip(entries, rows, strict=True)]


def _unveiled(entry: AuditEntry, names: Mapping[Any, str], text: str | None) -> AuditEntry:
    named = {place: names.get(each, erased_person(each)) for place, each in _pseudonyms_in(entry).items()}
    return _with(entry, named, (ERASED_TEXT if text is None else text) if entry.why else "")


def _pseudonyms_in(entry: AuditEntry) -> dict[str, str]:
    stand = _people_in(entry.facts) | {"actor": entry.actor}
    return {place: each for place, each in stand.items() if each.startswith(_PREFIX)}


def false_names(rows: Iterable[tuple[str, str, str, str]]) -> list[str]:
    """Pseudonyms that are not what their person and salt make; `rows`: pseudonym, kind, person id, salt."""
    return [
        pseudonym
        for pseudonym, kind, person_id, salt in rows
        if pseudonym != pseudonym_of(Person(Kind(kind), person_id), salt)
    ]
