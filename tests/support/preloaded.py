"""Programs without their start: a process that has loaded them, and is forked for each run of one.

A run has its own memory, environment and files, as a process that starts from nothing has; loading costs it nothing.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from tempfile import TemporaryFile
from types import ModuleType
from typing import Final, NoReturn

import aftersales
import cli.commands
import cli.main
import policy
import storage

NUMBER: Final = struct.Struct("!i")
LONGEST: Final = 2**20
"""Bytes of a wish at most: the arguments and the environment of a run."""


async def run_preloaded(
    module: str, arguments: Sequence[str], environ: Mapping[str, str], limit_s: float, typed: bytes = b""
) -> tuple[int, bytes, bytes]:
    """The status, the output and the errors of one run of a module's `main`, with `typed` on its standard input.

    Raises TimeoutError for a run that takes longer than `limit_s`; it is ended.
    """
    mine, theirs = socket.socketpair()
    with TemporaryFile() as told, TemporaryFile() as out, TemporaryFile() as err, mine:
        told.write(typed)
        told.seek(0)
        with theirs:
            wish = json.dumps([module, list(arguments), dict(environ), os.getcwd()]).encode()
            socket.send_fds(_loaded(), [wish], [theirs.fileno(), told.fileno(), out.fileno(), err.fileno()])
        status = await _status(mine, limit_s)
        out.seek(0)
        err.seek(0)
        return status, out.read(), err.read()


async def _status(run: socket.socket, limit_s: float) -> int:
    run.setblocking(False)
    pid = await _number(run)
    try:
        async with asyncio.timeout(limit_s):
            return await _number(run)
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        raise


async def _number(run: socket.socket) -> int:
    said = await asyncio.get_running_loop().sock_recv(run, NUMBER.size)
    assert len(said) == NUMBER.size, "the loaded program has ended"
    return int(NUMBER.unpack(said)[0])


@cache
def _loaded() -> socket.socket:
    """Of this process alone; it ends when this process does."""
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST)
    with theirs:
        subprocess.Popen([sys.executable, "-m", __name__, str(theirs.fileno())], pass_fds=[theirs.fileno()])
    return mine


def _serve(wishes: socket.socket) -> None:
    """Fork for each wish, until nobody can have one any more."""
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever waits for a run is forked too, and nobody waits for it
    while True:
        wish, files, _, _ = socket.recv_fds(wishes, LONGEST, 4)
        if not wish:
            return
        module, arguments, environ, folder = json.loads(wish)
        program = import_module(module)
        if os.fork() == 0:
            _attend(files, program, arguments, environ, folder)
        for file in files:
            os.close(file)


def _load() -> None:
    """All that commands load, most of it only when they run: a run must not spend its time on that."""
    for package in (aftersales, cli.commands, policy, storage):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    gc.freeze()


def _attend(
    files: Sequence[int], program: ModuleType, arguments: Sequence[str], environ: Mapping[str, str], folder: str
) -> None:
    """Fork the run, tell its number, wait for its end and tell its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    run = os.fork()
    if run == 0:
        _become(files, environ, folder)
        sys.argv = [str(program.__file__), *arguments]
        _end(program.main())
    told = socket.socket(fileno=files[0])
    told.sendall(NUMBER.pack(run))
    told.sendall(NUMBER.pack(os.waitstatus_to_exitcode(os.waitpid(run, 0)[1])))
    os._exit(0)


def _become(files: Sequence[int], environ: Mapping[str, str], folder: str) -> None:
    for theirs, usual in zip(files[1:], (0, 1, 2), strict=True):
        os.dup2(theirs, usual)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)


def _end(status: int | None) -> NoReturn:
    """As a process ends that has native threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as asked:
        sys.argv = [cli.main.__file__]  # as `python -m cli.main` has it; commands read it while they are loaded
        _serve(asked)
