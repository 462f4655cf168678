"""The token of whoever is logged in, kept for the next command: by its owner alone, and for that deployment alone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, SecretStr, ValidationError

from cli.home import write_private


class _Kept(BaseModel):
    token: SecretStr


class TokenFile(NamedTuple):
    """A file that may hold a token."""

    file: Path

    def read(self) -> str | None:
        """None: nobody is logged in, or the file is not one of ours."""
        try:
            return _Kept.model_validate_json(self.file.read_text()).token.get_secret_value()
        except (OSError, ValidationError):
            return None

    def keep(self, token: str) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self.file, {"token": token})

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)


def elsewhere(portal_url: str, environ: Mapping[str, str] = os.environ) -> TokenFile:
    """For a deployment that is no stack of this machine: in the person's own folder for settings."""
    config = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    name = hashlib.sha256(portal_url.rstrip("/").encode()).hexdigest()[:16]
    return TokenFile(config / "aftersales" / f"login-{name}.json")
