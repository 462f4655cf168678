"""The connection to Temporal: configured as every Temporal program is, and quick to say that it is down.

Configuration comes from the SDK's own environment settings (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,
`TEMPORAL_API_KEY`, `TEMPORAL_TLS_*`, or a profile of the TOML file); arguments take precedence. Payloads are encrypted
as `AFTERSALES_ENCRYPTION_KEYS` says.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from ipaddress import ip_address

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.service import RetryConfig, TLSConfig

from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode
from aftersales.encryption import EncryptionSettings, encrypted

DEFAULT_ADDRESS = "localhost:7233"
DEFAULT_NAMESPACE = "default"
CONNECT_LIMIT_S = 3.0
"""A person waits at the other end: a server that takes longer is as good as down."""

QUICK_RETRIES = RetryConfig(
    initial_interval_millis=100,
    multiplier=1.5,
    max_interval_millis=500,
    max_elapsed_time_millis=2000,
    max_retries=6,
)
"""Bridges a server's restart of a second; the SDK's ten seconds are too long for whoever waits."""


async def connect(
    *,
    address: str | None = None,
    namespace: str | None = None,
    api_key: str | None = None,
    tls: bool | TLSConfig | None = None,
    profile: str | None = None,
    identity: str | None = None,
    data_converter: DataConverter = pydantic_data_converter,
    encryption: EncryptionSettings | None = None,
    retries: RetryConfig = QUICK_RETRIES,
) -> Client:
    """A Temporal client with the product's payload conversion and encryption.

    `address` is host:port, `profile` a profile of Temporal's TOML file, `identity` what the Temporal UI shows
    as the sender. A `data_converter` of one's own must convert pydantic models (add a codec with
    `dataclasses.replace(pydantic_data_converter, payload_codec=...)`). A long-running process may pass more
    patient `retries`.

    `encryption` None: as the environment says. Without keys only a Temporal on this very machine is spoken to in plain
    text, unless AFTERSALES_PLAIN_PAYLOADS=true. A converter that has a codec keeps it.

    Raises AftersalesError(engine_unavailable) within about three seconds, and EncryptionError at once.
    """
    config = _configured(profile)
    target = address or config.get("target_host") or DEFAULT_ADDRESS
    if api_key is not None:
        config["api_key"] = api_key
        config.setdefault("tls", True)
    if tls is not None:
        config["tls"] = tls
    if encryption is not None or data_converter.payload_codec is None:
        told = encryption or EncryptionSettings.from_environment()
        data_converter = encrypted(data_converter, told.insist(demo=_is_this_machine(target)))
    try:
        async with asyncio.timeout(CONNECT_LIMIT_S):
            return await Client.connect(
                target,
                namespace=namespace or config.get("namespace") or DEFAULT_NAMESPACE,
                api_key=config.get("api_key"),
                tls=config.get("tls"),
                rpc_metadata=config.get("rpc_metadata", {}),
                identity=identity,
                data_converter=data_converter,
                retry_config=retries,
                connect_timeout=timedelta(seconds=CONNECT_LIMIT_S),
            )
    except TimeoutError as error:
        raise unreachable(target, f"no answer within {CONNECT_LIMIT_S:g} seconds") from error
    except (RuntimeError, ValueError) as error:
        raise unreachable(target, _short(error)) from error


def temporal_is_here(address: str | None = None, profile: str | None = None) -> bool:
    """Whether `connect` would speak to a Temporal on this very machine. Raises AftersalesError as `connect` does."""
    return _is_this_machine(address or _configured(profile).get("target_host") or DEFAULT_ADDRESS)


def _is_this_machine(target: str) -> bool:
    """A demo is what runs on this very machine; elsewhere others can read what Temporal stores."""
    host = target.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def unreachable(address: str, why: str) -> AftersalesError:
    """The one sentence for a Temporal that cannot be reached."""
    return AftersalesError(
        ErrorCode.ENGINE_UNAVAILABLE,
        f"Temporal at {address} cannot be reached ({why}). Check that it runs and that TEMPORAL_ADDRESS, "
        "TEMPORAL_API_KEY and the TLS settings name it rightly; nothing was sent.",
    )


def _configured(profile: str | None) -> ClientConnectConfig:
    try:
        return ClientConfig.load_client_connect_config(profile)
    except (RuntimeError, ValueError, OSError) as error:
        raise AftersalesError(
            ErrorCode.ENGINE_UNAVAILABLE,
            f"Temporal's client configuration cannot be used: {error}. Correct the TEMPORAL_* variables or the "
            "TOML file that TEMPORAL_CONFIG_FILE names.",
        ) from error


def _short(error: Exception) -> str:
    """The reason in words; the transport itself only offers its debug print."""
    text = str(error)
    for sign, reason in (
        ("ConnectionRefused", "connection refused"),
        ("dns error", "its host name is not known"),
        ("InvalidCertificate", "its TLS certificate is not trusted"),
        ("InvalidContentType", "it does not speak TLS"),
        ("UnknownIssuer", "its TLS certificate is not trusted"),
        ("Unauthenticated", "it does not accept the API key"),
        ("PermissionDenied", "it does not accept the API key"),
    ):
        if sign in text:
            return reason
    return text
