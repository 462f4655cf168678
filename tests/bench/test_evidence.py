"""The bench of look-ups measures what it says: by index, whatever the number of pictures."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.dialects import sqlite

from bench.evidence import fill, look_ups, picture
from storage import schema
from storage.engine import create_store_engine
from storage.rows.evidence import _CANDIDATES, _alike, _near_bands


async def test_a_look_up_finds_the_like_and_reads_no_table_from_end_to_end(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bench.db'}"
    await schema.upgrade(url)
    engine = create_store_engine(url)
    await fill(engine, pictures=2000)
    assert len(await look_ups(engine, pictures=2000, times=3)) == 3
    async with engine.connect() as connection:
        assert await _alike(connection, picture(0)[0]) == {picture(0)[0]: 0, picture(1)[0]: 3}
        query = _CANDIDATES.params(bands=list(_near_bands(picture(0)[1])))
        asked = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")
        assert not [row for row in plan if "SCAN" in str(row)]
    await engine.dispose()
