"""Account details are readable by whoever holds the key, in the place that they were locked for, and nowhere else."""

import base64

import pytest
from pydantic import SecretStr

from aftersales.sealing import EncryptionError, EncryptionKey, Sealer
from integrations.vault import Vault

IBAN = b"DE89370400440532013000"


def key(key_id: str, fill: bytes) -> EncryptionKey:
    return EncryptionKey(key_id=key_id, secret=SecretStr(base64.b64encode(fill * 32).decode()))


OLD, NEW = key("2026a", b"o"), key("2026b", b"n")


def test_what_was_locked_opens_in_its_place() -> None:
    vault = Vault([NEW])
    assert vault.open(vault.lock(IBAN, "row-1"), "row-1") == IBAN


def test_what_is_locked_tells_nothing_and_never_looks_the_same_twice() -> None:
    vault = Vault([NEW])
    first, second = vault.lock(IBAN, "row-1"), vault.lock(IBAN, "row-1")
    assert IBAN not in first.ciphertext
    assert first.ciphertext != second.ciphertext


def test_what_was_locked_for_one_place_does_not_open_in_another() -> None:
    vault = Vault([NEW])
    with pytest.raises(EncryptionError, match="moved"):
        vault.open(vault.lock(IBAN, "row-1"), "row-2")


def test_what_the_same_key_sealed_for_another_purpose_does_not_open() -> None:
    """Whoever can put a payload's text into the table learns nothing by having it revealed."""
    payload = Sealer([NEW]).seal(IBAN, b"row-1")
    with pytest.raises(EncryptionError):
        Vault([NEW]).open(payload, "row-1")


def test_the_first_key_locks_and_the_rolled_one_still_opens() -> None:
    locked = Vault([OLD]).lock(IBAN, "row-1")
    rolled = Vault([NEW, OLD])
    assert rolled.open(locked, "row-1") == IBAN
    assert rolled.lock(IBAN, "row-1").key_id == NEW.key_id


def test_a_key_that_was_taken_away_is_named() -> None:
    locked = Vault([OLD]).lock(IBAN, "row-1")
    with pytest.raises(EncryptionError, match=r"'2026a'.*Add that key"):
        Vault([NEW]).open(locked, "row-1")


def test_a_vault_without_a_key_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        Vault([])


def test_no_secret_stands_in_what_is_printed() -> None:
    assert OLD.secret.get_secret_value() not in repr(Vault([OLD])) + repr(OLD)
