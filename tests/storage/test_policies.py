"""Versions of the policy are drafted, checked, and published by another person; then they stay what they are (P5.1)."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.policy_versions import POLICY_LOG, Acting, PolicyVersion, Publishing, VersionState
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode, Role
from storage.policies import PolicyStore, VersionUnknownError
from storage.store import SqlStore
from tests.storage.builders import NOON

WANG = Acting(actor="wang", role=Role.POLICY_AUTHOR, channel="staff")
LI = Acting(actor="li", role=Role.SUPERVISOR, channel="staff")
AGENT = Acting(actor="zhao", role=Role.AGENT, channel="staff")
LATER = NOON + timedelta(days=1)


@pytest.fixture
def policies(engine: AsyncEngine) -> PolicyStore:
    return PolicyStore(engine)


async def drafted(policies: PolicyStore, name: str = "winter", by: Acting = WANG) -> PolicyVersion:
    return await policies.draft(f'{{"of": "{name}"}}', name, "longer windows", by, NOON)


async def published(policies: PolicyStore, name: str, effective_from: datetime | None = None) -> PolicyVersion:
    version = await drafted(policies, name)
    await policies.mark_checked(version.content_hash, WANG, NOON)
    return await policies.publish(version.content_hash, effective_from, LI, NOON)


async def test_a_version_is_drafted_checked_and_published_by_another_person(
    policies: PolicyStore, store: SqlStore
) -> None:
    port: Publishing = policies
    version = await drafted(policies)
    assert (await port.mark_checked(version.content_hash, WANG, NOON)).state is VersionState.CHECKED
    assert await port.in_force(NOON) is None
    done = await port.publish(version.content_hash, None, LI, NOON)
    assert (done.state, done.effective_from, done.published_by) == (VersionState.PUBLISHED, NOON, "li")
    assert await port.in_force(NOON) == version.content_hash
    assert await policies.find("winter") == await policies.find(version.content_hash[:8]) == done
    assert await port.content(version.content_hash) == '{"of": "winter"}'
    async with store.begin() as unit:
        log = await unit.log(POLICY_LOG)
    assert [(each.action, each.actor, each.before, each.after) for each in log] == [
        ("policy_drafted", "wang", "", "draft"),
        ("policy_checked", "wang", "draft", "checked"),
        ("policy_published", "li", "checked", "published"),
    ]
    assert json.loads(log[-1].facts)["policy_hash"] == version.content_hash
    assert log[0].why == "longer windows"


async def test_what_was_not_checked_is_not_published(policies: PolicyStore) -> None:
    version = await drafted(policies)
    with pytest.raises(AftersalesError, match="winter is draft; for this it must be checked") as refused:
        await policies.publish(version.content_hash, None, LI, NOON)
    assert refused.value.code is ErrorCode.NOT_NOW


async def refusals(store: SqlStore) -> list[tuple[str, str, str]]:
    async with store.begin() as unit:
        log = await unit.log(POLICY_LOG)
    return [(each.before, each.actor, each.reason) for each in log if each.action == "refused"]


async def test_an_author_cannot_publish_their_own_version(policies: PolicyStore, store: SqlStore) -> None:
    version = await drafted(policies)
    await policies.mark_checked(version.content_hash, LI, NOON)
    with pytest.raises(AftersalesError, match="somebody else") as refused:
        await policies.publish(version.content_hash, None, WANG, NOON)
    assert refused.value.code is ErrorCode.SAME_PERSON
    assert await refusals(store) == [("policy_published", "wang", "same_person")]
    assert (await policies.find("winter")).state is VersionState.CHECKED


async def test_nor_by_another_spelling_of_their_name(policies: PolicyStore) -> None:
    other_spelling = Acting(actor="Wang", role=Role.ADMIN, channel="staff")
    version = await drafted(policies)
    await policies.mark_checked(version.content_hash, LI, NOON)
    with pytest.raises(AftersalesError, match="somebody else"):
        await policies.publish(version.content_hash, None, other_spelling, NOON)


async def test_only_authors_draft_and_no_agent_publishes_and_who_tried_is_in_the_log(
    policies: PolicyStore, store: SqlStore
) -> None:
    version = await drafted(policies)
    for refused_act in (
        drafted(policies, "summer", LI),
        policies.mark_checked(version.content_hash, AGENT, NOON),
        policies.publish(version.content_hash, None, AGENT, NOON),
        policies.withdraw(version.content_hash, AGENT, NOON),
        policies.set_shadow(version.content_hash, AGENT, NOON),
        policies.set_shadow(None, AGENT, NOON),
    ):
        with pytest.raises(AftersalesError, match="these may") as refused:
            await refused_act
        assert refused.value.code is ErrorCode.ROLE_NOT_ALLOWED
    assert await refusals(store) == [
        ("policy_drafted", "li", "role_not_allowed"),
        ("policy_checked", "zhao", "role_not_allowed"),
        ("policy_published", "zhao", "role_not_allowed"),
        ("policy_withdrawn", "zhao", "role_not_allowed"),
        ("policy_shadow_begun", "zhao", "role_not_allowed"),
        ("policy_shadow_ended", "zhao", "role_not_allowed"),
    ]


async def test_an_account_of_ours_must_hold_the_role_at_that_moment(policies: PolicyStore, store: SqlStore) -> None:
    version = await drafted(policies)
    claims_to_be_a_supervisor = LI.model_copy(update={"account": True})
    with pytest.raises(AftersalesError, match="does not hold that role"):
        await policies.mark_checked(version.content_hash, claims_to_be_a_supervisor, NOON)
    assert await refusals(store) == [("policy_checked", "li", "role_not_allowed")]


async def test_a_version_is_never_in_force_from_a_moment_that_is_past(policies: PolicyStore) -> None:
    version = await drafted(policies)
    await policies.mark_checked(version.content_hash, WANG, NOON)
    with pytest.raises(AftersalesError, match="is past"):
        await policies.publish(version.content_hash, NOON - timedelta(seconds=1), LI, NOON)


async def test_of_several_published_the_latest_that_has_begun_is_in_force(policies: PolicyStore) -> None:
    first, next_day = await published(policies, "first"), await published(policies, "next", LATER)
    assert await policies.in_force(NOON - timedelta(seconds=1)) is None
    assert await policies.in_force(LATER - timedelta(seconds=1)) == first.content_hash
    assert await policies.in_force(LATER) == next_day.content_hash


async def test_of_two_from_the_same_moment_the_one_published_last_is_in_force(policies: PolicyStore) -> None:
    await published(policies, "first", LATER)
    second = await drafted(policies, "second")
    await policies.mark_checked(second.content_hash, WANG, NOON)
    await policies.publish(second.content_hash, LATER, LI, NOON + timedelta(minutes=1))
    assert await policies.in_force(LATER) == second.content_hash


async def test_the_same_content_is_the_same_version_and_a_name_is_given_once(policies: PolicyStore) -> None:
    await drafted(policies)
    with pytest.raises(AftersalesError, match="kept already, as winter"):
        await policies.draft('{"of": "winter"}', "other", "", WANG, NOON)
    with pytest.raises(AftersalesError, match="goes by the name winter"):
        await policies.draft('{"of": "other"}', "winter", "", WANG, NOON)


async def test_what_was_withdrawn_is_gone_until_somebody_drafts_it_again(policies: PolicyStore) -> None:
    version = await drafted(policies)
    await policies.mark_checked(version.content_hash, WANG, NOON)
    await policies.withdraw(version.content_hash, LI, NOON)
    with pytest.raises(AftersalesError, match="withdrawn"):
        await policies.publish(version.content_hash, None, LI, NOON)
    again = await drafted(policies, by=Acting(actor="chen", role=Role.POLICY_AUTHOR, channel="staff"))
    assert (again.state, again.author, again.checked_by) == (VersionState.DRAFT, "chen", "")
    assert await policies.versions() == (again,)


async def test_a_version_is_withdrawn_until_it_is_in_force_and_not_after(policies: PolicyStore) -> None:
    tomorrow, now = await published(policies, "tomorrow", LATER), await published(policies, "now")
    await policies.withdraw(tomorrow.content_hash, LI, NOON)
    assert await policies.in_force(LATER) == now.content_hash
    with pytest.raises(AftersalesError, match="has been in force since"):
        await policies.withdraw(now.content_hash, LI, NOON)


async def test_one_checked_version_runs_in_the_shadow_until_it_is_published(policies: PolicyStore) -> None:
    first, second = await drafted(policies, "first"), await drafted(policies, "second")
    with pytest.raises(AftersalesError, match="must be checked"):
        await policies.set_shadow(first.content_hash, LI, NOON)
    for version in (first, second):
        await policies.mark_checked(version.content_hash, WANG, NOON)
        await policies.set_shadow(version.content_hash, LI, NOON)
        assert await policies.in_shadow() == version.content_hash
    await policies.set_shadow(second.content_hash, LI, NOON)
    assert await policies.set_shadow(None, LI, NOON) is None
    assert await policies.in_shadow() is None
    await policies.set_shadow(first.content_hash, LI, NOON)
    await policies.publish(first.content_hash, None, LI, NOON)
    assert await policies.in_shadow() is None


async def test_of_several_that_are_chosen_at_once_one_runs_in_the_shadow(policies: PolicyStore) -> None:
    versions = [await drafted(policies, f"draft {n}") for n in range(6)]
    for version in versions:
        await policies.mark_checked(version.content_hash, WANG, NOON)
    await asyncio.gather(*(policies.set_shadow(version.content_hash, LI, NOON) for version in versions))
    assert sum(version.shadow for version in await policies.versions()) == 1
    assert await policies.in_shadow() in {version.content_hash for version in versions}


async def test_of_many_who_draft_the_same_at_once_one_is_its_author(policies: PolicyStore, store: SqlStore) -> None:
    said = await asyncio.gather(*(drafted(policies) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(each, PolicyVersion) for each in said) == 1
    assert all("kept already" in str(each) for each in said if isinstance(each, BaseException))
    async with store.begin() as unit:
        assert len(await unit.log(POLICY_LOG)) == 1


async def test_a_version_that_is_not_there_or_not_one_is_said_to_be_so(policies: PolicyStore) -> None:
    with pytest.raises(VersionUnknownError, match="no policy version winter"):
        await policies.find("winter")
    with pytest.raises(VersionUnknownError, match="no policy version 00"):
        await policies.mark_checked("0" * 64, WANG, NOON)
    assert await policies.content("0" * 64) is None


async def test_a_name_that_could_mean_two_versions_names_none(policies: PolicyStore) -> None:
    first = await drafted(policies)
    await drafted(policies, first.content_hash[:8])
    with pytest.raises(VersionUnknownError, match="2 policy versions go by"):
        await policies.find(first.content_hash[:8])
    assert await policies.find(first.content_hash[:12]) == first


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE policy_versions SET content = '{}'",
        "UPDATE policy_versions SET content_hash = 'x'",
        "UPDATE policy_versions SET effective_from = NULL",
        "DELETE FROM policy_versions",
    ],
)
async def test_the_database_itself_keeps_what_was_published(
    policies: PolicyStore, engine: AsyncEngine, change: str
) -> None:
    await published(policies, "winter")
    with pytest.raises(DBAPIError, match="policy"):
        async with engine.begin() as connection:
            await connection.execute(text(change))
