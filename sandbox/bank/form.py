"""An order as it arrives, JSON, and what a bank checks before it takes it."""

import json
import re

from sandbox.bank import errors
from sandbox.bank.objects import Json, Order, exponent

LONGEST_NUMBER = 35
LONGEST_NAME = 140
LONGEST_REMITTANCE = 140
# The characters that clearing systems carry (SEPA's basic Latin set).
_NUMBER = re.compile(r"[A-Za-z0-9/\-?:().,'+]{1,35}")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,5}))?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_NATIONAL = re.compile(r"[0-9]{6,34}")
_BANK_CODE = re.compile(r"[A-Z0-9]{3,15}")


def content(body: bytes) -> Json:
    """The JSON object of a body, an empty one if it is none: for whoever reads without judging."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def order_of(body: bytes) -> Order:
    """The order in a body. Raises ``BankError`` for what no bank takes."""
    fields = content(body)
    creditor = fields.get("creditor")
    if not isinstance(creditor, dict):
        raise errors.malformed("creditor", "an object with name and account")
    currency = _text(fields, "currency", _CURRENCY, "three capital letters")
    account, bank_code = _account(creditor)
    return Order(
        number=_text(fields, "end_to_end_id", _NUMBER, f"1 to {LONGEST_NUMBER} characters of the SEPA set"),
        amount_minor=_minor(fields, currency),
        currency=currency,
        debtor=_text(fields, "debtor_account", re.compile(r"[A-Z0-9]{6,34}"), "the account to pay from"),
        name=_words(creditor, "name", LONGEST_NAME),
        account=account,
        bank_code=bank_code,
        remittance=_words(fields, "remittance", LONGEST_REMITTANCE),
    )


def _text(fields: Json, name: str, form: re.Pattern[str], rule: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise errors.malformed(name, rule)
    return value


def _words(fields: Json, name: str, longest: int) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise errors.malformed(name, f"1 to {longest} characters")
    return value


def _minor(fields: Json, currency: str) -> int:
    value = fields.get("amount")
    found = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise errors.malformed("amount", 'a decimal in a string, such as "10.50"')
    fraction, digits = found[2] or "", exponent(currency)
    if len(fraction) > digits:
        raise errors.refused("AM12", f"{currency} has {digits} digits after the point.")
    minor = int(found[1] + fraction.ljust(digits, "0"))
    if minor == 0:
        raise errors.refused("AM01", "The amount is zero.")
    return minor


def _account(creditor: Json) -> tuple[str, str]:
    if "iban" not in creditor:
        return (
            _text(creditor, "account_number", _NATIONAL, "6 to 34 digits, or else give an iban"),
            _optional(creditor, "bank_code", _BANK_CODE, "a national bank code"),
        )
    iban = creditor["iban"]
    if not isinstance(iban, str) or not _IBAN.fullmatch(iban) or not _checks(iban):
        raise errors.refused("AC01", "The IBAN is wrong.")
    bic = creditor.get("bic")
    if bic is not None and not (isinstance(bic, str) and _BIC.fullmatch(bic)):
        raise errors.refused("RC01", "The BIC is wrong.")
    return iban, bic or ""


def _optional(fields: Json, name: str, form: re.Pattern[str], rule: str) -> str:
    return _text(fields, name, form, rule) if name in fields else ""


def _checks(iban: str) -> bool:
    # ISO 13616: the check digits to the end, letters as 10 to 35, and the rest modulo 97 is 1.
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1
