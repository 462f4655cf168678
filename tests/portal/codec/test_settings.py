"""What the codec server is told: readers by the hash of their tokens, origins and proxies by name."""

import hashlib

import pytest
from pydantic import ValidationError

from portal.codec.settings import CodecSettings, reader_of
from tests.portal.codec.conftest import OTHERS_TOKEN, TOKEN


def changed(settings: CodecSettings, **values: object) -> CodecSettings:
    return CodecSettings.model_validate(settings.model_dump() | values)


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8233", "https://temporal.shop.example"])
def test_an_origin_is_scheme_host_and_port(settings: CodecSettings, origin: str) -> None:
    assert changed(settings, origins=[origin]).origins == (origin,)


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "",
        "x.example",
        "https://x.example/",
        "https://*.example",
        "https://X.example",
        "ftp://x.example",
        "https://",
    ],
)
def test_an_origin_that_browsers_do_not_send_or_that_stands_for_many_is_refused(
    settings: CodecSettings, origin: str
) -> None:
    with pytest.raises(ValidationError, match=r"is no origin such as https://temporal.shop.example"):
        changed(settings, origins=[origin])


@pytest.mark.parametrize("proxy", ["*", "proxy.example", "10.1.2.3/8"])
def test_only_proxies_that_are_named_are_trusted(settings: CodecSettings, proxy: str) -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        changed(settings, trusted_proxies=[proxy])


def test_keys_and_readers_are_needed(settings: CodecSettings) -> None:
    for name in ("encryption_keys", "tokens"):
        with pytest.raises(ValidationError, match="at least 1 item"):
            changed(settings, **{name: []})


def test_a_reader_stands_there_once(settings: CodecSettings) -> None:
    with pytest.raises(ValidationError, match="anna stands there twice"):
        changed(settings, tokens=[settings.tokens[0].model_dump()] * 2)


@pytest.mark.parametrize("digest", [TOKEN, "", hashlib.sha256(b"x").hexdigest().upper(), hashlib.md5(b"x").hexdigest()])  # noqa: S324 - a wrong one is the point
def test_a_token_itself_does_not_pass_for_its_hash(settings: CodecSettings, digest: str) -> None:
    with pytest.raises(ValidationError, match="sha256"):
        changed(settings, tokens=[{"name": "anna", "sha256": digest}])


@pytest.mark.parametrize(("token", "name"), [(TOKEN, "anna"), (OTHERS_TOKEN, "bo"), ("", None), ("\udcff", None)])
def test_a_token_tells_whose_it_is(settings: CodecSettings, token: str, name: str | None) -> None:
    found = reader_of(token, settings.tokens)
    assert (found.name if found else None) == name
