"""The `aftersales` program. Only the command that was asked for is loaded, so that it starts quickly.

Every error leaves as one readable paragraph on standard error: status 2 for what was typed wrongly, 1 for what cannot
be done, 130 after Ctrl-C.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Annotated, Final, NoReturn

import typer

from cli.commands import CATALOGUE, PROGRAM, Entry

PRODUCT: Final = "aftersales-service"
"""The installed package whose version it tells."""

DEBUG: Final = "--debug"
INTERRUPTED: Final = 130
FAILED: Final = 1


def program(chosen: str | None = None) -> typer.Typer:
    """All commands by name and summary, the chosen one in full."""
    app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    app.callback()(_root)
    for entry in CATALOGUE:
        if entry.name == chosen:
            _mount(app, entry)
        else:
            app.command(entry.name, help=entry.summary, rich_help_panel=entry.panel)(_not_loaded)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command and give the program's exit status; nothing is raised, whatever happens."""
    debug = DEBUG in arguments
    typed = [word for word in arguments if word != DEBUG] or ["--help"]
    chosen = next((word for word in typed if not word.startswith("-")), None)
    command = typer.main.get_command(program(chosen))
    return _guarded(lambda: command.main(typed, prog_name=PROGRAM, standalone_mode=False), debug=debug)


def main() -> NoReturn:
    """The program's entry point."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or a pipe that knows no Chinese gets question marks, not the end of the program.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    status = run(sys.argv[1:])
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        # Whoever read our output may have gone; that changes nothing about what was done.
        with suppress(OSError, ValueError):
            stream.flush()
    # The SDK's native threads can crash an interpreter that is being torn down (sdk-python issue 300).
    os._exit(status)


def _tell_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"{PROGRAM} {version(PRODUCT)}\n")
        raise typer.Exit


def _root(
    _debug: Annotated[bool, typer.Option(DEBUG, help="Show where an unexpected error came from.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """Refunds and after-sales: run the service, apply, review, follow."""


def _mount(app: typer.Typer, entry: Entry) -> None:
    found = entry.load()
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=entry.name, help=entry.summary, rich_help_panel=entry.panel)
    else:
        app.command(entry.name, rich_help_panel=entry.panel)(found)


def _not_loaded() -> None:
    raise AssertionError("the program loads the command that it runs")


def _guarded(command: Callable[[], object], *, debug: bool) -> int:
    try:
        returned = command()
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)  # where it was typed wrongly; typer has no public type for such errors
        place = context.command_path if context else PROGRAM
        wrong = error.format_message().replace("Value error, ", "")
        end = "" if wrong.endswith((".", "?", "!")) else "."
        sys.stderr.write(f"{wrong}{end} See `{place} --help`.\n")
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as leaving:
        return _status_of(leaving)
    except Exception as error:  # noqa: BLE001 - the last border: nobody is shown a traceback unasked
        return _tell(error, debug=debug)
    return returned if isinstance(returned, int) else 0


def _tell(error: Exception, *, debug: bool) -> int:
    # Imported here: the errors' own modules take a while to load, and usually there is none.
    from cli.commands.errors import explain, status_of  # noqa: PLC0415

    if debug:
        traceback.print_exception(error)
    sys.stderr.write(f"{explain(error)}\n")
    return status_of(error)


def _status_of(leaving: SystemExit) -> int:
    if leaving.code is None or isinstance(leaving.code, int):
        return leaving.code or 0
    sys.stderr.write(f"{leaving.code}\n")
    return FAILED


if __name__ == "__main__":
    main()
