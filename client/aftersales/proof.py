"""Proofs: an HMAC by the service that authenticated a person, over who says what to which case, and when.

A person with rights on the Temporal UI or CLI can send any message; only a proof makes it count.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Proof, Proven
from aftersales.contract.values import ErrorCode, Role

MessageT = TypeVar("MessageT", bound=Proven)
MIN_SECRET_BYTES = 16
_UNSIGNED = "0" * 64


@dataclass(frozen=True)
class ProofKey:
    """A shared secret and the roles its holder may vouch for; the portal's key, say, only for customers."""

    key_id: str
    secret: str = field(repr=False)
    roles: frozenset[Role] = frozenset(Role)

    def __post_init__(self) -> None:
        if len(self.secret.encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"proof key {self.key_id!r}: the secret needs at least {MIN_SECRET_BYTES} bytes")


def sign(message: MessageT, *, number: str, actor: str, role: Role, key: ProofKey) -> MessageT:
    """The message with a proof that `actor`, as `role`, says it to case `number`, now.

    Raises pydantic's ValidationError for an actor that is no id.
    """
    at, nonce = int(time.time()), secrets.token_hex(16)
    proof = Proof(key_id=key.key_id, actor=actor, role=role, at=at, nonce=nonce, mac=_UNSIGNED)
    mac = _mac(key, _claim(message, number, actor, role, at, nonce))
    return message.model_copy(update={"proof": proof.model_copy(update={"mac": mac})})


class Keyring:
    """The keys a worker trusts, by id; during a rotation it holds the old and the new one."""

    def __init__(self, keys: Iterable[ProofKey]) -> None:
        self._keys = {key.key_id: key for key in keys}

    def verify(self, message: Proven, number: str) -> Proof:
        """The message's proof, if it holds for this case.

        Raises AftersalesError: proof_missing, proof_invalid (unknown key, forged, changed, for another
        case), role_not_allowed (the key may not vouch for that role).
        """
        proof = message.proof
        if proof is None:
            raise AftersalesError(ErrorCode.PROOF_MISSING, "The message carries no proof of who sent it.")
        key = self._keys.get(proof.key_id)
        claim = _claim(message, number, proof.actor, proof.role, proof.at, proof.nonce)
        if key is None or not hmac.compare_digest(_mac(key, claim), proof.mac):
            raise AftersalesError(ErrorCode.PROOF_INVALID, "The proof does not hold for this message.")
        if proof.role not in key.roles:
            raise AftersalesError(
                ErrorCode.ROLE_NOT_ALLOWED,
                f"Key {proof.key_id!r} may not vouch for a {proof.role.value}.",
            )
        return proof


def _claim(message: Proven, number: str, actor: str, role: Role, at: int, nonce: str) -> bytes:
    parts = (type(message).__name__, number, actor, role.value, message.body_digest(), str(at), nonce)
    return "\n".join(parts).encode()


def _mac(key: ProofKey, claim: bytes) -> str:
    return hmac.new(key.secret.encode(), claim, hashlib.sha256).hexdigest()
