"""What the codec server is told from outside. There is no default secret: without keys and tokens it does not start."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, Field, IPvAnyNetwork
from pydantic_settings import BaseSettings, SettingsConfigDict

from aftersales.contract.values import Frozen
from aftersales.encryption import KEYS_VARIABLE
from aftersales.sealing import EncryptionKeys
from integrations.links import refuse_repeated


class ReaderToken(Frozen):
    """Somebody who may read payloads. Only the SHA-256 of the token, in hex, is kept; the token is long and random."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{1,64}$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    def is_made_of(self, token: str) -> bool:
        return hmac.compare_digest(hashlib.sha256(token.encode(errors="replace")).hexdigest(), self.sha256)


def _each_name_once(tokens: tuple[ReaderToken, ...]) -> tuple[ReaderToken, ...]:
    refuse_repeated([token.name for token in tokens])
    return tokens


def _is_an_origin(told: str) -> str:
    """Raises ValueError: `*` would let every page that somebody has open read with their cookie."""
    parts = urlsplit(told)
    whole = told == f"{parts.scheme}://{parts.netloc}".lower()
    if parts.scheme not in {"http", "https"} or not parts.netloc or not whole or "*" in told:
        raise ValueError(f"{told[:100]!r} is no origin such as https://temporal.shop.example: scheme, host, no path")
    return told


class CodecSettings(BaseSettings):
    """Environment: `AFTERSALES_CODEC_<NAME>`, and AFTERSALES_ENCRYPTION_KEYS as all processes have it.

    `tokens` is JSON such as `[{"name": "anna", "sha256": "…"}]`, `origins` a JSON list of the Web UI's origins,
    `trusted_proxies` one of networks that are believed when they say in `X-Forwarded-For` for whom they ask. Sizes in
    bytes, times in seconds: a login ends after `session_s`, and after `idle_s` without use.
    """

    model_config = SettingsConfigDict(env_prefix="AFTERSALES_CODEC_", populate_by_name=True, extra="ignore")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(gt=0, le=65535)] = 8710
    encryption_keys: Annotated[EncryptionKeys, Field(min_length=1, validation_alias=AliasChoices(KEYS_VARIABLE))]
    tokens: Annotated[tuple[ReaderToken, ...], Field(min_length=1), AfterValidator(_each_name_once)]
    origins: tuple[Annotated[str, AfterValidator(_is_an_origin)], ...] = ()
    trusted_proxies: tuple[IPvAnyNetwork, ...] = ()

    session_s: Annotated[int, Field(gt=0, le=86_400)] = 8 * 3600
    idle_s: Annotated[int, Field(gt=0, le=86_400)] = 1800
    address_per_minute: Annotated[int, Field(gt=0)] = 3000
    failures_per_minute: Annotated[int, Field(gt=0)] = 30
    largest_body_bytes: Annotated[int, Field(gt=0)] = 8 * 1024 * 1024
    body_limit_s: float = 20.0
    drain_s: int = 10
    most_connections: int = 200


def reader_of(token: str, tokens: Sequence[ReaderToken]) -> ReaderToken | None:
    """Whose token this is; every one is compared, so that the time tells nothing."""
    return next(iter([each for each in tokens if each.is_made_of(token)]), None)
