"""Which passwords are taken, and that neither the hash nor the time tells anything."""

from __future__ import annotations

from typing import Literal

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from storage.passwords import PasswordRefusedError, Passwords, refuse_weak
from tests.storage.people_of_the_shop import PASSWORD, QUICK


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("short 1 short"[:11], "12 to 200"),
        ("x" * 201, "12 to 200"),
        ("I am WANG.FANG, hello", "contains the name"),
        ("the great Fangfang rules", "contains the name"),
        ("Password1234", "anybody tries"),
        ("woaini1314520", "anybody tries"),
        ("abababababab", "anybody tries"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused_with_what_a_better_one_is_like(password: str, told: str) -> None:
    with pytest.raises(PasswordRefusedError, match=told):
        refuse_weak(password, "wang.fang", "Fangfang Wang")


def test_a_few_words_are_a_good_password_in_any_language() -> None:
    for password in (PASSWORD, "灯笼 河流 钢琴 锡兵 下午茶", "li is a short name"):
        refuse_weak(password, "li", "Li Wu")


async def test_only_the_password_fits_and_the_same_one_is_never_hashed_alike() -> None:
    first, second = await QUICK.hashed(PASSWORD), await QUICK.hashed(PASSWORD)
    assert first != second
    assert await QUICK.fits(PASSWORD, first)
    assert not await QUICK.fits(PASSWORD.upper(), first)
    assert not await QUICK.fits(PASSWORD, "no hash at all")


async def test_an_unknown_name_costs_the_same_work_and_never_fits() -> None:
    class Counting(PasswordHasher):
        verified = 0

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the library's name
            self.verified += 1
            return super().verify(hash, password)

    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    assert not await Passwords(hasher).fits(PASSWORD, None)
    assert hasher.verified == 1


async def test_hashes_have_the_parameters_of_the_standard() -> None:
    made = extract_parameters(await Passwords().hashed(PASSWORD))
    assert (made.type, made.memory_cost, made.time_cost, made.parallelism) == (Type.ID, 64 * 1024, 3, 4)
