"""The folder in which an embedded stack keeps its state and its secrets, so that a second terminal finds both.

Secrets are made at the first start, are readable by their owner alone, and are never the same on two machines.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, SecretStr, ValidationError

from aftersales.contract.values import Role
from aftersales.proof import ProofKey

DEFAULT: Final = Path(".aftersales")
STAFF_ROLES: Final = frozenset(Role)


class HomeError(Exception):
    """The folder cannot be used; `str(error)` says why and what to do."""


class Secrets(BaseModel):
    """What the processes of one stack share."""

    cli_proof: SecretStr
    portal_proof: SecretStr
    link: SecretStr
    stripe_key: SecretStr
    stripe_webhook: SecretStr

    @classmethod
    def fresh(cls) -> Secrets:
        return cls.model_validate(
            {
                "cli_proof": secrets.token_urlsafe(32),
                "portal_proof": secrets.token_urlsafe(32),
                "link": secrets.token_urlsafe(32),
                "stripe_key": f"sk_test_{secrets.token_hex(16)}",
                "stripe_webhook": f"whsec_{secrets.token_hex(16)}",
            }
        )


class Addresses(BaseModel):
    """Where the running stack's servers listen, all on loopback."""

    temporal: str
    ui: str = ""
    portal: str
    sandbox: str
    smtp_port: int


class Home:
    """One stack's folder."""

    def __init__(self, folder: Path = DEFAULT) -> None:
        self.folder = folder.absolute()

    @property
    def temporal_database(self) -> Path:
        return self.folder / "temporal.db"

    @property
    def database_url(self) -> str:
        return f"sqlite+aiosqlite:///{self.folder / 'aftersales.db'}"

    @property
    def sandbox_state(self) -> Path:
        return self.folder / "sandbox.db"

    @property
    def mails(self) -> Path:
        return self.folder / "mails"

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def prepare(self) -> Secrets:
        """Make the folder and its secrets if they are not there yet. Raises HomeError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not self._secrets_file.exists():
                self._write(self._secrets_file, _revealed(Secrets.fresh()))
        except OSError as error:
            raise HomeError(f"The folder {self.folder} cannot be written: {error.strerror}.") from error
        return self.secrets()

    def secrets(self) -> Secrets:
        """Raises HomeError if no stack was ever started here."""
        return Secrets.model_validate(self._read(self._secrets_file))

    def remember(self, addresses: Addresses) -> None:
        """Tell other terminals where this stack listens."""
        self._write(self._addresses_file, addresses.model_dump())

    def addresses(self) -> Addresses:
        """Raises HomeError if no stack was started here."""
        return Addresses.model_validate(self._read(self._addresses_file))

    def forget(self) -> None:
        """The stack has stopped: nothing listens any more."""
        self._addresses_file.unlink(missing_ok=True)

    def cli_key(self) -> ProofKey:
        """The key by which the command line vouches for whoever uses it."""
        return ProofKey("cli", self.secrets().cli_proof.get_secret_value(), STAFF_ROLES)

    @property
    def _secrets_file(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def _addresses_file(self) -> Path:
        return self.folder / "addresses.json"

    def _read(self, file: Path) -> Mapping[str, object]:
        try:
            read: Mapping[str, object] = json.loads(file.read_text())
        except FileNotFoundError as error:
            raise HomeError(
                f"No stack is running from {self.folder}. Start one with `aftersales up` or `aftersales demo`, "
                "or name its folder with --home."
            ) from error
        except (OSError, ValueError, ValidationError) as error:
            raise HomeError(f"{file} cannot be read: {error}. Remove it and start the stack again.") from error
        return read

    def _write(self, file: Path, content: Mapping[str, object]) -> None:
        scratch = file.with_suffix(".new")
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as sink:
            json.dump(content, sink, indent=2)
        scratch.replace(file)


def _revealed(kept: Secrets) -> dict[str, object]:
    return {name: getattr(kept, name).get_secret_value() for name in Secrets.model_fields}
