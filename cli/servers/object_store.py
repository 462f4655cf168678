"""An S3 server on loopback, over a folder: the tests hold the evidence store against it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cli.servers.go_programs import GoProgram
from cli.servers.probes import LOOPBACK, free_port
from cli.servers.processes import Launch, Processes

VERSITYGW: Final = GoProgram(
    name="versitygw",
    variable="VERSITYGW_PATH",
    module="github.com/versity/versitygw",
    package="github.com/versity/versitygw/cmd/versitygw",
    version="1.8.0",
    on_path_as="versitygw",
)
BUCKET: Final = "evidence"
START_LIMIT_SECONDS: Final = 30.0
_KEYS: Final = {"access": "loopback", "secret": "loopback-only"}


async def start_object_store(processes: Processes, executable: Path, folder: Path) -> Mapping[str, str]:
    """Start it with an empty bucket `evidence`; gives the `AWS_*` variables by which it is reached."""
    objects, attributes = folder / "objects", folder / "attributes"  # where the file system keeps none itself
    (objects / BUCKET).mkdir(parents=True)
    attributes.mkdir()
    port = free_port()
    keys = ("--access", _KEYS["access"], "--secret", _KEYS["secret"])
    kept = ("posix", "--sidecar", str(attributes), str(objects))
    command: list[str | Path] = [executable, *keys, "--port", f"{LOOPBACK}:{port}", "--quiet", *kept]
    child = processes.start(Launch(name="object store", command=command))
    await child.wait_for_port(LOOPBACK, port, START_LIMIT_SECONDS)
    return {
        "AWS_ACCESS_KEY_ID": _KEYS["access"],
        "AWS_SECRET_ACCESS_KEY": _KEYS["secret"],
        "AWS_ENDPOINT": f"http://{LOOPBACK}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
    }
