"""Where a login is kept between two commands."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cli.tokens import TokenFile, elsewhere

PORTAL = "https://portal.shop.example"


def test_a_token_is_kept_for_its_owner_alone_until_it_is_removed(tmp_path: Path) -> None:
    kept = TokenFile(tmp_path / "folder" / "login.json")
    assert kept.read() is None
    kept.keep("secret")
    assert kept.read() == "secret"
    assert stat.S_IMODE(kept.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.file.parent.stat().st_mode) == 0o700
    kept.remove()
    kept.remove()
    assert kept.read() is None


@pytest.mark.parametrize("content", ["", "[]", '{"token": 7}'])
def test_a_damaged_file_is_no_login(tmp_path: Path, content: str) -> None:
    (tmp_path / "login.json").write_text(content)
    assert TokenFile(tmp_path / "login.json").read() is None


def test_each_deployment_has_a_login_of_its_own(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    here, there = elsewhere(PORTAL, environ), elsewhere("https://other.example", environ)
    here.keep("secret")
    assert there.read() is None
    assert elsewhere(f"{PORTAL}/", environ).read() == "secret"
    assert here.file.parent == tmp_path / "aftersales"
