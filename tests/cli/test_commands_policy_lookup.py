"""A version of the policy is found by whatever people call it, and by the hash that a case has of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.policy_versions import Acting
from aftersales.contract.values import Role
from cli.commands.deployment import Deployment
from cli.commands.policy_lookup import version_named, version_of
from policy.document import canonical
from policy.errors import PolicyError
from policy.loader import load_policy, read_folder
from storage.errors import StorageError
from storage.policies import PolicyStore
from tests.support.assessed import packaged

NOW = datetime(2026, 11, 2, tzinfo=UTC)
AUTHOR = Acting(actor="wang", role=Role.POLICY_AUTHOR, channel="cli")


@pytest.fixture
async def deployment(engine: AsyncEngine, migrated_sqlite: str, tmp_path: Path, winter: Path) -> Deployment:
    """Its database keeps one draft, winter-2026."""
    await PolicyStore(engine).draft(canonical(read_folder(winter)), "winter-2026", "fourteen days", AUTHOR, NOW)
    return Deployment(tmp_path / "home", {"AFTERSALES_DATABASE_URL": migrated_sqlite})


async def test_a_folder_a_packaged_and_a_kept_version_are_found_by_name(deployment: Deployment, winter: Path) -> None:
    content_hash = load_policy(winter).content_hash
    for named in (str(winter), "winter-2026", content_hash, content_hash[:8]):
        assert (await version_named(deployment, named)).policy.content_hash == content_hash
    assert str(await version_named(deployment, "v1")) == f"v1 ({packaged().content_hash[:12]})"


async def test_the_folder_that_people_are_in_has_its_own_name(
    deployment: Deployment, winter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(winter)
    assert (await version_named(deployment, ".")).name == winter.name


async def test_what_nobody_knows_is_refused(deployment: Deployment) -> None:
    with pytest.raises((PolicyError, StorageError), match="summer"):
        await version_named(deployment, "summer")


@pytest.mark.usefixtures("deployment")
async def test_by_its_hash_a_version_is_named_as_people_call_it(engine: AsyncEngine, winter: Path) -> None:
    kept = await version_of(engine, load_policy(winter).content_hash)
    assert kept is not None
    assert kept.name == "winter-2026"
    shipped = await version_of(engine, packaged().content_hash)
    assert shipped is not None
    assert shipped.name == "v1"
    assert await version_of(engine, "0" * 64) is None
