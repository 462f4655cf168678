"""Settings of the sandbox process, read from ``SANDBOX_*`` variables."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SandboxSettings(BaseSettings):
    """What one sandbox needs to run; times in seconds, ``state_file=None`` keeps everything in memory."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_")

    host: str = "127.0.0.1"
    port: int = Field(default=4242, ge=0, le=65535)
    state_file: Path | None = None

    webhook_url: str | None = None
    # 1 is the providers' own schedule over days; the default makes five minutes a twelfth of a second.
    webhook_retry_scale: float = Field(default=1 / 3600, gt=0, le=1)
    webhook_timeout_s: float = Field(default=10.0, gt=0)
    # How long the held-back first event of an out-of-order pair follows the later one.
    out_of_order_gap_s: float = Field(default=0.1, ge=0)

    stripe_api_key: SecretStr = SecretStr("sk_test_sandbox")
    stripe_webhook_secret: SecretStr = SecretStr("whsec_sandbox")
    # Stripe promises "at least 24 hours"; the sandbox forgets at the first moment Stripe may.
    stripe_key_life_s: int = Field(default=24 * 3600, gt=0)
    # Reports from the field show no code on this refusal, though the list of codes has `amount_too_large`.
    stripe_over_amount_code: str | None = None
