"""The folder in which an embedded stack keeps its state and its secrets, so that a second terminal finds both.

Secrets are made at the first start and are never the same on two machines. Every file written here has mode 0600: keys
stand in one, and the password of another database in another, and who reads them can decide cases and move money.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, RootModel, SecretStr

from aftersales.contract.values import Role
from aftersales.proof import ProofKey
from cli.merchant import MerchantSecrets

DEFAULT: Final = Path(".aftersales")
CLI_KEY_ID: Final = "cli"
SHOP_KEY_ID: Final = "shop"
STAFF_KEY_ID: Final = "staff"
LINK_KEY_ID: Final = "link1"
PAYEE_KEY_ID: Final = "payee1"


class HomeError(Exception):
    """The folder cannot be used; `str(error)` says why and what to do."""


class Secrets(MerchantSecrets):
    """What the processes of one stack share."""

    cli_proof: SecretStr
    portal_proof: SecretStr
    shop_proof: SecretStr
    staff_proof: SecretStr
    link: SecretStr
    payee: SecretStr

    @classmethod
    def fresh(cls) -> Secrets:
        return cls.model_validate(
            {
                "cli_proof": secrets.token_urlsafe(32),
                "portal_proof": secrets.token_urlsafe(32),
                "shop_proof": secrets.token_urlsafe(32),
                "staff_proof": secrets.token_urlsafe(32),
                "link": secrets.token_urlsafe(32),
                "payee": base64.b64encode(secrets.token_bytes(32)).decode(),
                **dict(MerchantSecrets.fresh()),
            }
        )


class Addresses(BaseModel):
    """Where the running stack's servers listen, all on loopback unless Temporal is another one.

    `vouches`: the stack believes the command line who somebody is; else people of the staff log in.
    """

    temporal: str
    ui: str = ""
    portal: str
    sandbox: str
    smtp_port: int
    vouches: bool = True


class _OtherDatabase(BaseModel):
    """Where the stack keeps its cases instead; the URL holds a password."""

    url: SecretStr


class _AnySecrets(RootModel[dict[str, str]]):
    """What an earlier version of this program kept."""


Kept = TypeVar("Kept", bound=BaseModel)


class Home:
    """One stack's folder."""

    def __init__(self, folder: Path = DEFAULT) -> None:
        self.folder = folder.absolute()

    @property
    def temporal_database(self) -> Path:
        return self.folder / "temporal.db"

    @property
    def database_url(self) -> str:
        """The embedded database, which a stack has unless it is told of another one."""
        return f"sqlite:///{self.folder / 'aftersales.db'}"

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
    def seals(self) -> Path:
        return self.folder / "seals"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def prepare(self) -> Secrets:
        """Make the folder and its secrets if they are not there yet. Raises HomeError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make_missing_secrets()
        except OSError as error:
            raise HomeError(
                f"The folder {self.folder} cannot be used: {error.strerror}. Name another one with --home."
            ) from error
        return self.secrets()

    def _make_missing_secrets(self) -> None:
        """All of them at the first start; at a later one those that this version needs and an earlier one did not."""
        kept = self._read(self._secrets_file, _AnySecrets).root if self._secrets_file.exists() else {}
        if missing := set(Secrets.model_fields) - set(kept):
            fresh = _revealed(Secrets.fresh())
            write_private(self._secrets_file, {**kept, **{name: fresh[name] for name in missing}})

    def secrets(self) -> Secrets:
        """Raises HomeError if no stack was ever started here."""
        return self._read(self._secrets_file, Secrets)

    def remember(self, addresses: Addresses, other_database: str | None = None) -> None:
        """Tell other terminals where this stack listens, and its database if that is not the embedded one."""
        if other_database is None:
            self._database_file.unlink(missing_ok=True)
        else:
            write_private(self._database_file, {"url": other_database})
        write_private(self._addresses_file, addresses.model_dump())

    def addresses(self) -> Addresses:
        """Raises HomeError if no stack was started here."""
        return self._read(self._addresses_file, Addresses)

    def used_database_url(self) -> str:
        """The database of the stack that runs here, or ran here last: its cases can still be read.

        Raises HomeError if no stack was ever started here.
        """
        self.secrets()
        if not self._database_file.exists():
            return self.database_url
        return self._read(self._database_file, _OtherDatabase).url.get_secret_value()

    def forget(self) -> None:
        """The stack has stopped: nothing listens any more."""
        self._addresses_file.unlink(missing_ok=True)

    def vouches(self) -> bool:
        """Whether a stack runs here that takes the command line's word for who somebody of the staff is."""
        return self._addresses_file.exists() and self.addresses().vouches

    def cli_key(self) -> ProofKey:
        """The key by which the command line vouches for whoever uses it; for customers alone where people log in."""
        return ProofKey(CLI_KEY_ID, self.secrets().cli_proof.get_secret_value(), cli_roles(self.vouches()))

    @property
    def login_file(self) -> Path:
        """Where the token of whoever is logged in to this stack is kept."""
        return self.folder / "login.json"

    @property
    def _secrets_file(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def _addresses_file(self) -> Path:
        return self.folder / "addresses.json"

    @property
    def _database_file(self) -> Path:
        return self.folder / "database.json"

    def _read(self, file: Path, kind: type[Kept]) -> Kept:
        try:
            return kind.model_validate(json.loads(file.read_text()))
        except FileNotFoundError as error:
            raise HomeError(
                f"No stack is running from {self.folder}. Start one with `aftersales up` or `aftersales demo`, "
                "or name its folder with --home."
            ) from error
        except OSError as error:
            raise HomeError(
                f"{file} cannot be read: {error.strerror}. Use the account that started the stack, or name another "
                "folder with --home."
            ) from error
        except ValueError as error:  # what stands in it is not repeated: it may be a secret
            raise HomeError(
                f"{file} is damaged. Stop the stack if it runs, remove this file and start the stack again."
            ) from error


def cli_roles(vouches: bool) -> frozenset[Role]:
    """For whom the command line's own key counts: all of the staff and their customers, or customers to try things."""
    return frozenset(Role) if vouches else frozenset({Role.CUSTOMER})


def write_private(file: Path, content: Mapping[str, object]) -> None:
    """As JSON, whole or not at all, for the owner's eyes alone."""
    scratch = file.with_suffix(".new")
    scratch.unlink(missing_ok=True)  # one that a crash left behind may have another mode
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as sink:
        json.dump(content, sink, indent=2)
    scratch.replace(file)


def _revealed(kept: Secrets) -> dict[str, object]:
    return {name: getattr(kept, name).get_secret_value() for name in Secrets.model_fields}
