"""The certificates that a machine trusts, read once in a process instead of by each client for itself."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import httpcore2
import pytest


@contextmanager
def trusted_roots_read_once() -> Iterator[None]:
    """While this lasts, HTTP clients share what they trust.

    Reading a few hundred certificates takes 20 ms of CPU. The product makes a client in its life, the tests thousands,
    of their own and of the providers' SDKs, and all of them speak plain HTTP.
    """
    made = ssl.create_default_context
    of_file = cache(lambda cafile: made(cafile=cafile))

    def create_default_context(
        purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH,
        *,
        cafile: str | None = None,
        capath: str | None = None,
        cadata: str | bytes | None = None,
    ) -> ssl.SSLContext:
        if cafile and not (capath or cadata) and purpose is ssl.Purpose.SERVER_AUTH:
            shared: ssl.SSLContext = of_file(cafile)
            return shared
        return made(purpose, cafile=cafile, capath=capath, cadata=cadata)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ssl, "create_default_context", create_default_context)
        patched.setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
        yield
