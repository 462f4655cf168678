"""Fetching a program that this machine lacks: by one way after the other, each into our cache in one step."""

import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cli.servers.commands import run
from cli.servers.discovery import Progress, adopt, cache_folder
from cli.servers.errors import ServerUnavailableError

if TYPE_CHECKING:
    from temporalio.testing import WorkflowEnvironment

Fetch = Callable[[Mapping[str, str], Progress], Awaitable[Path]]


async def first_fetched(
    ways: tuple[Fetch, ...], environ: Mapping[str, str], progress: Progress, *, missing: str
) -> Path:
    """What the first way that works fetches. Raises ServerUnavailableError: `missing`, and why each way failed."""
    troubles: list[str] = []
    for fetch in ways:
        try:
            return await fetch(environ, progress)
        except ServerUnavailableError as error:
            troubles.append(str(error))
    raise ServerUnavailableError(f"{missing} Tried: {' '.join(troubles)}")


@contextmanager
def scratch_beside(destination: Path) -> Iterator[Path]:
    """An empty folder on the file system of `destination`, gone at the end."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent) as scratch:
        yield Path(scratch)


async def downloaded_by_sdk(
    start: Callable[[str], Awaitable["WorkflowEnvironment"]], program: str, environ: Mapping[str, str]
) -> Path:
    """The program that the SDK downloads when it starts a server; `start` is told the folder to download to."""
    destination = cache_folder(environ) / program
    with scratch_beside(destination) as scratch:
        try:
            server = await start(str(scratch))
        except RuntimeError as error:
            raise ServerUnavailableError(f"The SDK's download failed: {error}.") from error
        await server.shutdown()
        if copy := adopt(scratch, destination):
            return copy
    raise ServerUnavailableError("The SDK's download left no program behind.")


async def built_with_go(
    go: Path, package: str, destination: Path, environ: Mapping[str, str], *, limit_seconds: float
) -> Path:
    """Build `package` (`path@version`) and keep it as `destination`. Raises ServerUnavailableError."""
    with scratch_beside(destination) as scratch:
        ended = await run(
            [go, "install", package], limit_seconds=limit_seconds, environ={**environ, "GOBIN": str(scratch)}
        )
        copy = adopt(scratch, destination) if ended.code == 0 else None
    if copy is None:
        raise ServerUnavailableError(f"{destination.name} could not be built with Go: {ended.last_lines}")
    return copy
