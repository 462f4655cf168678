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
from typing import Protocol, TypeVar

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Proof, Proven
from aftersales.contract.values import ErrorCode, Role

MessageT = TypeVar("MessageT", bound=Proven)
MIN_SECRET_BYTES = 16
_UNSIGNED = "0" * 64


class Signer(Protocol):
    """Who puts proofs to messages: a key of one's own, or a service that people have logged in to."""

    async def signed(self, message: MessageT, *, number: str, actor: str, role: Role) -> MessageT:
        """The message with a proof that `actor`, as `role`, says it to case `number`.

        Raises AftersalesError: role_not_allowed (the signer does not vouch for that), or why it cannot sign.
        """
        ...


@dataclass(frozen=True)
class ProofKey:
    """A shared secret and the roles its holder may vouch for; the portal's key, say, only for customers.

    `staff`: its holder vouches for accounts of the product's own database; a proof by it counts while the account is
    active and holds the role.
    """

    key_id: str
    secret: str = field(repr=False)
    roles: frozenset[Role] = frozenset(Role)
    staff: bool = False

    def __post_init__(self) -> None:
        if len(self.secret.encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"proof key {self.key_id!r}: the secret needs at least {MIN_SECRET_BYTES} bytes")

    async def signed(self, message: MessageT, *, number: str, actor: str, role: Role) -> MessageT:
        """See `Signer`. Raises AftersalesError(role_not_allowed)."""
        if role not in self.roles:
            raise AftersalesError(
                ErrorCode.ROLE_NOT_ALLOWED,
                f"Key {self.key_id!r} may not vouch for the role {role.value}; nothing was sent.",
            )
        return sign(message, number=number, actor=actor, role=role, key=self)


def sign(
    message: MessageT, *, number: str, actor: str, role: Role, key: ProofKey, authenticated_at: int = 0
) -> MessageT:
    """The message with a proof that `actor`, as `role`, says it to case `number`, now; see `Proof` for the time.

    Raises pydantic's ValidationError for an actor that is no id.
    """
    proof = Proof(
        key_id=key.key_id,
        actor=actor,
        role=role,
        at=int(time.time()),
        nonce=secrets.token_hex(16),
        mac=_UNSIGNED,
        authenticated_at=authenticated_at,
    )
    mac = _mac(key, _claim(message, number, proof))
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
        claim = _claim(message, number, proof)
        # A nonce of two lines would be signed as a nonce and the time of a login: one proof, told twice.
        is_one_line = "\n" not in proof.nonce
        if key is None or not is_one_line or not hmac.compare_digest(_mac(key, claim), proof.mac):
            raise AftersalesError(ErrorCode.PROOF_INVALID, "The proof does not hold for this message.")
        if proof.role not in key.roles:
            raise AftersalesError(
                ErrorCode.ROLE_NOT_ALLOWED,
                f"Key {proof.key_id!r} may not vouch for a {proof.role.value}.",
            )
        return proof

    def vouches_for_staff(self, proof: Proof) -> bool:
        """Whether a proof that holds speaks of an account of ours, which must hold its role now."""
        return self._keys[proof.key_id].staff


def _claim(message: Proven, number: str, proof: Proof) -> bytes:
    """A field that came later counts only where it says something, so that older proofs hold."""
    parts = [type(message).__name__, number, proof.actor, proof.role.value, message.body_digest(), str(proof.at)]
    parts += [proof.nonce, *([str(proof.authenticated_at)] if proof.authenticated_at else [])]
    return "\n".join(parts).encode()


def _mac(key: ProofKey, claim: bytes) -> str:
    return hmac.new(key.secret.encode(), claim, hashlib.sha256).hexdigest()
