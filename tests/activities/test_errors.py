"""Known errors keep their code on the way through Temporal; unknown ones are left to be retried."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ApplicationError

from activities.errors import as_failure, named_failures
from aftersales.contract.errors import RULES, AftersalesError
from aftersales.contract.values import ErrorCode
from domain.errors import AmountRefused


@pytest.mark.parametrize("code", ErrorCode)
def test_a_known_error_is_retried_only_where_trying_again_can_help(code: ErrorCode) -> None:
    failure = as_failure(AftersalesError(code, "One sentence."))
    assert (failure.type, failure.message) == (code.value, "One sentence.")
    assert failure.non_retryable is not RULES[code].retryable


def test_a_rule_of_the_domain_is_never_retried() -> None:
    failure = as_failure(AmountRefused(5, 3, "CNY"))
    assert (failure.type, failure.non_retryable) == ("amount_refused", True)


def test_the_cause_stays_visible() -> None:
    cause = AftersalesError(ErrorCode.STEP_CONFLICT, "Twice.")
    with pytest.raises(ApplicationError) as caught, named_failures():
        raise cause
    assert caught.value.__cause__ is cause


def test_an_unknown_error_passes_through_as_it_is() -> None:
    with pytest.raises(ConnectionError), named_failures():
        raise ConnectionError("the database is away")
