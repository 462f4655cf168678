"""What passes between the wire and a provider: a call, its answer, and the provider as a protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sandbox.faults import FaultKind


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request as it came off the wire; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """A request as its provider reads it.

    ``key`` is the caller's own number, ``leg`` the reference it carries for the count of executions, and
    ``payments`` every name of the payment it touches (faults match any of them).
    """

    provider: str
    envelope: Envelope
    params: Mapping[str, str]
    key: str | None
    leg: str | None
    payments: tuple[str, ...]

    @property
    def method(self) -> str:
        """The HTTP method in upper case."""
        return self.envelope.method

    @property
    def path(self) -> str:
        """The path without its query."""
        return self.envelope.path


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer; ``replayed`` when it was stored earlier and nothing was executed."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    replayed: bool = False


class Provider(Protocol):
    """One payment provider. A further one is a package that meets this and a line in ``sandbox.app``."""

    name: str
    prefixes: tuple[str, ...]
    redelivery_s: tuple[float, ...]

    def describe(self, envelope: Envelope) -> Call:
        """Read leg, key and payment from a request without judging it."""
        ...

    def admit(self, call: Call) -> Answer | None:
        """Refuse at the door (bad key, same key in flight), or admit and return ``None``."""
        ...

    def leave(self, call: Call) -> None:
        """End what ``admit`` began; the call is no longer in flight."""
        ...

    def execute(self, call: Call, kinds: frozenset[FaultKind]) -> Answer:
        """Do what the real provider would, in one transaction, under the scripted ``kinds``."""
        ...

    def rate_limited(self, call: Call) -> Answer:
        """The provider's answer to too many requests; nothing is executed or stored."""
        ...

    def sign(self, body: bytes, *, forged: bool) -> Mapping[str, str]:
        """Headers of one webhook delivery, signed now; ``forged`` signs with another secret."""
        ...

    def acknowledged(self, status: int, body: bytes) -> bool:
        """Whether the receiver's answer ends redelivery."""
        ...
