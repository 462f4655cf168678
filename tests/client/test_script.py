"""Plain scripts as processes of their own: statuses, and no crash at exit."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.servers.dev_server import DevServer

RUNS, AT_ONCE = 30, 3
SHORT_PROGRAM = """
import sys
from aftersales import AfterSales, Application, Item, ProofKey, Reason, run

async def main() -> None:
    key = ProofKey("shop-1", "a secret of the tests alone")
    shop = await AfterSales.connect(caller="script", key=key)
    wanted = Application(
        order_id="1001", customer_id="C-7", items=(Item(line_id="1", quantity=1),), reason=Reason.WRONG_SIZE
    )
    print(await shop.apply(wanted, request_key=sys.argv[1]))

run(main())
"""


async def _run(program: str, *arguments: str, address: str = "127.0.0.1:1") -> tuple[int | None, str, str]:
    """Status, stdout and stderr of a program run by this interpreter."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"TEMPORAL_ADDRESS": address},
    )
    async with asyncio.timeout(60):
        out, err = await started.communicate()
    return started.returncode, out.decode(), err.decode()


async def test_thirty_short_programs_end_without_a_crash(dev_server: DevServer) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(count: int) -> tuple[int | None, str]:
        async with room:
            status, out, err = await _run(SHORT_PROGRAM, f"run-{count}", address=dev_server.address)
            return status, err or out.strip()[5:6]

    assert set(await asyncio.gather(*(one(count) for count in range(RUNS)))) == {(0, "-")}


async def test_a_product_error_is_one_sentence_and_status_one() -> None:
    status, out, err = await _run(SHORT_PROGRAM, "k")
    assert (status, out) == (1, "")
    assert err.startswith("Temporal at 127.0.0.1:1 cannot be reached")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("body", "status", "out", "err"),
    [
        ("print('done', end='')", 0, "done", ""),
        ("return 3", 3, "", ""),
        ("import sys; sys.exit(4)", 4, "", ""),
        ("import sys; sys.exit()", 0, "", ""),
        ("import sys; sys.exit('no order file')", 1, "", "no order file\n"),
        ("raise KeyboardInterrupt", 130, "", ""),
    ],
)
async def test_a_program_leaves_with_its_status_and_all_its_output(body: str, status: int, out: str, err: str) -> None:
    program = f"from aftersales import run\nasync def main():\n    {body}\nrun(main())"
    assert await _run(program) == (status, out, err)


async def test_a_bug_shows_its_traceback() -> None:
    program = "from aftersales import run\nasync def main():\n    1 / 0\nrun(main())"
    status, _, err = await _run(program)
    assert status == 1
    assert "ZeroDivisionError" in err


def test_output_that_cannot_be_delivered_does_not_change_what_was_done() -> None:
    program = "from aftersales import run\nasync def main():\n    print('x')\n    return 5\nrun(main())"
    environment = os.environ | {"PYTHONUNBUFFERED": ""}
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([sys.executable, "-c", program], stdout=full, env=environment, timeout=60, check=False)
    assert ended.returncode == 5


async def test_importing_values_does_not_load_temporal() -> None:
    program = "import sys, aftersales.contract.values\nprint('temporalio' in sys.modules)"
    assert await _run(program) == (0, "False\n", "")


async def test_every_public_name_is_there_and_no_other() -> None:
    program = (
        "import aftersales\n"
        "assert all(getattr(aftersales, name) is not None for name in aftersales.__all__)\n"
        "print(hasattr(aftersales, 'nothing'))"
    )
    assert (await _run(program))[1] == "False\n"
