"""How a guest shows that an order is theirs: by the contact given with it (P6.1).

A guest has no account. Besides the order's number, the application carries a digest of the e-mail address or telephone
number of the order, made by the service that asked the guest for it; the contact itself is in no message.
"""

from __future__ import annotations

import hashlib
import re

_NOT_DIALLED = re.compile(r"[\s\-().]")


def contact_digest(order_id: str, contact: str) -> str:
    """SHA-256 over the order's number and the contact, its letter case and the separators of a number left aside."""
    plain = contact.strip().casefold()
    if "@" not in plain:
        plain = _NOT_DIALLED.sub("", plain)
    return hashlib.sha256(f"{order_id}\n{plain}".encode()).hexdigest()
