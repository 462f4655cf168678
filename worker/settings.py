"""What a worker is told from outside. There is no default secret: without its keys it does not start."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from aftersales.contract.values import Frozen, Language, Role
from aftersales.proof import Keyring, ProofKey
from integrations.letters import LetterSettings
from integrations.links import LinkKey
from integrations.mail import Security, SmtpServer
from integrations.stripe import StripeSettings


class Queue(StrEnum):
    """The task queues a worker can serve."""

    CASES = "cases"
    PAYMENTS_STRIPE = "payments-stripe"
    NOTIFICATIONS = "notifications"


class TrustedKey(Frozen):
    """A key whose proofs count, and the roles it may vouch for (all, unless named)."""

    key_id: str
    secret: SecretStr
    roles: frozenset[Role] = frozenset(Role)

    def key(self) -> ProofKey:
        return ProofKey(self.key_id, self.secret.get_secret_value(), self.roles)


class WorkerSettings(BaseSettings):
    """Environment: `AFTERSALES_<NAME>`; lists and keys are JSON. Times in seconds.

    `time_scale` (0, 1] shortens every wait of the policy for people and windows, for demos and tests; production leaves
    it at 1. `order_lookup_s`: how long an unknown order is looked up again, None as long as the policy says. The sweep
    takes up webhooks that came more than `sweep_older_than_s` ago; keep it above the portal's own grace.
    """

    model_config = SettingsConfigDict(env_prefix="AFTERSALES_", extra="ignore")

    database_url: Annotated[str, Field(repr=False)]  # PostgreSQL's holds a password
    database_connections: Annotated[int, Field(gt=0, le=200)] = 10
    proof_keys: Annotated[tuple[TrustedKey, ...], Field(min_length=1)]
    link_keys: Annotated[tuple[LinkKey, ...], Field(min_length=1)]

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

    smtp_host: str = "127.0.0.1"
    smtp_port: Annotated[int, Field(gt=0, le=65535)] = 2525
    smtp_security: Security = Security.NONE
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    mail_sender: str = "after-sales@localhost"
    mail_host: str = "after-sales.localhost"

    shop_name: str = "After-sales"
    portal_url: str = "http://127.0.0.1:8700"
    case_url: str = ""
    agents_mail: str = ""
    supervisors_mail: str = ""
    finance_mail: str = ""
    ops_mail: str = ""
    staff_language: Language = Language.ZH_CN
    time_zone: str = "UTC"

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
        _once([trusted.key().key_id for trusted in keys])
        return keys

    @field_validator("link_keys")
    @classmethod
    def _sound_link_keys(cls, keys: tuple[LinkKey, ...]) -> tuple[LinkKey, ...]:
        for key in keys:
            key.secret_bytes()
        _once([key.key_id for key in keys])
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

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError) as error:
            raise ValueError(f"{name!r} is no time zone; name one such as Asia/Shanghai") from error
        return name

    def keyring(self) -> Keyring:
        return Keyring(trusted.key() for trusted in self.proof_keys)

    def stripe(self) -> StripeSettings:
        return StripeSettings(
            api_key=self.stripe_api_key.get_secret_value(),
            api_base=self.stripe_api_base,
            timeout_s=self.stripe_timeout_s,
        )

    def smtp(self) -> SmtpServer:
        return SmtpServer(
            host=self.smtp_host,
            port=self.smtp_port,
            security=self.smtp_security,
            username=self.smtp_username,
            password=self.smtp_password,
            sender=self.mail_sender,
            sender_name=self.shop_name,
        )

    def letters(self) -> LetterSettings:
        return LetterSettings(
            shop_name=self.shop_name,
            portal_url=self.portal_url,
            case_url=self.case_url,
            agents=self.agents_mail,
            supervisors=self.supervisors_mail,
            finance=self.finance_mail,
            ops=self.ops_mail,
            staff_language=self.staff_language,
            time_zone=self.time_zone,
        )


def _once(key_ids: list[str]) -> None:
    """Of two keys under one id only the last would count, in silence."""
    twice = sorted({key_id for key_id in key_ids if key_ids.count(key_id) > 1})
    if twice:
        raise ValueError(f"the key id {', '.join(twice)} stands there twice; give each key an id of its own")
