"""Settings of the sandbox's bank, read from ``SANDBOX_BANK_*`` variables."""

import secrets
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Hour = Annotated[int, Field(ge=0, le=24)]


def _fresh_token() -> SecretStr:
    return SecretStr(f"bank_{secrets.token_hex(16)}")


def _fresh_secret() -> SecretStr:
    return SecretStr(f"bwh_{secrets.token_hex(16)}")


class BankTerms(BaseModel):
    """What a merchant agrees upon with a bank; a test may change it at any time.

    ``cut_off_hour``: orders from this hour (UTC) on are booked on the next working day; ``None`` books at any time.
    ``charge_minor``: what the bank takes for a payout, in the payout's minor units.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook_url: str | None = Field(default=None, pattern=r"^https?://")
    cut_off_hour: Hour | None = None
    closed_weekends: bool = False
    charge_minor: int = Field(default=0, ge=0)
    batch_booking: bool = False
    entries_per_page: int = Field(default=500, ge=1)


class BankSettings(BaseSettings):
    """Credentials, fresh ones when nothing is set, and the terms at the start."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_BANK_")

    token: SecretStr = Field(default_factory=_fresh_token)
    webhook_secret: SecretStr = Field(default_factory=_fresh_secret)
    # The merchant's account; orders from another one are refused.
    account: str = "DE02120300000000202051"

    webhook_url: str | None = Field(default=None, pattern=r"^https?://")
    cut_off_hour: Hour | None = None
    closed_weekends: bool = False
    charge_minor: int = Field(default=0, ge=0)
    batch_booking: bool = False
    entries_per_page: int = Field(default=500, ge=1)

    @property
    def terms(self) -> BankTerms:
        """The terms at the start."""
        return BankTerms(**{name: getattr(self, name) for name in BankTerms.model_fields})
