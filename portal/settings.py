"""What the portal is told from outside. There is no default secret: without its keys it does not start."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from aftersales.encryption import EncryptionSettings
from aftersales.proof import ProofKey
from aftersales.sealing import EncryptionKeys
from integrations.evidence import LARGEST_BYTES, EvidenceSettings
from integrations.links import LinkKeys


def _shared(name: str) -> AliasChoices:
    """A setting that other processes have too: `AFTERSALES_<NAME>`, unless the portal has one of its own."""
    return AliasChoices(f"AFTERSALES_PORTAL_{name}", f"AFTERSALES_{name}")


def _addresses(listed: str) -> str:
    """Raises ValueError: `*` would let every client say who it is."""
    for one in filter(None, listed.split(",")):
        try:
            ip_network(one.strip())
        except ValueError as why:
            raise ValueError(f"{one.strip()!r} is no address or network such as 10.0.0.0/8; name each proxy") from why
    return listed


class PortalSettings(BaseSettings, EncryptionSettings, EvidenceSettings):
    """Environment: `AFTERSALES_PORTAL_<NAME>`; the marked ones also `AFTERSALES_<NAME>`, shared with others.

    `link_keys` (shared) is JSON such as `[{"key_id": "2026a", "secret": "…"}]`; the first one signs. The proof
    key lets the portal vouch for customers. Sizes in bytes, times in seconds; `webhook_grace_s` is how long a
    webhook about a refund that is just being ordered waits for the order's own answer.

    With `staff_proof_secret` this portal is the staff's signing service, too; their logins hold for `staff_idle_s`
    unused and for `staff_session_s` at all.

    `payee_keys` (shared) lock account details away: JSON as `link_keys`, each secret 32 bytes in base64.
    `address_per_minute` and `link_per_minute` bound the requests to each of survey, payout page and uploads.
    `trusted_proxies`, addresses or networks with commas between them, are believed when they say in
    `X-Forwarded-For` for whom they ask.
    """

    model_config = SettingsConfigDict(env_prefix="AFTERSALES_PORTAL_", populate_by_name=True, extra="ignore")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(gt=0, le=65535)] = 8700
    database_url: Annotated[str, Field(validation_alias=_shared("DATABASE_URL"))]
    evidence: Annotated[str, Field(validation_alias=_shared("EVIDENCE"))] = "var/evidence"
    link_keys: Annotated[LinkKeys, Field(validation_alias=_shared("LINK_KEYS"))]
    payee_keys: Annotated[EncryptionKeys, Field(min_length=1, validation_alias=_shared("PAYEE_KEYS"))]
    proof_key_id: str = "portal"
    proof_secret: Annotated[SecretStr, Field(min_length=16)]
    staff_proof_key_id: str = "staff"
    staff_proof_secret: Annotated[SecretStr | None, Field(min_length=16)] = None
    staff_idle_s: Annotated[int, Field(ge=60)] = 30 * 60
    staff_session_s: Annotated[int, Field(ge=60)] = 10 * 60 * 60
    temporal_address: str | None = None
    temporal_namespace: str | None = None
    shop_name: Annotated[str, Field(validation_alias=_shared("SHOP_NAME"))] = "After-sales"

    largest_webhook_bytes: int = 256 * 1024
    largest_upload_bytes: int = LARGEST_BYTES
    webhook_grace_s: Annotated[float, Field(ge=0, le=60)] = 15.0
    body_limit_s: float = 20.0
    upload_limit_s: float = 300.0
    drain_s: int = 10
    most_connections: int = 500
    address_per_minute: Annotated[int, Field(gt=0)] = 300
    link_per_minute: Annotated[int, Field(gt=0)] = 20
    trusted_proxies: Annotated[str, AfterValidator(_addresses)] = ""

    def proof_key(self) -> ProofKey:
        return ProofKey(self.proof_key_id, self.proof_secret.get_secret_value())
