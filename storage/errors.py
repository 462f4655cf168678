"""What can go wrong at the border of the database, each with what to do about it."""

from __future__ import annotations


class StorageError(Exception):
    """Base of this package's errors; `str(error)` is a readable sentence."""


class DatabaseUrlError(StorageError):
    """The configured database URL cannot be used."""


class RowMissingError(StorageError):
    """A row that is to be changed was never stored."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} is not in this database, and nothing was changed. Check its number, or take it in first."
        )


class SchemaError(StorageError):
    """The database's schema is not the one this version needs."""
