"""The base of all tables: one metadata with named constraints, table names taken from class names."""

from __future__ import annotations

import re

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import declared_attr, registry
from sqlmodel import SQLModel

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


class Stored(SQLModel, registry=registry(metadata=metadata)):
    """A table. Its class is in the plural and names it: `OrderLines` is `order_lines`."""

    metadata = metadata

    @declared_attr.directive
    @classmethod
    def __tablename__(cls) -> str:
        return _WORD_START.sub("_", cls.__name__).lower()


def table_of(model: type[Stored]) -> Table:
    """The Core table of a model; statements are made with it, without sessions."""
    return metadata.tables[str(model.__tablename__)]
