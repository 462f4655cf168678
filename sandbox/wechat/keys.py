"""The merchant's and the platform's keys: who signed what, and callbacks sealed for the merchant."""

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Mapping
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from sandbox.store import Store
from sandbox.wechat.settings import APIV3_KEY_LENGTH, WeChatSandboxSettings

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"
KEY_BITS = 2048
NONCE_LENGTH = 12


class KeyRing:
    """Keys from the settings, else made once and kept in the store, so that they survive a restart."""

    def __init__(self, settings: WeChatSandboxSettings, store: Store) -> None:
        self._settings = settings
        self._store = store

    @cached_property
    def merchant(self) -> rsa.RSAPublicKey:
        """The key that the merchant's requests are verified by."""
        if not self._settings.merchant_public_key:
            return self.made_merchant.public_key()
        key = serialization.load_pem_public_key(self._settings.merchant_public_key.encode())
        if not isinstance(key, rsa.RSAPublicKey):
            raise TypeError("SANDBOX_WECHAT_MERCHANT_PUBLIC_KEY holds no RSA key; WeChat Pay signs by RSA")
        return key

    @cached_property
    def made_merchant(self) -> rsa.RSAPrivateKey:
        """The merchant's private key, if it was made here."""
        return _private(self._kept("wechat_merchant_key", _new_key))

    @cached_property
    def platform(self) -> rsa.RSAPrivateKey:
        """The key that WeChat Pay's answers and callbacks are signed by."""
        given = self._settings.platform_private_key.get_secret_value()
        return _private(given or self._kept("wechat_platform_key", _new_key))

    @cached_property
    def apiv3(self) -> str:
        """The 32 characters by which callbacks are encrypted."""
        return self._settings.apiv3_key.get_secret_value() or self._kept("wechat_apiv3_key", _new_secret)

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        kept = self._store.fact(name)
        if not isinstance(kept, str):
            kept = make()
            self._store.set_fact(name, kept)
        return kept

    def shown(self) -> dict[str, str | None]:
        """What a merchant finds on WeChat's platform, and its own private key if that was made here."""
        made = None if self._settings.merchant_public_key else _pem(self.made_merchant)
        return {
            "mchid": self._settings.mchid,
            "serial_no": self._settings.serial_no,
            "private_key": made,
            "public_key_id": self._settings.public_key_id,
            "public_key": _public_pem(self.platform.public_key()),
            "apiv3_key": self.apiv3,
        }

    def signed_by_merchant(self, message: bytes, signature: str) -> bool:
        """Whether the merchant's key signed exactly this."""
        try:
            given = base64.b64decode(signature, validate=True)
            self.merchant.verify(given, message, padding.PKCS1v15(), SHA256())
        except (InvalidSignature, binascii.Error):
            return False
        return True

    def headers(self, body: bytes, *, forged: bool = False, probe: bool = False) -> Mapping[str, str]:
        """The signature headers of an answer or a callback, stamped with real time."""
        stamp, nonce = str(int(time.time())), secrets.token_hex(16)
        signed = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
        signature = self.platform.sign(signed[1:] if forged else signed, padding.PKCS1v15(), SHA256())
        return {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": self._settings.public_key_id,
            "Wechatpay-Signature-Type": SCHEME,
            "Wechatpay-Signature": (PROBE if probe else "") + base64.b64encode(signature).decode(),
        }

    def sealed(self, content: bytes, associated: str) -> dict[str, str]:
        """The encrypted part of a callback."""
        nonce = secrets.token_hex(NONCE_LENGTH // 2)
        sealed = AESGCM(self.apiv3.encode()).encrypt(nonce.encode(), content, associated.encode())
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": associated,
            "nonce": nonce,
        }

    def opened(self, sealed: str) -> str | None:
        """A field that the merchant encrypted for the platform, ``None`` when it did not."""
        scheme = padding.OAEP(mgf=padding.MGF1(SHA1()), algorithm=SHA1(), label=None)  # noqa: S303 - WeChat's choice
        try:
            return self.platform.decrypt(base64.b64decode(sealed, validate=True), scheme).decode()
        except ValueError:
            return None


def _new_key() -> str:
    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS))


def _new_secret() -> str:
    return secrets.token_hex(APIV3_KEY_LENGTH // 2)


def _private(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("SANDBOX_WECHAT_PLATFORM_PRIVATE_KEY holds no RSA key; WeChat Pay signs by RSA")
    return key


def _pem(key: rsa.RSAPrivateKey) -> str:
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain).decode()


def _public_pem(key: rsa.RSAPublicKey) -> str:
    encoding = serialization.Encoding.PEM
    return key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
