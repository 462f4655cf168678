"""Where customers want their money, encrypted (P3.2)."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from storage.tables.base import Stored, table_of
from storage.types import UtcDateTime


class Payees(Stored, table=True):
    """Destinations that customers named. `sealed` holds account, holder and bank and opens by the key `key_id`; it is
    empty once the person was erased, and the row stays, for legs and messages name its token."""

    token: str = Field(primary_key=True)
    number: str = Field(index=True)
    customer_id: str = Field(index=True)
    method: str
    masked: str
    key_id: str
    sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime())
    created_by: str
    erased_at: datetime | None = Field(sa_type=UtcDateTime())


PAYEES = table_of(Payees)
