"""The program beside a running stack."""

import pytest

from cli.stack import Stack
from tests.support.program import Program


@pytest.fixture
def aftersales(stack: Stack) -> Program:
    """`aftersales` with the running stack as its home."""
    return Program(stack.options.home.folder)
