"""The one place where errors become Temporal's: a known one by its code, with whether another try can help.

Unknown errors pass through and are retried within the step's bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from aftersales.contract.errors import AftersalesError
from domain.errors import DomainError


def as_failure(error: AftersalesError | DomainError) -> ApplicationError:
    """The failure that the workflow sees: `type` is the stable code, the message one readable sentence."""
    if isinstance(error, AftersalesError):
        return ApplicationError(str(error), type=error.code.value, non_retryable=not error.rule.retryable)
    return ApplicationError(str(error), type=error.code, non_retryable=not error.retryable)


@contextmanager
def named_failures() -> Iterator[None]:
    """Around the body of every activity: raises what is known as `ApplicationError`."""
    try:
        yield
    except (AftersalesError, DomainError) as error:
        raise as_failure(error) from error
