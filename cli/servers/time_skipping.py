"""Temporal's time-skipping test server, in which a month of waiting passes in a moment. Used by tests only.

One clock for the whole server: two tests must never run on one server at the same time.
"""

import contextlib
import os
import shlex
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

from cli.servers.commands import run, works
from cli.servers.discovery import Progress, cache_folder, cached, named_by, on_path, silent
from cli.servers.errors import ServerUnavailableError
from cli.servers.obtaining import downloaded_by_sdk, first_fetched, scratch_beside

PROGRAM = "temporal-test-server"
VARIABLE = "TEMPORAL_TEST_SERVER_PATH"
VERSION = "1.32.0"
MAIN_CLASS = "io.temporal.testserver.TestServer"

DOWNLOAD_LIMIT = timedelta(seconds=60)
MAVEN_LIMIT_SECONDS = 300.0

HOW_TO_GET_IT = (
    f"Any one of these helps: set {VARIABLE} to Temporal's test server; or let the SDK download it (that "
    f"needs internet); or install Java and Maven, with which io.temporal:{PROGRAM}:{VERSION} is fetched."
)

# Short-lived and small: the simple collector and the quick compiler start it in half the time.
SCRIPT = """#!/bin/sh
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx512m -cp {classpath} {main_class} "$@"
"""

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>aftersales</groupId>
  <artifactId>test-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>{program}</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
</project>
"""


async def find_time_skipping_server(environ: Mapping[str, str] = os.environ) -> Path | None:
    """A copy on this machine, nothing fetched: the variable (a wrong one raises), our cache."""
    return named_by(VARIABLE, environ) or cached(PROGRAM, environ)


async def obtain_time_skipping_server(environ: Mapping[str, str] = os.environ, progress: Progress = silent) -> Path:
    """A copy on this machine, else the SDK's download, else the jars by Maven; raises with the three ways."""
    if found := await find_time_skipping_server(environ):
        return found
    missing = f"The time-skipping test server is not on this machine and could not be fetched. {HOW_TO_GET_IT}"
    return await first_fetched((_download, _assemble), environ, progress, missing=missing)


async def _download(environ: Mapping[str, str], progress: Progress) -> Path:
    # Imported here: the SDK takes most of a second to load, and usually there is a copy already.
    from temporalio.testing import WorkflowEnvironment  # noqa: PLC0415

    progress("Downloading the time-skipping test server (once) ...")
    start = partial(WorkflowEnvironment.start_time_skipping, test_server_startup_timeout=DOWNLOAD_LIMIT)
    return await downloaded_by_sdk(lambda folder: start(download_dest_dir=folder), PROGRAM, environ)


async def _assemble(environ: Mapping[str, str], progress: Progress) -> Path:
    maven, java = on_path("mvn", environ), on_path("java", environ)
    if maven is None or java is None or not await works([java, "-version"]):
        raise ServerUnavailableError("Java and Maven are not both on PATH, so its jars cannot be fetched either.")
    progress("Fetching the time-skipping test server by Maven (33 MB, once) ...")
    destination = cache_folder(environ) / PROGRAM
    with scratch_beside(destination) as scratch:
        await _copy_jars(maven, scratch, environ)
        jars = destination.with_name(f"{PROGRAM}-{VERSION}")
        # Another process may have been quicker; a complete folder appears in one step, as good as ours.
        with contextlib.suppress(OSError):
            (scratch / "jars").rename(jars)
        return _write_script(scratch, jars, destination)


async def _copy_jars(maven: Path, scratch: Path, environ: Mapping[str, str]) -> None:
    pom = scratch / "pom.xml"
    pom.write_text(POM.format(program=PROGRAM, version=VERSION))
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={scratch / 'jars'}"]
    ended = await run(
        [maven, "-q", "-B", "-f", pom, *goal],
        limit_seconds=MAVEN_LIMIT_SECONDS,
        environ=environ,
        folder=scratch,
    )
    if ended.code != 0:
        raise ServerUnavailableError(f"Maven failed: {ended.last_lines}")


def _write_script(scratch: Path, jars: Path, destination: Path) -> Path:
    draft = scratch / PROGRAM
    draft.write_text(SCRIPT.format(classpath=shlex.quote(f"{jars}/*"), main_class=MAIN_CLASS))
    draft.chmod(0o755)
    return draft.replace(destination)
