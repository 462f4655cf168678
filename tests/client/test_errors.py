from aftersales.contract.errors import RULES, AftersalesError
from aftersales.contract.values import ErrorCode


def test_every_error_code_has_its_rule() -> None:
    assert RULES.keys() == set(ErrorCode)


def test_every_rule_is_an_error_status_of_http() -> None:
    assert {rule.http_status for rule in RULES.values()} <= {401, 403, 404, 409, 410, 422, 503}


def test_what_is_temporarily_unavailable_can_be_tried_again() -> None:
    assert all(rule.retryable for rule in RULES.values() if rule.http_status == 503)


def test_an_error_is_its_sentence_with_a_stable_code() -> None:
    error = AftersalesError(ErrorCode.TOO_LATE, "The window closed yesterday.")
    assert str(error) == "The window closed yesterday."
    assert (error.code, error.rule.http_status) == ("too_late", 409)
