"""An address is one that can be asked, and never one that holds a password or half of a question."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from integrations.shop_http import ShopSourceSettings


@pytest.mark.parametrize("url", ["", "https://wms.example/shipments", "http://127.0.0.1:8080", "https://[::1]:9/a/b"])
def test_an_address_is_taken_as_it_is(url: str) -> None:
    assert ShopSourceSettings(logistics_url=url).logistics_url == url


@pytest.mark.parametrize(
    "url",
    [
        "wms.example",
        "ftp://wms.example/",
        "https://",
        "file:///etc/hosts",
        "https://a b/",
        "https://a:99999/",
        "https://a\n",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="name the whole address"):
        ShopSourceSettings(stock_url=url)


@pytest.mark.parametrize("url", ["https://me:pw@wms.example/", "https://wms.example/?a=b", "https://wms.example/#a"])
def test_an_address_ends_with_its_path_and_holds_no_password(url: str) -> None:
    with pytest.raises(ValidationError, match="a token has a variable of its own"):
        ShopSourceSettings(accounts_url=url)


def test_a_token_is_not_shown() -> None:
    assert "secret-1" not in repr(ShopSourceSettings.model_validate({"stock_token": "secret-1"}))
