"""The service's processes, each in the foreground: `worker`, `portal`, `codec-server`, `sandbox`, `mail-sink`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

# ruff: noqa: PLC0415 - each process is loaded only where it is the one to be run


def worker() -> int:
    """Run a worker in the foreground.

    Its settings are environment variables, which the README lists. It cannot start without these:

    AFTERSALES_DATABASE_URL, AFTERSALES_PROOF_KEYS, AFTERSALES_LINK_KEYS, AFTERSALES_PAYEE_KEYS, and the keys of one
    payment provider, as docs/providers/ says; a worker of cases needs those of all that the shop has.

    SIGTERM and Ctrl-C let it finish what is under way. Any number of workers may run.
    """
    from worker.main import main

    return main()


def portal() -> None:
    """Run the portal in the foreground.

    Its settings are environment variables, which the README lists. It cannot start without these:

    AFTERSALES_DATABASE_URL, AFTERSALES_LINK_KEYS, AFTERSALES_PAYEE_KEYS, AFTERSALES_PORTAL_PROOF_SECRET

    It takes the webhooks of those providers whose keys it has, as docs/providers/ says.
    """
    from portal.main import main

    main()


def codec_server() -> None:
    """Run the codec server in the foreground.

    It lets the staff read encrypted cases in Temporal's Web UI and with its command line. Its settings are environment
    variables, which the README lists. It cannot start without these:

    AFTERSALES_ENCRYPTION_KEYS, AFTERSALES_CODEC_TOKENS

    The Web UI reaches it only with AFTERSALES_CODEC_ORIGINS.
    """
    from portal.codec.main import main

    main()


def sandbox(
    host: Annotated[str, typer.Option(show_default=True, help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, show_default=True, help="The port to listen on.")] = 4242,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where its books are kept; in memory without it.")
    ] = None,
) -> None:
    """Run the payment sandbox in the foreground.

    It stands in for the payment provider; nothing it does moves money.

    These tie it to a portal and a worker: SANDBOX_WEBHOOK_URL, SANDBOX_STRIPE_API_KEY, SANDBOX_STRIPE_WEBHOOK_SECRET
    """
    from sandbox.main import main

    main(["--host", host, "--port", str(port), *(["--state", str(state)] if state else [])])


def mail_sink(
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Where each mail becomes a file.")],
    host: Annotated[str, typer.Option(show_default=True, help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, show_default=True, help="The port to listen on.")] = 2525,
) -> None:
    """Run a mail server that keeps every mail as a file.

    It delivers nowhere. Read the mails with `aftersales mails`.
    """
    from integrations.mail_sink import main

    main(["--host", host, "--port", str(port), "--folder", str(folder)])
