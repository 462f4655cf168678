"""Sealing: AES-256-GCM under keys that have ids, so that keys can be rolled.

Needs `aftersales-client[encryption]`; without it this module can be imported, and a `Sealer` says what is missing.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, field_validator

from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode, Frozen

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
HOW_TO_MAKE_ONE: Final = "`openssl rand -base64 32` makes one"
_FORMAT: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


class EncryptionError(AftersalesError):
    """Something cannot be sealed or opened with the keys of this process; `str(error)` says what operations must do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(ErrorCode.ENGINE_UNAVAILABLE, sentence)


class EncryptionKey(Frozen):
    """A secret of 32 bytes in base64. Its id stands readable beside all that it seals, and is never used again."""

    model_config = ConfigDict(hide_input_in_errors=True)

    key_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    secret: SecretStr

    @field_validator("secret")
    @classmethod
    def _is_a_key(cls, secret: SecretStr) -> SecretStr:
        if len(_decoded(secret)) != KEY_BYTES:
            raise ValueError(f"the secret must be {KEY_BYTES} bytes in base64; {HOW_TO_MAKE_ONE}")
        return secret

    def raw(self) -> bytes:
        """The 32 bytes themselves."""
        return _decoded(self.secret)


def _each_id_once(keys: tuple[EncryptionKey, ...]) -> tuple[EncryptionKey, ...]:
    ids = [key.key_id for key in keys]
    if twice := sorted({key_id for key_id in ids if ids.count(key_id) > 1}):
        raise ValueError(f"the key id {', '.join(twice)} stands there twice; give each key an id of its own")
    return keys


EncryptionKeys = Annotated[tuple[EncryptionKey, ...], AfterValidator(_each_id_once)]
"""As a setting: a JSON list of `{"key_id": …, "secret": …}`. The first one seals, all of them open."""


class Sealed(NamedTuple):
    """What a sealer gives: the id of the key, to be kept readable, and format, nonce, ciphertext and tag in one."""

    key_id: str
    ciphertext: bytes


class Sealer:
    """Seals with the first key, opens with every key it holds. Safe to share between threads.

    `associated` is not kept but bound: what was sealed under one opens under no other, so that a value moved to
    another place or purpose does not pass. Key id and format are bound too. Every seal has a random nonce of 96
    bits; change the key before it has sealed four billion values (2^32).
    """

    def __init__(self, keys: Sequence[EncryptionKey]) -> None:
        """Raises ValueError without a key; EncryptionError if the extra is not installed."""
        if not keys:
            raise ValueError("sealing: at least one key is needed; set one")
        self._ciphers = {key.key_id: _cipher(key) for key in keys}
        self._sealing_id = keys[0].key_id

    def seal(self, plain: bytes, associated: bytes) -> Sealed:
        """Seal `plain`, of any length, with the first key; 29 bytes longer, and another each time."""
        key_id, nonce = self._sealing_id, os.urandom(_NONCE_BYTES)
        ciphertext = self._ciphers[key_id].encrypt(nonce, plain, _bound(key_id, associated))
        return Sealed(key_id, _FORMAT + nonce + ciphertext)

    def open(self, sealed: Sealed, associated: bytes) -> bytes:
        """What was sealed. Raises EncryptionError, naming the key: it is unknown here, or the value was changed."""
        # Imported here: it is there as soon as a cipher is.
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        key_id, ciphertext = sealed
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise EncryptionError(
                f"This was encrypted with key {key_id[:40]!r}, which this process does not hold (it holds "
                f"{', '.join(self._ciphers)}). Add that key to its settings, behind the first one."
            )
        body = ciphertext[len(_FORMAT) :]
        if not ciphertext.startswith(_FORMAT) or len(body) < _NONCE_BYTES + _TAG_BYTES:
            raise EncryptionError(
                f"This was encrypted with key {key_id!r} in a format that is not known here: it is damaged, or a newer "
                "version wrote it. Bring this process to that version."
            )
        try:
            return cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], _bound(key_id, associated))
        except InvalidTag as error:
            raise EncryptionError(
                f"This was encrypted with key {key_id!r} and does not open: it was changed or moved, or another secret "
                "stands under that id here. Compare the secret with the one of the process that wrote it."
            ) from error


def _bound(key_id: str, associated: bytes) -> bytes:
    # An id holds no line break, so no two pairs give the same bytes.
    return b"aftersales " + _FORMAT + key_id.encode() + b"\n" + associated


def _decoded(secret: SecretStr) -> bytes:
    try:
        return base64.b64decode(secret.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _cipher(key: EncryptionKey) -> AESGCM:
    try:
        # Imported here: the package does without it as long as nothing is encrypted.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
    except ImportError as error:
        raise EncryptionError(
            "Encryption keys are set, but the cryptography package is not installed. Install "
            "`aftersales-client[encryption]`."
        ) from error
    return AESGCM(key.raw())
