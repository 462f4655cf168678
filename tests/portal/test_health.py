import asyncio

from portal.health import Health
from tests.portal.conftest import House


async def test_the_portal_is_ready_while_its_database_answers(house: House) -> None:
    answer = await house.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_without_its_tables_the_portal_lives_but_is_not_ready(without_database: House) -> None:
    assert (await without_database.client.get("/healthz")).status_code == 200
    answer = await without_database.client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")


async def test_a_database_that_does_not_answer_in_time_makes_the_portal_unready() -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    assert (await Health(hang, limit_s=0.05).ready()).status_code == 503
