"""Where account details are locked away, by keys of their own (P3.2): `AFTERSALES_PAYEE_KEYS`.

What is locked is bound to its place (a row, a form): moved to another one it does not open.
"""

from __future__ import annotations

from collections.abc import Sequence

from aftersales.sealing import EncryptionKey, Sealed, Sealer


class Vault:
    """Locks with the first key, whose id is `key_id`, opens with every key it holds. Raises ValueError without any."""

    def __init__(self, keys: Sequence[EncryptionKey]) -> None:
        self._sealer = Sealer(keys)
        self.key_id = keys[0].key_id

    def lock(self, details: bytes, place: str) -> Sealed:
        return self._sealer.seal(details, _bound(place))

    def open(self, sealed: Sealed, place: str) -> bytes:
        """Raises EncryptionError: the key is not here, or this was not locked for this place."""
        return self._sealer.open(sealed, _bound(place))


def _bound(place: str) -> bytes:
    return f"payee details: {place}".encode()
