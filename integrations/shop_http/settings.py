"""Where the shop's other systems are asked."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, AnyHttpUrl, BaseModel, SecretStr, TypeAdapter, ValidationError

_WEB: Final = TypeAdapter(AnyHttpUrl)


def _checked_address(url: str) -> str:
    if not url:
        return url
    try:
        parts = _WEB.validate_python(url if url.split() == [url] else "")
    except ValidationError as error:
        why = "name the whole address, such as https://wms.example/shipments, or leave it empty"
        raise ValueError(why) from error
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the address ends with its path and holds no password; a token has a variable of its own")
    return url


SourceUrl = Annotated[str, AfterValidator(_checked_address)]


class ShopSourceSettings(BaseModel):
    """A source without an address is our own database. A token is sent as `Authorization: Bearer`."""

    logistics_url: SourceUrl = ""
    logistics_token: SecretStr = SecretStr("")
    stock_url: SourceUrl = ""
    stock_token: SecretStr = SecretStr("")
    accounts_url: SourceUrl = ""
    accounts_token: SecretStr = SecretStr("")
