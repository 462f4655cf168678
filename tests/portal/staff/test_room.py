"""Every way through the staff's door: who is let through, with which answer, and what stops at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aftersales.contract.messages import Decision, Proof
from aftersales.contract.numbers import number_for
from aftersales.contract.values import STAFF_ROLES, DecisionKind, Role
from portal.main import build
from portal.settings import PortalSettings
from portal.staff.room import LARGEST_BYTES, SIGNATURES_PER_MINUTE
from storage.logins import FREE_BY_ACCOUNT
from tests.portal.conftest import client_of
from tests.portal.staff.conftest import ADDRESS, KEYRING, Door
from tests.storage.people_of_the_shop import ADMIN, PASSWORD

NUMBER = number_for("shop", "staff")
REFUSAL = Decision(kind=DecisionKind.REJECT, explanation="The mug was used.")
BEHIND = (("POST", "/staff/logout"), ("GET", "/staff/me"), ("POST", "/staff/sign"))


def wanted(role: Role = Role.AGENT, kind: str = "Decision", **body: object) -> dict[str, object]:
    said = body or REFUSAL.model_dump(mode="json", exclude={"proof"})
    return {"number": NUMBER, "kind": kind, "role": role.value, "body": said}


async def test_a_login_tells_its_token_its_end_and_the_roles(door: Door) -> None:
    answer = await door.client.post("/staff/login", json={"name": "Agent", "password": PASSWORD})
    told = answer.json()
    assert (answer.status_code, told["roles"], told["staff_id"]) == (200, ["agent"], "agent")
    assert told["expires_at"] == (door.clock.now() + timedelta(hours=10)).isoformat()
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


async def test_wrong_password_and_unknown_name_have_one_answer(door: Door) -> None:
    answers = [
        await door.client.post("/staff/login", json={"name": name, "password": "wrong"}) for name in ("agent", "nobody")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["code"] == "login_failed"


async def test_who_guesses_is_told_when_to_come_again(door: Door) -> None:
    for _ in range(FREE_BY_ACCOUNT):
        await door.client.post("/staff/login", json={"name": "agent", "password": "wrong"})
    answer = await door.client.post("/staff/login", json={"name": "agent", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, "too_many", "1")


@pytest.mark.parametrize(("method", "path"), BEHIND)
async def test_without_a_login_that_holds_nothing_is_answered(door: Door, method: str, path: str) -> None:
    expired, ended, disabled = await door.token(), await door.token(), await door.token(Role.OPS.value)
    door.clock.time += timedelta(minutes=20)
    fresh = await door.token()
    await door.client.post("/staff/logout", headers={"Authorization": f"Bearer {ended}"})
    await door.book.set_active(Role.OPS.value, False, ADMIN, door.clock.now())
    door.clock.time += timedelta(minutes=10)
    for authorization in (
        "",
        "Bearer",
        "Bearer x",
        f"Basic {fresh}",
        *(f"Bearer {t}" for t in (expired, ended, disabled)),
    ):
        answer = await door.client.request(
            method, path, json=wanted(), headers={"Authorization": authorization} if authorization else {}
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "not_logged_in"), authorization
    answer = await door.client.request(method, path, json=wanted(), headers={"Authorization": f"Bearer {fresh}"})
    assert answer.status_code in (200, 204)


@pytest.mark.parametrize("held", sorted(STAFF_ROLES))
async def test_everybody_signs_in_the_roles_that_they_hold_and_in_no_other(door: Door, held: Role) -> None:
    bearer = await door.bearer(held.value)
    assert (await door.client.get("/staff/me", headers=bearer)).json()["roles"] == [held.value]
    for role in Role:
        answer = await door.client.post("/staff/sign", json=wanted(role), headers=bearer)
        assert answer.status_code == (200 if role is held else 403), role
        if role is not held:
            assert answer.json()["code"] == "role_not_allowed"
            assert held.value in answer.json()["sentence"]


async def test_the_proof_holds_for_that_message_and_tells_when_the_person_logged_in(door: Door) -> None:
    bearer = await door.bearer()
    logged_in_at = int(door.clock.now().timestamp())
    door.clock.time += timedelta(minutes=7)
    answer = await door.client.post("/staff/sign", json=wanted(), headers=bearer)
    proof = Proof.model_validate(answer.json())
    found = KEYRING.verify(REFUSAL.model_copy(update={"proof": proof}), NUMBER)
    assert (found.actor, found.role, found.key_id) == ("agent", Role.AGENT, "staff")
    assert found.authenticated_at == logged_in_at
    assert KEYRING.vouches_for_staff(found)


async def test_a_role_taken_away_signs_nothing_from_that_moment(door: Door) -> None:
    bearer = await door.bearer()
    assert (await door.client.post("/staff/sign", json=wanted(), headers=bearer)).status_code == 200
    await door.book.revoke("agent", Role.AGENT, ADMIN, door.clock.now())
    assert (await door.client.post("/staff/sign", json=wanted(), headers=bearer)).status_code == 403
    assert (await door.client.get("/staff/me", headers=bearer)).json()["roles"] == []


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 422, "the body"),
        (b"[]", 422, "the body"),
        (b'{"number": "x"}', 422, "body, kind, number, role"),
        (b"x" * (LARGEST_BYTES + 1), 413, "larger than"),
    ],
)
async def test_a_request_that_cannot_be_read_is_told_so(door: Door, body: bytes, status: int, told: str) -> None:
    answer = await door.client.post("/staff/sign", content=body, headers=await door.bearer())
    assert answer.status_code == status
    assert told in answer.json()["sentence"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (wanted(kind="Proven"), "no message 'Proven'"),
        (wanted(kind="CaseStart"), "name one of Appeal, Application"),
        (wanted(kind="Decision", nothing=1), "kind: Field required"),
        (wanted(kind="SurveyAnswer", score=6), "score: Input should be less"),
    ],
)
async def test_what_is_no_message_of_the_contract_is_not_signed(
    door: Door, asked: dict[str, object], told: str
) -> None:
    answer = await door.client.post("/staff/sign", json=asked, headers=await door.bearer())
    assert (answer.status_code, answer.json()["code"]) == (422, "not_readable")
    assert told in answer.json()["sentence"]


async def test_a_login_signs_only_so_often(door: Door) -> None:
    bearer, other = await door.bearer(), await door.bearer(Role.OPS.value)
    statuses = [(await door.client.get("/staff/me", headers=bearer)).status_code for _ in range(SIGNATURES_PER_MINUTE)]
    assert set(statuses) == {200}
    refused = await door.client.get("/staff/me", headers=bearer)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert (await door.client.get("/staff/me", headers=other)).status_code == 200


async def test_a_password_and_a_token_stand_in_no_log(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    bearer = await door.bearer()
    await door.client.post("/staff/login", json={"name": "agent", "password": "my wrong password"})
    await door.client.post("/staff/sign", json=wanted(), headers=bearer)
    await door.client.post("/staff/logout", headers=bearer)
    told = "".join(capsys.readouterr())
    assert "staff_signed" in told
    for secret in (PASSWORD, "my wrong password", bearer["Authorization"].removeprefix("Bearer ")):
        assert secret not in told


async def test_a_database_that_is_away_is_told_as_that(door: Door) -> None:
    bearer = await door.bearer()
    async with door.engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE staff_sessions")
    answer = await door.client.get("/staff/me", headers=bearer)
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")


@pytest.mark.parametrize("secret", [None, "s" * 32])
async def test_a_portal_has_the_door_if_it_has_the_key(settings: PortalSettings, secret: str | None) -> None:
    told = settings.model_dump() | {"staff_proof_secret": secret}
    app = build(PortalSettings.model_validate(told))
    async with client_of(app, ADDRESS) as client:
        assert (await client.get("/staff/me")).status_code == (401 if secret else 404)
        for method, path in ((m, p) for p in ("/staff/login", "/staff/sign") for m in ("GET", "PUT", "DELETE")):
            assert (await client.request(method, path)).status_code in (404, 405)
