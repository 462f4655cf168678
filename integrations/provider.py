"""What a payment provider brings with it: one settings block, and from it everything that the processes need.

Another provider is a package with one such block, and its name in `integrations.providers`; see
docs/adding-a-provider.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Protocol

from pydantic_settings import BaseSettings, SettingsConfigDict

from activities.ports import Payments, Statements
from domain.rails import Rail
from integrations.hearing import WebhookReader


class ProviderSettingsError(ValueError):
    """A provider cannot be used with its settings; `str(error)` names the variable and says where to find its value."""


class OpenPayments(Payments, Protocol):
    """An adapter that holds connections."""

    async def close(self) -> None: ...


class ProviderBlock(BaseSettings, ABC):
    """A provider's settings, `AFTERSALES_<PROVIDER>_<NAME>`; every field has a default, for a shop has few of them.

    A method gives None for what is not set up at all, and raises ProviderSettingsError for what is set up by half.
    The portal has the keys that webhooks are verified by, workers have those that calls are signed by. A variable that
    is empty counts as absent: files of variables name those that nobody has filled in.
    """

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    provider: ClassVar[str]
    calls_per_s: float = 80.0

    @abstractmethod
    def rail(self) -> Rail:
        """What the provider can do, known without any key."""

    @abstractmethod
    def payments(self) -> OpenPayments | None:
        """The adapter, for a worker."""

    @abstractmethod
    def webhooks(self) -> WebhookReader | None:
        """Who verifies and reads its webhooks, for the portal."""

    @abstractmethod
    def statements(self) -> Statements | None:
        """The provider's own record of a day, for the reconciliation."""
