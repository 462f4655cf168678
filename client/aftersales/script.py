"""Running a short program: the SDK's threads can crash the interpreter while it shuts down."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import traceback
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, NoReturn

from aftersales.contract.errors import AftersalesError

FAILED = 1
INTERRUPTED = 130


def run(main: Coroutine[Any, Any, int | None]) -> NoReturn:
    """Run `main` as a whole program and leave with its status: what it returns, or 0.

    Temporal's SDK crashes at interpreter exit in some runs of a short-lived program, after all work is done.
    So this flushes output and logs and leaves by `os._exit`: `atexit` functions do not run, and a test or a
    server must not call it. An AftersalesError becomes its sentence on stderr and status 1, any other
    exception its traceback and status 1, Ctrl-C status 130.
    """
    status = _status_of(main)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        # Whoever read our output may have gone; that changes nothing about what was done.
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _status_of(main: Coroutine[Any, Any, int | None]) -> int:
    try:
        return asyncio.run(main) or 0
    except AftersalesError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as leaving:
        return _status_of_exit(leaving)
    except BaseException:  # noqa: BLE001 - the traceback is shown and the status says so
        traceback.print_exc()
        return FAILED


def _status_of_exit(leaving: SystemExit) -> int:
    if leaving.code is None or isinstance(leaving.code, int):
        return leaving.code or 0
    sys.stderr.write(f"{leaving.code}\n")
    return FAILED
