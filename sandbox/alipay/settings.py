"""Settings of the Alipay side, read from ``SANDBOX_ALIPAY_*`` variables."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class AlipaySettings(BaseSettings):
    """Keys and the limits that Alipay's pages leave to the contract; keys as PEM or bare base64, amounts in fen.

    A key that is not set is made fresh, and ``GET /admin/alipay/keys`` shows it.
    """

    model_config = SettingsConfigDict(env_prefix="SANDBOX_ALIPAY_")

    app_id: str = "2021000000000001"
    merchant_public_key: str | None = None
    private_key: SecretStr | None = None
    # Where notifications go when the request names no notify_url: the application gateway of the real console.
    notify_url: str | None = None

    refund_within_days: int = Field(default=365, gt=0)
    spacing_s: float = Field(default=3.0, ge=0)
    # What `fund_change` says when a refund is asked for again under its number.
    repeat_fund_change: Literal["Y", "N"] = "N"
    timestamp_window_s: int = Field(default=86_400, gt=0)
    # A day's bill is there from this hour of the next day on, Beijing time.
    bill_ready_hour: int = Field(default=9, ge=0, le=23)
    transfer_least: int = Field(default=10, gt=0)
    transfer_most: int = Field(default=5_000_000, gt=0)
