"""Temporal's time-skipping test server, in which a month of waiting passes in a moment. Used by tests only.

One clock for the whole server: two tests must never run on one server at the same time.
"""

import contextlib
import os
import shlex
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from cli.servers.commands import run, works
from cli.servers.discovery import Progress, adopt, cache_folder, cached, named_by, on_path, silent
from cli.servers.errors import ServerUnavailableError

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
    troubles: list[str] = []
    for fetch in (_download, _assemble):
        try:
            return await fetch(environ, progress)
        except ServerUnavailableError as error:
            troubles.append(str(error))
    raise ServerUnavailableError(
        "The time-skipping test server is not on this machine and could not be fetched. "
        f"{HOW_TO_GET_IT} Tried: {' '.join(troubles)}"
    )


async def _download(environ: Mapping[str, str], progress: Progress) -> Path:
    # Imported here: the SDK takes most of a second to load, and usually there is a copy already.
    from temporalio.testing import WorkflowEnvironment  # noqa: PLC0415

    progress("Downloading the time-skipping test server (once) ...")
    folder = cache_folder(environ)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        try:
            server = await WorkflowEnvironment.start_time_skipping(
                download_dest_dir=scratch, test_server_startup_timeout=DOWNLOAD_LIMIT
            )
        except RuntimeError as error:
            raise ServerUnavailableError(f"The SDK's download failed: {error}.") from error
        await server.shutdown()
        if copy := adopt(Path(scratch), folder / PROGRAM):
            return copy
    raise ServerUnavailableError("The SDK's download left no program behind.")


async def _assemble(environ: Mapping[str, str], progress: Progress) -> Path:
    maven, java = on_path("mvn", environ), on_path("java", environ)
    if maven is None or java is None or not await works([java, "-version"]):
        raise ServerUnavailableError("Java and Maven are not both on PATH, so its jars cannot be fetched either.")
    progress("Fetching the time-skipping test server by Maven (33 MB, once) ...")
    folder = cache_folder(environ)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        await _copy_jars(maven, Path(scratch), environ)
        jars = folder / f"{PROGRAM}-{VERSION}"
        # Another process may have been quicker; a complete folder appears in one step, as good as ours.
        with contextlib.suppress(OSError):
            (Path(scratch) / "jars").rename(jars)
        return _write_script(Path(scratch), jars, folder / PROGRAM)


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
