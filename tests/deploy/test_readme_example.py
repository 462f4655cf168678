"""What the READMEs tell a backend's author to type, typed: the ten lines of Python on a stack of `aftersales up`."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aftersales import connect
from cli.home import Home
from cli.stack import Stack, StackOptions, running_stack
from tests.deploy.compose import ROOT
from tests.deploy.documents import READMES, code_blocks, text_of
from tests.support.program import NUMBER, bare_environment

LIMIT_S = 90


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like the checkout to whoever types the commands there."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "docs").symlink_to(ROOT / "docs")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture(scope="module")
async def stack(checkout: Path) -> AsyncIterator[Stack]:
    """Nothing but its ports is another than with `aftersales up`."""
    async with running_stack(StackOptions(Home(checkout / ".aftersales"), headless=True)) as running:
        yield running


async def typed(folder: Path, commands: str, **environ: str) -> str:
    """What a shell writes that is given the commands; all of them must go well."""
    shell = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-ec",
        commands,
        cwd=folder,
        env={**bare_environment(), **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(shell.communicate(), LIMIT_S)
    assert shell.returncode == 0, said.decode()
    return said.decode()


def trial(readme: str) -> str:
    """The commands that try the example."""
    (found,) = (block for block in code_blocks(readme, "sh") if "refund.py" in block)
    return found


async def test_the_ten_lines_refund_an_order_of_a_stack_that_up_started(stack: Stack, checkout: Path) -> None:
    for readme in READMES:
        (program,) = code_blocks(readme, "python")
        (checkout / "refund.py").write_text(program, encoding="utf-8")
        said = await typed(checkout, trial(readme), TEMPORAL_ADDRESS=stack.addresses.temporal)
        assert re.fullmatch(rf"{NUMBER.pattern} refunded .*32900.*CNY.*", said.splitlines()[-1])


async def test_every_query_for_the_web_ui_is_understood(stack: Stack) -> None:
    temporal = await connect(address=stack.addresses.temporal)
    for readme in READMES:
        queries = re.findall(r"`([A-Z]\w+ [=<>][^`]+)`", text_of(readme))
        assert len(queries) >= 6
        for query in queries:
            await temporal.count_workflows(query)  # raises for one that Temporal does not understand


def test_the_program_is_ten_lines_between_its_imports_and_its_call() -> None:
    (program,) = code_blocks(READMES[0], "python")
    body = program.partition("async def main() -> None:\n")[2].partition("\n\n\nrun(main())")[0]
    assert len(body.splitlines()) <= 10
