"""What a worker is told from outside. There is no default secret: without its keys it does not start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from aftersales.contract import names
from aftersales.contract.values import Frozen, Role
from aftersales.encryption import EncryptionSettings
from aftersales.proof import Keyring, ProofKey
from aftersales.sealing import EncryptionKeys
from domain.rails import BY_HAND, GIFT_CARD, STORE_CREDIT
from integrations.clamav import ScannerAddress
from integrations.evidence import EvidenceSettings
from integrations.letters import LetterSettings
from integrations.links import LinkKeys, refuse_repeated
from integrations.mail import MailSettings
from integrations.providers import NAMES
from integrations.seals import SealKeys
from integrations.shop_http import ShopSourceSettings

CRON: Final = r"^(CRON_TZ=\S+ )?\S+( \S+){4}$"

OWN_PROVIDERS: Final = (STORE_CREDIT, GIFT_CARD, BY_HAND)
"""Providers that need no settings: our own database, and people."""

QUEUES: Final = (
    names.QUEUE_CASES,
    names.QUEUE_NOTIFICATIONS,
    names.QUEUE_EVIDENCE,
    *(names.payments_queue(provider) for provider in (*NAMES, *OWN_PROVIDERS)),
)
"""The task queues a worker can serve."""


class TrustedKey(Frozen):
    """A key whose proofs count, and the roles it may vouch for (all, unless named).

    `staff`: it is the signing service's; what it says of a person counts while the account holds the role.
    """

    key_id: str
    secret: SecretStr
    roles: frozenset[Role] = frozenset(Role)
    staff: bool = False

    def key(self) -> ProofKey:
        return ProofKey(self.key_id, self.secret.get_secret_value(), self.roles, self.staff)


class WorkerSettings(
    BaseSettings, LetterSettings, MailSettings, EncryptionSettings, EvidenceSettings, ShopSourceSettings
):
    """Environment: `AFTERSALES_<NAME>`; lists and keys are JSON. Times in seconds.

    `time_scale` (0, 1] shortens every wait of the policy for people and windows, for demos and tests; production leaves
    it at 1. `order_lookup_s`: how long an unknown order is looked up again, None as long as the policy says. The sweep
    takes up webhooks that came more than `sweep_older_than_s` ago; keep it above the portal's own grace. The
    reconciliation is started as `reconcile_cron` says, in UTC, when all statements of the day before are made;
    providers may book up to `reconcile_grace_days` after our own record.

    `evidence` is the portal's store; without it the queue `evidence` is left to other workers. `clamav` names clamd as
    host:port; without it nothing is scanned. Evidence is erased `evidence_days` after its last case closed.
    `seals` is where the operations log is sealed, apart from the database, signed by the first of `seal_keys`; both are
    done as `daily_cron` says, in UTC.
    """

    model_config = SettingsConfigDict(env_prefix="AFTERSALES_", extra="ignore")

    database_url: Annotated[str, Field(repr=False)]  # PostgreSQL's holds a password
    database_connections: Annotated[int, Field(gt=0, le=200)] = 10
    proof_keys: Annotated[tuple[TrustedKey, ...], Field(min_length=1)]
    link_keys: LinkKeys
    payee_keys: Annotated[EncryptionKeys, Field(min_length=1)]

    temporal_address: str | None = None
    temporal_namespace: str | None = None
    queues: tuple[str, ...] = QUEUES
    max_cached_workflows: Annotated[int, Field(ge=0)] = 1000
    concurrent_workflow_tasks: Annotated[int, Field(gt=1)] = 40
    concurrent_activities: Annotated[int, Field(gt=0)] = 100
    drain_s: Annotated[int, Field(ge=0)] = 30
    sweep_every_s: Annotated[int, Field(ge=5)] = 300
    sweep_older_than_s: Annotated[int, Field(ge=0)] = 60
    reconcile_cron: Annotated[str, Field(pattern=CRON)] = "0 4 * * *"
    reconcile_grace_days: Annotated[int, Field(ge=1, le=14)] = 3

    policy: str = "v1"
    time_scale: Annotated[float, Field(gt=0, le=1)] = 1.0
    order_lookup_s: Annotated[int | None, Field(gt=0)] = None

    evidence: str = ""
    clamav: ScannerAddress = ""
    evidence_days: Annotated[int, Field(ge=1, le=3650)] = 180
    seals: str = ""
    seal_keys: SealKeys = ()
    daily_cron: Annotated[str, Field(pattern=CRON)] = "30 3 * * *"

    mail_host: str = "after-sales.localhost"
    log_format: Annotated[str, Field(pattern="^(json|console)$")] = "json"

    @field_validator("queues")
    @classmethod
    def _known_queues(cls, queues: tuple[str, ...]) -> tuple[str, ...]:
        if not queues or not set(queues) <= set(QUEUES):
            raise ValueError(f"name at least one of {', '.join(QUEUES)}")
        return queues

    @field_validator("proof_keys")
    @classmethod
    def _sound_proof_keys(cls, keys: tuple[TrustedKey, ...]) -> tuple[TrustedKey, ...]:
        refuse_repeated([trusted.key().key_id for trusted in keys])
        return keys

    def keyring(self) -> Keyring:
        return Keyring(trusted.key() for trusted in self.proof_keys)

    @property
    def named_queues(self) -> tuple[str, ...]:
        """Those that somebody asked for; else it is every one that there is."""
        return self.queues if "queues" in self.model_fields_set else ()

    def served(self, set_up: Iterable[str]) -> tuple[str, ...]:
        """The queues of a worker where these providers are set up."""
        payments = [names.payments_queue(provider) for provider in (*OWN_PROVIDERS, *set_up)]
        examined = (names.QUEUE_EVIDENCE,) if self.evidence else ()
        there = (names.QUEUE_CASES, names.QUEUE_NOTIFICATIONS, *examined, *payments)
        return tuple(queue for queue in there if queue in self.queues)
