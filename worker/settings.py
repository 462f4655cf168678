"""What a worker is told from outside. There is no default secret: without its keys it does not start."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from aftersales.contract import names
from aftersales.contract.values import Frozen, Role
from aftersales.proof import Keyring, ProofKey
from integrations.letters import LetterSettings
from integrations.links import LinkKeys, refuse_repeated
from integrations.mail import MailSettings
from integrations.stripe import StripeSettings


class Queue(StrEnum):
    """The task queues a worker can serve."""

    CASES = names.QUEUE_CASES
    PAYMENTS_STRIPE = names.payments_queue("stripe")
    NOTIFICATIONS = names.QUEUE_NOTIFICATIONS


class TrustedKey(Frozen):
    """A key whose proofs count, and the roles it may vouch for (all, unless named)."""

    key_id: str
    secret: SecretStr
    roles: frozenset[Role] = frozenset(Role)

    def key(self) -> ProofKey:
        return ProofKey(self.key_id, self.secret.get_secret_value(), self.roles)


class WorkerSettings(BaseSettings, LetterSettings, MailSettings):
    """Environment: `AFTERSALES_<NAME>`; lists and keys are JSON. Times in seconds.

    `time_scale` (0, 1] shortens every wait of the policy for people and windows, for demos and tests; production leaves
    it at 1. `order_lookup_s`: how long an unknown order is looked up again, None as long as the policy says. The sweep
    takes up webhooks that came more than `sweep_older_than_s` ago; keep it above the portal's own grace.
    """

    model_config = SettingsConfigDict(env_prefix="AFTERSALES_", extra="ignore")

    database_url: Annotated[str, Field(repr=False)]  # PostgreSQL's holds a password
    database_connections: Annotated[int, Field(gt=0, le=200)] = 10
    proof_keys: Annotated[tuple[TrustedKey, ...], Field(min_length=1)]
    link_keys: LinkKeys

    temporal_address: str | None = None
    temporal_namespace: str | None = None
    queues: tuple[Queue, ...] = tuple(Queue)
    max_cached_workflows: Annotated[int, Field(ge=0)] = 1000
    concurrent_workflow_tasks: Annotated[int, Field(gt=1)] = 40
    concurrent_activities: Annotated[int, Field(gt=0)] = 100
    drain_s: Annotated[int, Field(ge=0)] = 30
    sweep_every_s: Annotated[int, Field(ge=5)] = 300
    sweep_older_than_s: Annotated[int, Field(ge=0)] = 60

    policy: str = "v1"
    time_scale: Annotated[float, Field(gt=0, le=1)] = 1.0
    order_lookup_s: Annotated[int | None, Field(gt=0)] = None

    stripe_api_key: SecretStr
    stripe_api_base: str = "https://api.stripe.com"
    stripe_timeout_s: Annotated[float, Field(gt=0, le=9)] = 8.0
    stripe_calls_per_s: Annotated[float, Field(gt=0)] = 80.0

    mail_host: str = "after-sales.localhost"
    log_format: Annotated[str, Field(pattern="^(json|console)$")] = "json"

    @field_validator("queues")
    @classmethod
    def _some_queue(cls, queues: tuple[Queue, ...]) -> tuple[Queue, ...]:
        if not queues:
            raise ValueError(f"name at least one of {', '.join(Queue)}")
        return queues

    @field_validator("proof_keys")
    @classmethod
    def _sound_proof_keys(cls, keys: tuple[TrustedKey, ...]) -> tuple[TrustedKey, ...]:
        refuse_repeated([trusted.key().key_id for trusted in keys])
        return keys

    @field_validator("stripe_api_key")
    @classmethod
    def _sound_stripe_key(cls, key: SecretStr) -> SecretStr:
        StripeSettings(api_key=key.get_secret_value())
        return key

    @field_validator("stripe_api_base")
    @classmethod
    def _sound_stripe_address(cls, address: str) -> str:
        StripeSettings(api_key="any", api_base=address)
        return address

    def keyring(self) -> Keyring:
        return Keyring(trusted.key() for trusted in self.proof_keys)

    def stripe(self) -> StripeSettings:
        return StripeSettings(
            api_key=self.stripe_api_key.get_secret_value(),
            api_base=self.stripe_api_base,
            timeout_s=self.stripe_timeout_s,
        )
