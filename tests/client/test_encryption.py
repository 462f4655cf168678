"""Encryption of payloads: the rule when it must be on, its settings, and what the codec does with each payload."""

import dataclasses
import json
import secrets
import time

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError

from aftersales import AfterSales, EncryptionError, EncryptionSettings, connect
from aftersales.encryption import ENCODING, KEYS_VARIABLE, PLAIN_VARIABLE, PayloadEncryption, Sealer, encrypted
from cli.servers.dev_server import DevServer
from tests.client.encrypting import MAIL, NAME, STORY, key, secret_of, settings_of
from tests.client.small_case import KEY

KEYS = json.dumps([{"key_id": "k1", "secret": secret_of("k1")}, {"key_id": "k0", "secret": secret_of("k0")}])
PLAIN = Payload(metadata={"encoding": b"json/plain", "messageType": b"Told"}, data=json.dumps({"who": NAME}).encode())
MOST_US = 100.0
"""Twenty times what it takes on a quiet machine; a refund has some thirty payloads."""


async def test_the_whole_payload_is_sealed_and_only_the_keys_id_is_readable() -> None:
    codec = PayloadEncryption([key("k1")])
    (sealed,) = await codec.encode([PLAIN])
    assert dict(sealed.metadata) == {"encoding": ENCODING, "encryption-key-id": b"k1"}
    whole = sealed.SerializeToString()
    assert not [word for word in (NAME.encode(), b"json/plain", b"Told") if word in whole]
    assert await codec.decode([sealed]) == [PLAIN]


async def test_equal_payloads_cannot_be_told_to_be_equal() -> None:
    one, other = await PayloadEncryption([key("k1")]).encode([PLAIN, PLAIN])
    assert one.data != other.data


async def test_plain_payloads_of_older_histories_are_read_as_they_are() -> None:
    assert await PayloadEncryption([key("k1")]).decode([PLAIN, Payload()]) == [PLAIN, Payload()]


async def test_during_a_move_payloads_are_written_plain_and_read_in_both_ways() -> None:
    moving = PayloadEncryption([key("k1")], seals=False)
    assert await moving.encode([PLAIN]) == [PLAIN]
    assert await moving.decode(await PayloadEncryption([key("k1")]).encode([PLAIN])) == [PLAIN]


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"encryption-key-id": b"k2"}, "key 'k2', which this process does not hold"),
        ({}, "key '', which this process does not hold"),
        ({"encryption-key-id": b"\xff"}, "which this process does not hold"),
        ({"encryption-key-id": b"k1"}, "key 'k1' in a format that is not known here"),
    ],
)
async def test_a_payload_that_cannot_be_opened_names_its_key(metadata: dict[str, bytes], said: str) -> None:
    strange = Payload(metadata={"encoding": ENCODING, **metadata}, data=b"strange")
    with pytest.raises(EncryptionError, match=said):
        await PayloadEncryption([key("k1")]).decode([strange])


async def test_a_payload_is_no_payload_if_something_else_was_sealed() -> None:
    _, ciphertext = Sealer([key("k1")]).seal(b"\xff\xff", b"temporal payload")
    sealed = Payload(metadata={"encoding": ENCODING, "encryption-key-id": b"k1"}, data=ciphertext)
    with pytest.raises(EncryptionError, match="no payload of Temporal"):
        await PayloadEncryption([key("k1")]).decode([sealed])


async def test_a_failure_keeps_type_and_details_for_the_caller_and_shows_no_message() -> None:
    converter = encrypted(pydantic_data_converter, settings_of("k1"))
    failure = Failure()
    try:
        raise ApplicationError(f"no room for {NAME}", MAIL, type="not_now")
    except ApplicationError as error:
        error.__cause__ = ValueError(STORY)
        await converter.encode_failure(error, failure)
    written = failure.SerializeToString()
    assert not [word for word in (NAME, MAIL, STORY, "encrypting", "test_encryption.py") if word.encode() in written]
    read = await converter.decode_failure(failure)
    assert isinstance(read, ApplicationError)
    assert (read.message, read.type, read.details) == (f"no room for {NAME}", "not_now", (MAIL,))
    assert STORY in str(read.__cause__)


async def test_a_payload_costs_microseconds() -> None:
    codec = PayloadEncryption([key("k1")])
    usual = [Payload(metadata={"encoding": b"json/plain"}, data=secrets.token_bytes(1000))]
    began, times = time.perf_counter(), 2000
    for _ in range(times):
        await codec.decode(await codec.encode(usual))
    assert (time.perf_counter() - began) / times * 1e6 < MOST_US


def test_without_keys_the_converter_is_itself() -> None:
    assert encrypted(pydantic_data_converter, EncryptionSettings()) is pydantic_data_converter


