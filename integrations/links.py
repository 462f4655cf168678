"""Links and tickets that carry their own authority: signed with purpose, case, expiry and key id.

A survey link goes out by mail (P4.2), and so does the link by which a customer names another destination for the money
(P3.2); an upload ticket is handed to whoever may add evidence to a case (P2.2), and a link to a piece of it to agents.
Whoever reads a token learns from the error only that it does not hold; why is for the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from itsdangerous import BadData, URLSafeSerializer
from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator

from aftersales.contract.messages import Number
from aftersales.contract.values import Frozen, Language, OpaqueId, PayoutMethod, Sha256

MIN_SECRET_BYTES: Final = 16
LONGEST_TOKEN: Final = 2000


class Purpose(StrEnum):
    """What a token is good for; one made for another purpose does not hold."""

    SURVEY = "survey"
    UPLOAD = "upload"
    PAYOUT = "payout"
    EVIDENCE = "evidence"


class LinkKey(Frozen):
    """A secret for signing; its id stands in front of each token, so that keys can be rolled."""

    key_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    secret: SecretStr

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value().encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"the secret needs at least {MIN_SECRET_BYTES} bytes to keep anybody out")
        return secret


def refuse_repeated(key_ids: Sequence[str]) -> None:
    """Raises ValueError: of two keys under one id only the last would count, in silence."""
    twice = sorted({key_id for key_id in key_ids if key_ids.count(key_id) > 1})
    if twice:
        raise ValueError(f"the key id {', '.join(twice)} stands there twice; give each key an id of its own")


def _each_id_once(keys: tuple[LinkKey, ...]) -> tuple[LinkKey, ...]:
    refuse_repeated([key.key_id for key in keys])
    return keys


LinkKeys = Annotated[tuple[LinkKey, ...], Field(min_length=1), AfterValidator(_each_id_once)]
"""As a setting: the first one signs, all are accepted."""


class Bound(Frozen):
    """What every token is bound to: the case, its customer, and the moment it ends (seconds since 1970)."""

    number: Number
    customer_id: OpaqueId
    expires_at: int


class SurveyLink(Bound):
    """May answer the survey of one case, once. `language` is the case's, so that the page speaks it."""

    language: Language = Language.ZH_CN


class PayoutLink(Bound):
    """May name the destination of one case's money, once for each asking; `asking` tells the askings of a case apart.

    `methods` are offered, in this order.
    """

    asking: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    methods: Annotated[tuple[PayoutMethod, ...], Field(min_length=1, max_length=len(PayoutMethod))]
    language: Language = Language.ZH_CN


def asking_for(provider_numbers: Iterable[str]) -> str:
    """One name for all letters that ask about the same failed payments: the first one's and the reminder's."""
    return hashlib.sha256("\n".join(sorted(provider_numbers)).encode()).hexdigest()[:32]


class UploadTicket(Bound):
    """May upload one piece of evidence to one case; `ticket_id` makes it single use."""

    ticket_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    max_bytes: Annotated[int, Field(gt=0, le=200_000_000)]
    media_types: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)]


class EvidenceLink(Bound):
    """May look at one piece of evidence of one case, or at its thumbnail, until it ends. `viewer`: for whom it was
    made, for the portal's log."""

    sha256: Sha256
    viewer: OpaqueId
    thumbnail: bool = False


BoundT = TypeVar("BoundT", bound=Bound)


class LinkInvalidError(Exception):
    """The token is forged, cut, for something else, or over. `str(error)` is for the log, never for the page."""


class LinkSigner:
    """Signs with the first key, accepts every key it holds."""

    def __init__(self, keys: Sequence[LinkKey]) -> None:
        if not keys:
            raise ValueError("links: at least one signing key is needed; set one")
        self._secrets = {key.key_id: key.secret.get_secret_value().encode() for key in keys}
        self._signing_id = keys[0].key_id

    def survey_token(self, link: SurveyLink) -> str:
        return self._token(Purpose.SURVEY, link)

    def upload_token(self, ticket: UploadTicket) -> str:
        return self._token(Purpose.UPLOAD, ticket)

    def payout_token(self, link: PayoutLink) -> str:
        return self._token(Purpose.PAYOUT, link)

    def evidence_token(self, link: EvidenceLink) -> str:
        return self._token(Purpose.EVIDENCE, link)

    def read_survey(self, token: str, now: datetime) -> SurveyLink:
        """Raises LinkInvalidError."""
        return self._read(Purpose.SURVEY, SurveyLink, token, now)

    def read_upload(self, token: str, now: datetime) -> UploadTicket:
        """Raises LinkInvalidError."""
        return self._read(Purpose.UPLOAD, UploadTicket, token, now)

    def read_payout(self, token: str, now: datetime) -> PayoutLink:
        """Raises LinkInvalidError."""
        return self._read(Purpose.PAYOUT, PayoutLink, token, now)

    def read_evidence(self, token: str, now: datetime) -> EvidenceLink:
        """Raises LinkInvalidError."""
        return self._read(Purpose.EVIDENCE, EvidenceLink, token, now)

    def _token(self, purpose: Purpose, bound: Bound) -> str:
        signed = self._serializer(purpose, self._signing_id).dumps(bound.model_dump(mode="json"))
        return f"{self._signing_id}.{signed if isinstance(signed, str) else signed.decode()}"

    def _read(self, purpose: Purpose, shape: type[BoundT], token: str, now: datetime) -> BoundT:
        key_id, _, signed = token.partition(".")
        if len(token) > LONGEST_TOKEN or key_id not in self._secrets:
            raise LinkInvalidError("unknown key, or too long")
        try:
            bound = shape.model_validate(self._serializer(purpose, key_id).loads(signed))
        except BadData as why:
            raise LinkInvalidError("the signature does not hold") from why
        except ValidationError as why:
            raise LinkInvalidError("signed, but of an unknown shape") from why
        if now.timestamp() >= bound.expires_at:
            raise LinkInvalidError("expired")
        return bound

    def _serializer(self, purpose: Purpose, key_id: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            self._secrets[key_id],
            salt=f"aftersales.{purpose.value}.{key_id}",
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )
