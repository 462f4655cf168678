"""Column types that keep what the two databases would lose: time zones, and the shape of stored models."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import TypeAdapter
from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. A time without a zone is refused; what comes back always carries UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone; stored times are in UTC")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ModelJson(TypeDecorator[object]):
    """A frozen model, or a tuple of them, as JSON text; `model` is the type that is stored.

    Text on both databases: pydantic writes and reads it in one pass, without a detour over dictionaries.
    """

    impl = Text
    cache_ok = True

    def __init__(self, model: type[object]) -> None:
        super().__init__()
        self.model = model
        self._adapter: TypeAdapter[object] = TypeAdapter(model)

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else self._adapter.dump_json(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:
        del dialect
        return None if value is None else self._adapter.validate_json(value)