def test_a_converter_has_one_codec() -> None:
    own = dataclasses.replace(pydantic_data_converter, payload_codec=PayloadEncryption([key("k1")]))
    with pytest.raises(ValueError, match="one or the other"):
        encrypted(own, settings_of("k1"))


def test_a_process_without_keys_does_not_start_and_is_told_what_to_set() -> None:
    with pytest.raises(EncryptionError) as refused:
        EncryptionSettings().insist()
    for said in (KEYS_VARIABLE, f"{PLAIN_VARIABLE}=true", "openssl rand -base64 32", '[{"key_id": "2026a"'):
        assert said in str(refused.value)


@pytest.mark.parametrize("settings", [settings_of("k1"), EncryptionSettings(plain_payloads=True)])
def test_a_process_starts_with_keys_or_with_a_word_for_plain_text(settings: EncryptionSettings) -> None:
    assert settings.insist() is settings


def test_a_demo_starts_without_keys() -> None:
    assert EncryptionSettings().insist(demo=True).encryption_keys == ()


def test_the_environment_gives_the_keys_in_their_order() -> None:
    read = EncryptionSettings.from_environment({KEYS_VARIABLE: KEYS, PLAIN_VARIABLE: "true"})
    assert [each.key_id for each in read.encryption_keys] == ["k1", "k0"]
    assert read.plain_payloads
    assert EncryptionSettings.from_environment({KEYS_VARIABLE: "", PLAIN_VARIABLE: ""}) == EncryptionSettings()


@pytest.mark.parametrize(
    ("variable", "told", "said"),
    [
        (KEYS_VARIABLE, "k1=c2VjcmV0", "AFTERSALES_ENCRYPTION_KEYS: not to be read; it is a JSON list such as"),
        (KEYS_VARIABLE, '{"key_id": "c2VjcmV0"}', "AFTERSALES_ENCRYPTION_KEYS: Input should be a valid tuple"),
        (KEYS_VARIABLE, '[{"key_id": "k1"}]', "AFTERSALES_ENCRYPTION_KEYS.0.secret: Field required"),
        (KEYS_VARIABLE, '[{"key_id": "k1", "secret": "c2VjcmV0"}]', ".0.secret: the secret must be 32 bytes"),
        (KEYS_VARIABLE, json.dumps(json.loads(KEYS)[:1] * 2), "the key id k1 stands there twice"),
        (PLAIN_VARIABLE, "c2VjcmV0", "AFTERSALES_PLAIN_PAYLOADS: Input should be a valid boolean"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_never_repeated(variable: str, told: str, said: str) -> None:
    with pytest.raises(EncryptionError) as refused:
        EncryptionSettings.from_environment({variable: told})
    assert said in str(refused.value)
    assert "c2VjcmV0" not in str(refused.value)


def test_a_process_takes_these_settings_among_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class ProcessSettings(BaseSettings, EncryptionSettings):
        model_config = SettingsConfigDict(env_prefix="AFTERSALES_PROCESS_", populate_by_name=True)
        port: int = 1

    monkeypatch.setenv(KEYS_VARIABLE, KEYS)
    monkeypatch.setenv("AFTERSALES_PROCESS_PORT", "2")
    read = ProcessSettings()
    assert ([each.key_id for each in read.insist().encryption_keys], read.port) == (["k1", "k0"], 2)


async def _codec_of(client: Client) -> object:
    converter = client.data_converter
    return converter.payload_codec and (await converter.payload_codec.encode([PLAIN]))[0].metadata["encoding"]


async def test_a_client_encrypts_as_its_environment_says(
    dev_server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEYS_VARIABLE, KEYS)
    assert await _codec_of(await connect(address=dev_server.address)) == ENCODING
    monkeypatch.setenv(PLAIN_VARIABLE, "true")
    assert await _codec_of(await connect(address=dev_server.address)) == b"json/plain"


async def test_what_a_client_is_given_takes_precedence_over_its_environment(
    dev_server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEYS_VARIABLE, KEYS)
    assert await _codec_of(await connect(address=dev_server.address, encryption=EncryptionSettings())) is None
    own = dataclasses.replace(pydantic_data_converter, payload_codec=PayloadEncryption([key("own")]))
    assert (await connect(address=dev_server.address, data_converter=own)).data_converter is own


@pytest.mark.parametrize(
    "address", ["temporal.invalid:7233", "203.0.113.9:7233", "[2001:db8::1]:7233", "localhost.evil:1"]
)
async def test_nobody_speaks_plain_to_a_temporal_elsewhere_by_oversight(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in (KEYS_VARIABLE, PLAIN_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(EncryptionError, match=f"{KEYS_VARIABLE} is not set"):
        await AfterSales.connect(caller="shop", key=KEY, address=address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_a_temporal_on_this_very_machine_needs_no_keys(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEYS_VARIABLE, raising=False)
    with pytest.raises(Exception, match="cannot be reached"):
        await connect(address=f"{host}:1")
