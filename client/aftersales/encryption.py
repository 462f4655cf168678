"""Encryption of what Temporal stores: every payload and every failure is sealed before it leaves the process.

One settings type for clients, workers, the portal and the codec server; `docs/encryption.md` says what stays readable.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final, Self

from google.protobuf.message import DecodeError
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from aftersales.sealing import (
    HOW_TO_MAKE_ONE,
    EncryptionError,
    EncryptionKey,
    EncryptionKeys,
    Sealed,
    Sealer,
)

__all__ = [
    "EncryptionError",
    "EncryptionKey",
    "EncryptionKeys",
    "EncryptionSettings",
    "PayloadEncryption",
    "Sealed",
    "Sealer",
    "encrypted",
]

KEYS_VARIABLE: Final = "AFTERSALES_ENCRYPTION_KEYS"
PLAIN_VARIABLE: Final = "AFTERSALES_PLAIN_PAYLOADS"
ENCODING: Final = b"binary/encrypted"
KEY_ID: Final = "encryption-key-id"
_PURPOSE: Final = b"temporal payload"


class EncryptionSettings(BaseModel):
    """Whether payloads are encrypted, and with which keys: the first one seals, all of them open.

    Both together are a step of moving a deployment over: encrypted payloads can be read, plain ones are written.
    A process's own settings can inherit this; its variables have the same names everywhere.
    """

    model_config = ConfigDict(populate_by_name=True, hide_input_in_errors=True)

    encryption_keys: Annotated[EncryptionKeys, Field(validation_alias=AliasChoices(KEYS_VARIABLE))] = ()
    plain_payloads: Annotated[bool, Field(validation_alias=AliasChoices(PLAIN_VARIABLE))] = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises EncryptionError, naming the variable; no value is repeated, for it may be a secret."""
        told: dict[str, object] = {}
        if environ.get(KEYS_VARIABLE):
            told[KEYS_VARIABLE] = _as_json(environ[KEYS_VARIABLE])
        if environ.get(PLAIN_VARIABLE):
            told[PLAIN_VARIABLE] = environ[PLAIN_VARIABLE]
        try:
            return cls.model_validate(told)
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in wrong["loc"])
            raise EncryptionError(f"{place}: {wrong['msg'].removeprefix('Value error, ')}.") from None

    def insist(self, *, demo: bool = False) -> Self:
        """These settings, if a process may start with them: with keys, with a word for plain text, or in a demo.

        Raises EncryptionError, which says what to set.
        """
        if self.encryption_keys or self.plain_payloads or demo:
            return self
        raise EncryptionError(
            f"{KEYS_VARIABLE} is not set, so everybody who can look at this Temporal could read what customers write. "
            'Set it to a JSON list such as [{"key_id": "2026a", "secret": "…"}], the same for workers, portal and '
            f"clients ({HOW_TO_MAKE_ONE}); or say {PLAIN_VARIABLE}=true if that is as it should be."
        )


class PayloadEncryption(PayloadCodec):
    """Seals whole payloads, the note of their own encoding included. Plain ones are left as they are when read."""

    def __init__(self, keys: Sequence[EncryptionKey], *, seals: bool = True) -> None:
        """`seals` False: reads encrypted payloads and writes plain ones. Raises as `Sealer` does."""
        self._sealer = Sealer(keys)
        self._seals = seals

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._seal(payload) for payload in payloads] if self._seals else list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Raises EncryptionError, naming the key, for a payload that does not open."""
        return [self._open(payload) for payload in payloads]

    def _seal(self, payload: Payload) -> Payload:
        key_id, ciphertext = self._sealer.seal(payload.SerializeToString(), _PURPOSE)
        return Payload(metadata={"encoding": ENCODING, KEY_ID: key_id.encode()}, data=ciphertext)

    def _open(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get(KEY_ID, b"").decode(errors="replace")
        try:
            return Payload.FromString(self._sealer.open(Sealed(key_id, payload.data), _PURPOSE))
        except DecodeError as error:
            raise EncryptionError(f"What was encrypted with key {key_id!r} is no payload of Temporal.") from error


def encrypted(converter: DataConverter, settings: EncryptionSettings) -> DataConverter:
    """The converter with payloads sealed, and failures' messages and stack traces too; itself if there are no keys.

    For `connect`'s clients this is done already; a `Replayer` of encrypted histories needs it. Raises EncryptionError
    if the extra is not installed; ValueError for a converter that has a codec of its own.
    """
    if not settings.encryption_keys:
        return converter
    if converter.payload_codec is not None:
        raise ValueError("the data converter has a payload codec of its own; give one or the other")
    return replace(
        converter,
        payload_codec=PayloadEncryption(settings.encryption_keys, seals=not settings.plain_payloads),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def _as_json(told: str) -> object:
    try:
        return json.loads(told)
    except ValueError:
        raise EncryptionError(
            f'{KEYS_VARIABLE}: not to be read; it is a JSON list such as [{{"key_id": "2026a", "secret": "…"}}].'
        ) from None
