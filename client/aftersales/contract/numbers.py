"""Application numbers (申请号): 64 random or derived bits that can be read over the telephone (P1.2).

Thirteen characters of a 31-letter alphabet without I, L, O, U, Z, and one check character, written as
`XXXXX-XXXXX-XXXX`. Thirty-one is prime, so a weighted sum modulo 31 finds every single wrong character and
every two characters that changed places.
"""

from __future__ import annotations

import hashlib
import secrets

from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXY"
BASE = len(ALPHABET)
PAYLOAD_LENGTH = 13
NUMBER_PATTERN = rf"^[{ALPHABET}]{{5}}-[{ALPHABET}]{{5}}-[{ALPHABET}]{{4}}$"
WORKFLOW_ID_PREFIX = "refund/"
_HEARD_ALIKE = str.maketrans({"I": "1", "L": "1", "O": "0", "Z": "2", " ": None, "-": None})


def new_number() -> str:
    """A fresh application number from the operating system's randomness."""
    return _from_bits(secrets.randbits(64))


def number_for(caller: str, request_key: str) -> str:
    """The one number that a caller's request key stands for: asking twice gives one case.

    A key with half of a surrogate pair has one too; the message that carries it is refused and names the field.
    """
    told = f"{len(caller)}:{caller}{request_key}".encode(errors="surrogatepass")
    digest = hashlib.sha256(told).digest()
    return _from_bits(int.from_bytes(digest[:8], "big"))


def parse_number(typed: str) -> str:
    """The number in its written form, from what a person typed or heard.

    Raises AftersalesError(number_invalid) when it is not fourteen known characters or its check fails.
    """
    plain = typed.strip().upper().translate(_HEARD_ALIKE)
    if len(plain) != PAYLOAD_LENGTH + 1 or any(c not in ALPHABET for c in plain):
        raise AftersalesError(
            ErrorCode.NUMBER_INVALID,
            f"{typed!r} is not an application number; one has 14 characters, written XXXXX-XXXXX-XXXX.",
        )
    if _weighted_sum(plain) % BASE:
        raise AftersalesError(
            ErrorCode.NUMBER_INVALID, f"{typed!r} is not an application number; a character is wrong."
        )
    return _written(plain)


def workflow_id(number: str) -> str:
    """The Temporal workflow id of a case."""
    return WORKFLOW_ID_PREFIX + number


def _from_bits(bits: int) -> str:
    letters = []
    for _ in range(PAYLOAD_LENGTH):
        bits, digit = divmod(bits, BASE)
        letters.append(ALPHABET[digit])
    payload = "".join(reversed(letters))
    return _written(payload + _check_character(payload))


def _check_character(payload: str) -> str:
    weight = PAYLOAD_LENGTH + 1
    inverse = pow(weight, -1, BASE)
    return ALPHABET[-_weighted_sum(payload) * inverse % BASE]


def _weighted_sum(plain: str) -> int:
    return sum(place * ALPHABET.index(letter) for place, letter in enumerate(plain, start=1))


def _written(plain: str) -> str:
    return f"{plain[:5]}-{plain[5:10]}-{plain[10:]}"
