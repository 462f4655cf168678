"""Stripe's form encoding (``metadata[leg]=…``) and the checks it makes before execution begins."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from sandbox.stripe import errors

METADATA = re.compile(r"metadata\[([^\[\]]+)\]")
EXPAND = re.compile(r"expand\[[0-9]*\]")
MOST_METADATA_KEYS = 50
LONGEST_METADATA_KEY = 40
LONGEST_METADATA_VALUE = 500
REASONS = ("duplicate", "fraudulent", "requested_by_customer")
CREATE_PARAMS = frozenset(
    {"amount", "charge", "currency", "customer", "expand", "instructions_email", "metadata", "origin"}
    | {"payment_intent", "reason", "refund_application_fee", "reverse_transfer"}
)
LIST_PARAMS = frozenset({"charge", "payment_intent", "limit", "starting_after", "ending_before", "expand"})
DEFAULT_PAGE = 10
LARGEST_PAGE = 100


def parse(text: str) -> dict[str, str]:
    """Flat parameters with their brackets kept."""
    return dict(parse_qsl(text, keep_blank_values=True))


def metadata(params: Mapping[str, str]) -> dict[str, str]:
    """The ``metadata[...]`` parameters by their inner name; an empty value means no such key."""
    found = {match[1]: value for name, value in params.items() if (match := METADATA.fullmatch(name))}
    return {name: value for name, value in found.items() if value}


def refuse_unknown(params: Mapping[str, str], known: frozenset[str]) -> None:
    """Refuse a parameter the endpoint does not have, and brackets where there is only one value.

    Otherwise ``amount[0]=5`` would pass for a request without an amount, and refund everything.
    """
    for name, value in params.items():
        outer, bracket, _ = name.partition("[")
        if outer not in known:
            raise errors.unknown_parameter(name)
        if bracket and not (METADATA.fullmatch(name) or EXPAND.fullmatch(name)):
            raise errors.invalid_value(name, "a plain value, not one in brackets")
        if name == "metadata" and value:
            raise errors.invalid_value(name, "pairs such as metadata[leg]")


def integer(params: Mapping[str, str], name: str) -> int | None:
    """A positive whole number, ``None`` when the parameter is absent."""
    text = params.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"-?[0-9]+", text):
        raise errors.invalid_integer(text, name)
    if int(text) < 1:
        raise errors.not_positive(name)
    return int(text)


def page_size(params: Mapping[str, str]) -> int:
    """The ``limit`` of a list, 1 to 100."""
    limit = integer(params, "limit") or DEFAULT_PAGE
    if limit > LARGEST_PAGE:
        raise errors.too_great(LARGEST_PAGE, "limit")
    return limit


def check_create(params: Mapping[str, str]) -> None:
    """Refuse a refund request that Stripe would refuse before executing it."""
    refuse_unknown(params, CREATE_PARAMS)
    integer(params, "amount")
    if params.get("charge") and params.get("payment_intent"):
        raise errors.both_payments()
    if not (params.get("charge") or params.get("payment_intent")):
        raise errors.missing_payment()
    if params.get("reason", REASONS[0]) not in REASONS:
        raise errors.invalid_value("reason", f"one of {', '.join(REASONS)}")
    _check_metadata(metadata(params))


def _check_metadata(pairs: Mapping[str, str]) -> None:
    if len(pairs) > MOST_METADATA_KEYS:
        raise errors.invalid_value("metadata", f"at most {MOST_METADATA_KEYS} keys")
    for name, value in pairs.items():
        if len(name) > LONGEST_METADATA_KEY or len(value) > LONGEST_METADATA_VALUE:
            longest = f"keys of {LONGEST_METADATA_KEY} and values of {LONGEST_METADATA_VALUE} characters at most"
            raise errors.invalid_value(f"metadata[{name}]", longest)
