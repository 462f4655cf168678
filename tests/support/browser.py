"""A real browser without a screen, for tests of pages as people see them."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import BrowserContext, ViewportSize, async_playwright, expect

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
FLAGS: Final = (
    "--no-sandbox",  # tests may run as root, where Chromium's own sandbox does not start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS: Final = 20_000
SCREEN: Final = ViewportSize(width=1400, height=1000)


class BrowserMissingError(Exception):
    """There is no browser on this machine; a test that needs one fails and never skips."""


def browser_program(environ: Mapping[str, str] = os.environ) -> str:
    """The browser on PATH. Raises BrowserMissingError, which says how to get one."""
    for program in PROGRAMS:
        if found := shutil.which(program, path=environ.get("PATH", "")):
            return found
    raise BrowserMissingError(
        f"None of {', '.join(PROGRAMS)} is on PATH. Install one: `apt-get install --no-install-recommends chromium`."
    )


@asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[BrowserContext]:
    """A browser of one's own with an empty profile in that folder; nothing on a page takes longer than 20 seconds."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile, executable_path=browser_program(), headless=True, args=FLAGS, viewport=SCREEN
        )
        context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        try:
            yield context
        finally:
            await context.close()
