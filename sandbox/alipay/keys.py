"""RSA2, Alipay's signature: SHA256withRSA over the text, in base64 (https://docs.open.alipay.com/200/106120)."""

import base64
import binascii
from collections.abc import Mapping
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.alipay.settings import AlipaySettings

KEY_BITS = 2048


class KeyRing:
    """The application's public key, Alipay's own private key, and a stranger's for forgeries."""

    def __init__(self, settings: AlipaySettings) -> None:
        self._settings = settings

    @cached_property
    def alipay(self) -> rsa.RSAPrivateKey:
        """What Alipay signs with."""
        given = self._settings.private_key
        return _fresh() if given is None else _private(given.get_secret_value())

    @cached_property
    def merchant(self) -> rsa.RSAPublicKey:
        """What the merchant's requests are verified by."""
        given = self._settings.merchant_public_key
        return self._merchant_private.public_key() if given is None else _public(given)

    @cached_property
    def stranger(self) -> rsa.RSAPrivateKey:
        """What a forged notification is signed with."""
        return _fresh()

    @cached_property
    def _merchant_private(self) -> rsa.RSAPrivateKey:
        return _fresh()

    def shown(self) -> dict[str, str | list[str] | None]:
        """What a client needs; the merchant's private key only if the sandbox made it."""
        public = self.alipay.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        made = self._settings.merchant_public_key is None
        return {
            "app_id": self._settings.app_id,
            "private_key": _private_pem(self._merchant_private) if made else None,
            "public_keys": [public.decode()],
        }

    def is_merchants(self, text: str, signature: str) -> bool:
        """Whether the merchant signed this text."""
        try:
            raw = base64.b64decode(signature, validate=True)
            self.merchant.verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, binascii.Error):
            return False
        return True


def sign(text: str, key: rsa.RSAPrivateKey) -> str:
    """The signature of a text, in base64."""
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def canonical(params: Mapping[str, str], *without: str) -> str:
    """The text that is signed: ``name=value`` in the order of the names, empty values left out."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name not in without and params[name])


def _fresh() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    pkcs8 = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption()).decode()


def _private(text: str) -> rsa.RSAPrivateKey:
    key = serialization.load_der_private_key(_der(text), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("SANDBOX_ALIPAY_PRIVATE_KEY is not an RSA key")
    return key


def _public(text: str) -> rsa.RSAPublicKey:
    key = serialization.load_der_public_key(_der(text))
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("SANDBOX_ALIPAY_MERCHANT_PUBLIC_KEY is not an RSA key")
    return key


def _der(text: str) -> bytes:
    lines = [line for line in text.replace("\\n", "\n").splitlines() if "-----" not in line]
    return base64.b64decode("".join(lines))
