"""Pseudonyms: what a salt leads to, and that nothing else does (P6.3)."""

from __future__ import annotations

from activities.casefile import NOT_PROVEN, SYSTEM
from storage.people import NOBODY, Kind, Person, Words, erased_person, false_names, pseudonym_of

SALT, OTHER_SALT = "0a" * 16, "0b" * 16
WEI = Person(Kind.CUSTOMER, "wei")


def test_a_pseudonym_is_of_one_person_and_one_salt() -> None:
    made = pseudonym_of(WEI, SALT)
    assert made == pseudonym_of(WEI, SALT)
    others = {pseudonym_of(WEI, OTHER_SALT), pseudonym_of(Person(Kind.STAFF, "wei"), SALT)}
    assert made not in others
    assert len(others) == 2
    assert "wei" not in made


def test_a_name_that_does_not_fit_its_pseudonym_is_a_false_one() -> None:
    made = pseudonym_of(WEI, SALT)
    right = (made, "customer", "wei", SALT)
    assert false_names([right]) == []
    for wrong in (("staff", "wei", SALT), ("customer", "li", SALT), ("customer", "wei", OTHER_SALT)):
        assert false_names([right, (made, *wrong)]) == [made]


def test_a_text_is_proved_by_its_salt_and_cannot_be_guessed_without() -> None:
    assert Words(SALT, "No.").digest == Words(SALT, "No.").digest
    assert Words(SALT, "No.").digest != Words(OTHER_SALT, "No.").digest


def test_erased_people_are_still_told_apart() -> None:
    one, other = pseudonym_of(WEI, SALT), pseudonym_of(WEI, OTHER_SALT)
    assert erased_person(one) != erased_person(other)


def test_those_who_are_nobody_are_who_the_steps_say() -> None:
    assert {(SYSTEM.name, SYSTEM.role), (NOT_PROVEN.name, NOT_PROVEN.role)} == NOBODY
