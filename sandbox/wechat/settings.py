"""Settings of the sandbox's WeChat Pay, read from ``SANDBOX_WECHAT_*`` variables."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

APIV3_KEY_LENGTH = 32


class WeChatSandboxSettings(BaseSettings):
    """One merchant and its limits; times in seconds. Keys are PEM; an empty one is made at the start.

    ``GET /admin/wechat/keys`` tells what a merchant needs to know, the keys that were made included.
    """

    model_config = SettingsConfigDict(env_prefix="SANDBOX_WECHAT_")

    mchid: str = "1900000109"
    serial_no: str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
    merchant_public_key: str = ""
    platform_private_key: SecretStr = SecretStr("")
    public_key_id: str = "PUB_KEY_ID_0119000001092026110100391947000800"
    apiv3_key: SecretStr = SecretStr("")
    # The address set on the merchant's platform, for requests that name none; without it the sandbox's own.
    notify_url: str | None = None

    spacing_s: Annotated[int, Field(ge=0)] = 60
    most_parts: Annotated[int, Field(ge=1)] = 50
    refund_days: Annotated[int, Field(ge=1)] = 365
    # When an accepted refund reaches its end by itself, in real time; None leaves it to the admin side.
    settle_after_s: Annotated[float | None, Field(ge=0)] = 0.2
    # Reports from the field show INVALID_REQUEST for the same number with another amount.
    mismatch_code: str = "REFUND_FEE_MISMATCH"
    # From this hour of the next day on, Beijing time, yesterday's bill is there.
    bill_hour: Annotated[int, Field(ge=0, le=23)] = 10
