"""Keys and certificates in every dress that Alipay's console gives them, checked by python-alipay-sdk."""

from __future__ import annotations

import base64
import importlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from integrations.alipay.keys import (
    certificate_numbers,
    is_signed,
    read_private_key,
    read_public_key,
    sign,
)
from integrations.provider import ProviderSettingsError
from tests.integrations.alipay.certificates import certificate
from tests.integrations.alipay.script import APP_ID, key_of, private_pem, public_pem


def bare(pem: str) -> str:
    """A key as the console shows it: base64 on one line."""
    return "".join(line for line in pem.splitlines() if "-----" not in line)


def pkcs1(name: str) -> str:
    """The older form of a private key."""
    traditional = serialization.PrivateFormat.TraditionalOpenSSL
    key = key_of(name).private_bytes(serialization.Encoding.PEM, traditional, serialization.NoEncryption())
    return key.decode()


@pytest.mark.parametrize(
    "text",
    [
        private_pem("merchant"),
        bare(private_pem("merchant")),
        pkcs1("merchant"),
        bare(pkcs1("merchant")),
        private_pem("merchant").replace("\n", "\\n"),
        private_pem("merchant").replace("\n", "\r\n"),
        f"  {bare(private_pem('merchant'))}\n",
    ],
    ids=["PKCS#8", "PKCS#8 bare", "PKCS#1", "PKCS#1 bare", "one line", "from Windows", "with blanks"],
)
def test_a_private_key_is_read_in_every_dress(text: str) -> None:
    assert read_private_key(text, "X").private_numbers() == key_of("merchant").private_numbers()


@pytest.mark.parametrize(
    "text",
    [
        public_pem("alipay"),
        bare(public_pem("alipay")),
        public_pem("alipay").replace("\n", "\\n"),
        certificate(key_of("alipay").public_key(), key_of("issuer")),
        certificate(key_of("alipay").public_key(), key_of("issuer")).replace("\n", "\\n"),
    ],
    ids=["PEM", "bare", "one line", "certificate", "certificate on one line"],
)
def test_alipays_public_key_is_read_in_every_dress(text: str) -> None:
    assert read_public_key(text, "X").public_numbers() == key_of("alipay").public_key().public_numbers()


def short_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - it is to be refused


def test_keys_too_short_for_rsa2_are_refused() -> None:
    der = serialization.Encoding.DER
    pkcs8, spki = serialization.PrivateFormat.PKCS8, serialization.PublicFormat.SubjectPublicKeyInfo
    key = short_key()
    private = base64.b64encode(key.private_bytes(der, pkcs8, serialization.NoEncryption())).decode()
    public = base64.b64encode(key.public_key().public_bytes(der, spki)).decode()
    with pytest.raises(ProviderSettingsError, match="2048"):
        read_private_key(private, "X")
    with pytest.raises(ProviderSettingsError, match="支付宝公钥"):
        read_public_key(public, "X")


def test_a_key_of_another_kind_is_refused() -> None:
    pkcs8 = serialization.PrivateFormat.PKCS8
    other = ec.generate_private_key(ec.SECP256R1())
    pem = other.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption()).decode()
    with pytest.raises(ProviderSettingsError, match="missing or no RSA private key"):
        read_private_key(pem, "X")


@pytest.mark.parametrize("text", ["-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----", "*", "bm8="])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ProviderSettingsError):
        read_public_key(text, "X")


def test_the_sdk_believes_our_signature_and_we_believe_the_sdks() -> None:
    module = importlib.import_module("alipay")
    sdk = module.AliPay(APP_ID, None, private_pem("merchant"), public_pem("merchant"))
    assert sdk._verify("a=1&b=退款", sign("a=1&b=退款", key_of("merchant")))
    assert is_signed("a=1&b=退款".encode(), sdk._sign("a=1&b=退款"), [key_of("merchant").public_key()])
    assert not is_signed(b"a=1", sdk._sign("a=2"), [key_of("merchant").public_key()])


def test_the_numbers_of_certificates_are_those_of_the_sdk() -> None:
    app = certificate(key_of("merchant").public_key(), key_of("issuer"))
    elliptic = certificate(key_of("root").public_key(), ec.generate_private_key(ec.SECP256R1()))
    root = certificate(key_of("root").public_key(), key_of("root"))
    chain = "\n".join((elliptic, root, certificate(key_of("issuer").public_key(), key_of("root"))))
    numbers = certificate_numbers(app, chain)
    sdk = importlib.import_module("alipay").DCAliPay(
        APP_ID, private_pem("merchant"), app, certificate(key_of("alipay").public_key(), key_of("issuer")), chain
    )
    assert numbers["app_cert_sn"] == sdk.app_cert_sn
    assert numbers["alipay_root_cert_sn"].count("_") == 1
    assert numbers["alipay_root_cert_sn"].split("_")[0] == sdk.get_cert_sn(root)


@pytest.mark.parametrize(
    ("app", "root", "variable"),
    [
        ("", "x", "AFTERSALES_ALIPAY_APP_CERTIFICATE"),
        ("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----", "x", "AFTERSALES_ALIPAY_APP_CERTIFICATE"),
        (certificate(key_of("merchant").public_key(), key_of("issuer")), "", "AFTERSALES_ALIPAY_ROOT_CERTIFICATES"),
    ],
)
def test_a_certificate_that_is_none_is_refused_by_name(app: str, root: str, variable: str) -> None:
    with pytest.raises(ProviderSettingsError, match=variable):
        certificate_numbers(app, root)
