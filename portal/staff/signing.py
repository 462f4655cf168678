"""Turning a person's act into a proof: by whoever has logged in, in a role that they hold at this moment."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, JsonValue, ValidationError

from aftersales.contract import messages
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Number, Proof, Proven
from aftersales.contract.values import STAFF_ROLES, ErrorCode, Frozen, Role
from aftersales.proof import ProofKey, sign
from storage.logins import Session

SIGNABLE: Final = {
    kind.__name__: kind
    for kind in vars(messages).values()
    if isinstance(kind, type) and issubclass(kind, Proven) and kind is not Proven
}
"""Every message of the contract, by the name under which it is asked for."""


class ToSign(Frozen):
    """What somebody wants to say: the message's class name, and its content without a proof."""

    number: Number
    kind: Annotated[str, Field(max_length=40)]
    role: Role
    body: dict[str, JsonValue]


class UnsignableError(Exception):
    """What is to be signed is no message of the contract; `str(error)` names what is wrong."""


class Signing:
    """Signs with one key, which vouches for the staff and never for a customer."""

    def __init__(self, key_id: str, secret: str) -> None:
        self._key = ProofKey(key_id, secret, STAFF_ROLES, staff=True)

    def proof(self, session: Session, wanted: ToSign) -> Proof:
        """Raises AftersalesError(role_not_allowed), UnsignableError."""
        if wanted.role not in session.staff.roles & self._key.roles:
            held = ", ".join(sorted(session.staff.roles)) or "none"
            raise AftersalesError(
                ErrorCode.ROLE_NOT_ALLOWED,
                f"This account does not hold the role {wanted.role.value} (it holds: {held}); nothing was signed.",
            )
        signed = sign(
            _message(wanted),
            number=wanted.number,
            actor=session.staff.staff_id,
            role=wanted.role,
            key=self._key,
            authenticated_at=int(session.authenticated_at.timestamp()),
        )
        assert signed.proof is not None
        return signed.proof


def _message(wanted: ToSign) -> Proven:
    kind = SIGNABLE.get(wanted.kind)
    if kind is None:
        raise UnsignableError(f"There is no message {wanted.kind!r}; name one of {', '.join(sorted(SIGNABLE))}.")
    try:
        return kind.model_validate(wanted.body)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise UnsignableError(f"The {wanted.kind} cannot be signed as it is. {wrong}.") from None
