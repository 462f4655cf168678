"""WeChat Pay's keys as they come out of a setting: whole PEM files, or their lines in one, or the middle alone."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from integrations.provider import ProviderSettingsError

PLATFORM: Final = "https://pay.weixin.qq.com, 账户中心 → API安全"


def private_key(text: str, variable: str) -> str:
    """The merchant's key as PKCS #8, the one form that the SDK takes. Raises ProviderSettingsError."""
    try:
        key = serialization.load_pem_private_key(_pem(text, "PRIVATE KEY"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(
            variable, "an RSA private key in PEM; it is in apiclient_key.pem of the merchant's API certificate"
        ) from error
    if not isinstance(key, RSAPrivateKey):
        raise _unusable(variable, "an RSA private key; WeChat Pay signs by RSA")
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def public_key(text: str, variable: str) -> RSAPublicKey:
    """WeChat Pay's key. Raises ProviderSettingsError."""
    try:
        key = serialization.load_pem_public_key(_pem(text, "PUBLIC KEY"))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(variable, "WeChat Pay's public key in PEM; it is in pub_key.pem") from error
    if not isinstance(key, RSAPublicKey):
        raise _unusable(variable, "an RSA public key; WeChat Pay signs by RSA")
    return key


def public_pem(key: RSAPublicKey) -> str:
    """The key as the SDK takes it."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def _pem(text: str, noun: str) -> bytes:
    lines = text.replace("\\n", "\n").strip()
    if not lines.startswith("-----BEGIN"):
        lines = f"-----BEGIN {noun}-----\n{lines}\n-----END {noun}-----"
    return lines.encode()


def _unusable(variable: str, wanted: str) -> ProviderSettingsError:
    return ProviderSettingsError(f"{variable} is to hold {wanted} ({PLATFORM}).")
