"""RSA keys as Alipay's console hands them out, and SHA256withRSA, which Alipay calls RSA2.

https://docs.open.alipay.com/291/105971 (keys) and https://docs.open.alipay.com/200/106120 (signatures).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from integrations.provider import ProviderSettingsError

LEAST_BITS: Final = 2048
_RSA_SIGNED: Final = "1.2.840.113549.1.1."
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_ISSUER_PARTS: Final = {
    "CN": NameOID.COMMON_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "C": NameOID.COUNTRY_NAME,
}


def read_private_key(text: str, variable: str) -> rsa.RSAPrivateKey:
    """The application's private key, PEM or bare base64, PKCS#1 or PKCS#8. Raises ProviderSettingsError."""
    try:
        key = serialization.load_der_private_key(_der(text), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= LEAST_BITS:
        return key
    raise ProviderSettingsError(
        f"{variable} is missing or no RSA private key of {LEAST_BITS} bits or more. It is the 应用私钥 that Alipay's "
        "key tool made (https://docs.open.alipay.com/291/105971); the console shows only its public half."
    )


def read_public_key(text: str, variable: str) -> rsa.RSAPublicKey:
    """Alipay's public key, PEM, bare base64 or the certificate that holds it. Raises ProviderSettingsError."""
    try:
        key: object = (
            x509.load_pem_x509_certificate(_unescaped(text).encode()).public_key()
            if "BEGIN CERTIFICATE" in text
            else serialization.load_der_public_key(_der(text))
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_BITS:
        return key
    raise ProviderSettingsError(
        f"{variable} holds something that is no RSA public key. Copy the 支付宝公钥 (not the 应用公钥) from 开发设置 → "
        "接口加签方式 of the application at https://open.alipay.com, or give alipayCertPublicKey_RSA2.crt whole."
    )


def certificate_numbers(app_certificate: str, root_certificates: str) -> dict[str, str]:
    """The two parameters by which a request names its certificates, where the application signs with such.

    Raises ProviderSettingsError.
    """
    return {
        "app_cert_sn": _numbers_of(app_certificate, "AFTERSALES_ALIPAY_APP_CERTIFICATE", "appCertPublicKey_….crt"),
        "alipay_root_cert_sn": _numbers_of(
            root_certificates, "AFTERSALES_ALIPAY_ROOT_CERTIFICATES", "alipayRootCert.crt"
        ),
    }


def sign(text: str, key: rsa.RSAPrivateKey) -> str:
    """The signature of a text, in base64."""
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(text: bytes, signature: str, keys: Iterable[rsa.RSAPublicKey]) -> bool:
    """Whether any of the keys' owners signed exactly these bytes. Every key is tried, whichever fits."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return any([_fits(text, raw, key) for key in keys])  # noqa: C419 - a list, so that none is left out


def signed_text(params: Mapping[str, str], *without: str) -> str:
    """What is signed of a form: `name=value` in the order of the names."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name not in without)


def _fits(text: bytes, raw: bytes, key: rsa.RSAPublicKey) -> bool:
    try:
        key.verify(raw, text, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _unescaped(text: str) -> str:
    """Environment files have a key on one line, with the line ends spelt out."""
    return text.replace("\\n", "\n")


def _der(text: str) -> bytes:
    lines = [line.strip() for line in _unescaped(text).splitlines() if "-----" not in line]
    return base64.b64decode("".join(lines), validate=True)


def _numbers_of(text: str, variable: str, file: str) -> str:
    """The digest of issuer and serial number of each RSA-signed certificate; Alipay's root file holds others too."""
    found = [_number_of(pem) for pem in _CERTIFICATE.findall(_unescaped(text))]
    numbers = [number for number in found if number]
    if not numbers:
        raise ProviderSettingsError(
            f"{variable} holds no RSA certificate. Give the text of {file}, from the application's page 开发设置 → "
            "接口加签方式 at https://open.alipay.com; leave both certificates empty for signing with bare keys."
        )
    return "_".join(numbers)


def _number_of(pem: str) -> str:
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        if not certificate.signature_algorithm_oid.dotted_string.startswith(_RSA_SIGNED):
            return ""
        parts = [f"{name}={_part(certificate.issuer, oid)}" for name, oid in _ISSUER_PARTS.items()]
    except (ValueError, UnsupportedAlgorithm):
        return ""
    text = f"{','.join(parts)}{certificate.serial_number}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _part(issuer: x509.Name, oid: x509.ObjectIdentifier) -> str:
    found = issuer.get_attributes_for_oid(oid)
    return str(found[0].value) if found else "None"
