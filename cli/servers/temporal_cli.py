"""The `temporal` program, whose `server start-dev` is the product's embedded Temporal."""

import os
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

from cli.servers.discovery import (
    Progress,
    cache_folder,
    cached,
    first_working,
    named_by,
    on_path,
    silent,
)
from cli.servers.errors import ServerUnavailableError
from cli.servers.obtaining import built_with_go, downloaded_by_sdk, first_fetched

PROGRAM = "temporal"
VARIABLE = "TEMPORAL_CLI_PATH"
# The last release whose module still builds with a plain `go install`.
GO_MODULE = "github.com/temporalio/cli/cmd/temporal@v1.5.1"

DOWNLOAD_LIMIT = timedelta(seconds=60)
BUILD_LIMIT_SECONDS = 900.0

HOW_TO_GET_IT = (
    f"Any one of these helps: install the Temporal CLI so that `temporal` is on PATH; or set {VARIABLE} to "
    f"it; or install Go, with which it is built once (`go install {GO_MODULE}`, about 2.5 minutes)."
)


async def find_temporal_cli(environ: Mapping[str, str] = os.environ) -> Path | None:
    """A copy on this machine, nothing fetched: the variable (a wrong one raises), PATH, our cache."""
    if named := named_by(VARIABLE, environ):
        return named
    return await first_working(on_path(PROGRAM, environ), cached(PROGRAM, environ))


async def obtain_temporal_cli(environ: Mapping[str, str] = os.environ, progress: Progress = silent) -> Path:
    """A copy on this machine, else the SDK's download, else a build with Go; raises with the three ways."""
    if found := await find_temporal_cli(environ):
        return found
    missing = f"The Temporal CLI is not on this machine and could not be fetched. {HOW_TO_GET_IT}"
    return await first_fetched((_download, _build), environ, progress, missing=missing)


async def _download(environ: Mapping[str, str], progress: Progress) -> Path:
    # Imported here: the SDK takes most of a second to load, and usually there is a copy already.
    from temporalio.testing import WorkflowEnvironment  # noqa: PLC0415

    progress("Downloading the Temporal CLI (about 100 MB, once) ...")
    start = partial(
        WorkflowEnvironment.start_local, dev_server_startup_timeout=DOWNLOAD_LIMIT, dev_server_log_level="error"
    )
    return await downloaded_by_sdk(lambda folder: start(download_dest_dir=folder), PROGRAM, environ)


async def _build(environ: Mapping[str, str], progress: Progress) -> Path:
    go = on_path("go", environ)
    if go is None:
        raise ServerUnavailableError("Go is not on PATH, so it cannot be built either.")
    progress("Building the Temporal CLI with Go (about 2.5 minutes and 250 MB, once) ...")
    destination = cache_folder(environ) / PROGRAM
    return await built_with_go(go, GO_MODULE, destination, environ, limit_seconds=BUILD_LIMIT_SECONDS)
