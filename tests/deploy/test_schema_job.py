"""The schema job: as the owner, before a new version's processes start; it says what it could not do."""

import secrets
from collections.abc import Mapping

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from cli.servers.postgres import PostgresServer
from storage import schema
from storage.engine import create_store_engine


async def execute(url: str, statement: str) -> None:
    engine = create_store_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()


async def test_the_role_named_by_the_job_may_work_and_may_not_rewrite_history(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    role = f"app_{secrets.token_hex(4)}"
    await execute(postgres_server.url("postgres"), f"CREATE ROLE {role} LOGIN PASSWORD 'trial'")
    await schema.bring_up(postgres_url, role)
    await schema.bring_up(postgres_url, role)
    as_application = make_url(postgres_url).set(username=role, password="trial").render_as_string(hide_password=False)
    await execute(as_application, "SELECT count(*) FROM cases")
    with pytest.raises(DBAPIError, match="permission denied for table ledger"):
        await execute(as_application, "DELETE FROM ledger")
    await execute(postgres_url, f"DROP OWNED BY {role}")
    await execute(postgres_server.url("postgres"), f"DROP ROLE {role}")


def test_a_database_file_is_brought_up_and_the_job_ends_well(sqlite_url: str) -> None:
    assert schema.main({"AFTERSALES_DATABASE_URL": sqlite_url}) == 0


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({}, "The database URL cannot be read"),
        ({"AFTERSALES_DATABASE_URL": "postgresql+asyncpg://a:b@127.0.0.1:1/shop"}, "Connect call failed"),
    ],
    ids=["nothing was told", "nobody listens"],
)
def test_what_the_job_cannot_do_it_says_in_one_paragraph(
    environ: Mapping[str, str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert schema.main(environ) == 2
    told = capsys.readouterr().err
    assert reason in told
    assert "Traceback" not in told


def test_a_role_on_sqlite_is_refused(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert schema.main({"AFTERSALES_DATABASE_URL": sqlite_url, "AFTERSALES_DATABASE_ROLE": "app"}) == 2
    assert "no roles" in capsys.readouterr().err
