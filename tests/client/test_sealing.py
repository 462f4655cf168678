"""Sealing: what was sealed opens with its own key in its own place, and nothing else does."""

from itertools import pairwise

import pytest
from pydantic import TypeAdapter, ValidationError

from aftersales import EncryptionError, EncryptionKey, ErrorCode
from aftersales.sealing import EncryptionKeys, Sealed, Sealer
from tests.client.encrypting import key, secret_of

PLAIN = "account of 王芳".encode()
KEYS: TypeAdapter[tuple[EncryptionKey, ...]] = TypeAdapter(EncryptionKeys)


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([key("new"), key("old")])


@pytest.mark.parametrize("plain", [b"", PLAIN, bytes(100_000)])
def test_what_was_sealed_opens(sealer: Sealer, plain: bytes) -> None:
    sealed = sealer.seal(plain, b"payee 1")
    assert (sealed.key_id, len(sealed.ciphertext)) == ("new", len(plain) + 29)
    assert sealer.open(sealed, b"payee 1") == plain


def test_the_same_thing_sealed_again_looks_different_from_its_first_byte_to_its_last(sealer: Sealer) -> None:
    seals = [sealer.seal(PLAIN, b"") for _ in range(1000)]
    assert len({seal.ciphertext[1:13] for seal in seals}) == 1000
    assert all(one.ciphertext[13:] != other.ciphertext[13:] for one, other in pairwise(seals))


def test_after_a_rotation_old_seals_open_and_new_ones_bear_the_new_key(sealer: Sealer) -> None:
    before = Sealer([key("old")])
    assert sealer.open(before.seal(PLAIN, b""), b"") == PLAIN
    with pytest.raises(EncryptionError, match=r"key 'new', which this process does not hold \(it holds old\)"):
        before.open(sealer.seal(PLAIN, b""), b"")


def test_a_seal_moved_to_another_place_does_not_open(sealer: Sealer) -> None:
    with pytest.raises(EncryptionError, match="key 'new' and does not open"):
        sealer.open(sealer.seal(PLAIN, b"payee 1"), b"payee 2")


def test_no_bit_of_a_seal_can_be_changed(sealer: Sealer) -> None:
    key_id, ciphertext = sealer.seal(PLAIN, b"")
    for place in range(len(ciphertext)):
        changed = bytearray(ciphertext)
        changed[place] ^= 1
        with pytest.raises(EncryptionError, match="key 'new'"):
            sealer.open(Sealed(key_id, bytes(changed)), b"")


@pytest.mark.parametrize("length", [0, 1, 12, 28])
def test_a_seal_that_was_cut_is_said_to_be_damaged(sealer: Sealer, length: int) -> None:
    key_id, ciphertext = sealer.seal(PLAIN, b"")
    with pytest.raises(EncryptionError, match="it is damaged, or a newer version wrote it"):
        sealer.open(Sealed(key_id, ciphertext[:length]), b"")


def test_a_seal_under_another_keys_id_does_not_open(sealer: Sealer) -> None:
    same_secret = EncryptionKey.model_validate({"key_id": "renamed", "secret": secret_of("new")})
    with pytest.raises(EncryptionError, match="key 'renamed' and does not open"):
        Sealer([same_secret]).open(Sealed("renamed", sealer.seal(PLAIN, b"").ciphertext), b"")


def test_what_does_not_open_is_for_operations_and_may_be_tried_again_once_they_have_mended_it() -> None:
    error = EncryptionError("anything")
    assert error.code is ErrorCode.ENGINE_UNAVAILABLE
    assert error.rule.retryable


def test_a_sealer_without_a_key_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        Sealer([])


@pytest.mark.parametrize("secret", ["", "short", secret_of("k")[:-4], secret_of("k") + "AAAA", "ö" * 44, "!" * 44])
def test_a_secret_that_is_no_key_is_refused_and_never_repeated(secret: str) -> None:
    with pytest.raises(ValidationError, match="32 bytes in base64; `openssl rand -base64 32` makes one") as refused:
        EncryptionKey.model_validate({"key_id": "k", "secret": secret})
    assert not secret or secret not in str(refused.value)


@pytest.mark.parametrize("key_id", ["", "with space", "line\nbreak", "ä", "k" * 33])
def test_a_key_id_is_short_and_plain(key_id: str) -> None:
    with pytest.raises(ValidationError, match="key_id"):
        EncryptionKey.model_validate({"key_id": key_id, "secret": secret_of("k")})


def test_two_keys_of_one_id_are_refused() -> None:
    with pytest.raises(ValidationError, match="the key id k stands there twice"):
        KEYS.validate_python([key("k"), key("other"), key("k")])


def test_a_key_never_shows_its_secret() -> None:
    assert secret_of("k") not in repr(key("k"))
    assert secret_of("k") not in key("k").model_dump_json()
