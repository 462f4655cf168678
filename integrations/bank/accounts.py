"""Accounts as customers enter them: checked, brought into one form, and masked for every screen (P3.2).

IBAN and BIC by `schwifty`, which has the registries of ISO 13616 and ISO 9362; Chinese accounts by length, UnionPay
cards by Luhn's check digit. What passes can still be closed or somebody else's: that only the bank knows.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from schwifty import BIC, IBAN
from schwifty.exceptions import InvalidChecksumDigits, InvalidCountryCode, InvalidLength, SchwiftyException

from aftersales.contract.values import Language
from integrations.bank.account_words import SENTENCES, AccountProblem

SHORTEST_NUMBER: Final = 12
LONGEST_NUMBER: Final = 19
LONGEST_HOLDER: Final = 70
"""What SEPA carries of a name."""

_BLANKS: Final = re.compile(r"[\s\-‐-―]+")
_ACCOUNT: Final = re.compile(r"[A-Z0-9]+")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_CNAPS: Final = re.compile(r"[0-9]{12}")
_UNIONPAY: Final = re.compile(r"62[0-9]{14,17}")
# Visa, Mastercard, American Express: never kept (PCI DSS), and no transfer reaches them.
_CREDIT_CARD: Final = re.compile(r"4[0-9]{15}|5[1-5][0-9]{14}|2[2-7][0-9]{14}|3[47][0-9]{13}")
_MAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@.]+(?:\.[^\s@.]+)+")
_MAINLAND_PHONE: Final = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})")
_OTHER_PHONE: Final = re.compile(r"\+?([1-9][0-9]{0,2})-([0-9]{6,12})")
_LONGEST_LOGIN: Final = 100
_SHOWN_DIGITS: Final = 4
_LEAST_TO_MASK: Final = 8
_DOTS: Final = "••••"


class AccountField(StrEnum):
    """Which of the fields on the page is meant."""

    ACCOUNT = "account"
    HOLDER = "holder"
    BANK = "bank"


class AccountRefusedError(ValueError):
    """What was entered cannot be an account. `code` and `field` are stable, `key` names the sentence; `str(error)` is
    the English one. Nothing of what was entered is in it."""

    def __init__(self, code: AccountProblem, in_field: AccountField, **facts: str | int) -> None:
        self.code = code
        self.field = in_field
        self.key = f"account.{code}"
        self._facts = facts
        super().__init__(self.sentence(Language.EN))

    def sentence(self, language: Language) -> str:
        """What is wrong and what to do, for the customer."""
        return SENTENCES[language][self.code].format(**self._facts)


@dataclass(frozen=True)
class EnteredAccount:
    """A destination in one form: no blanks in `account`, `holder` with single ones; `bank` is a BIC beside an IBAN,
    a CNAPS code beside a Chinese account, empty where it is not needed."""

    account: str = field(repr=False)
    holder: str = field(repr=False)
    bank: str = ""

    @property
    def is_iban(self) -> bool:
        return self.account[:1].isalpha()

    @property
    def masked(self) -> str:
        return masked(self.account)


def bank_account(account: str, holder: str, bank: str = "") -> EnteredAccount:
    """An IBAN with or without its BIC, or a Chinese account with its bank's CNAPS code. Raises AccountRefusedError."""
    number, code = _compact(account), _compact(bank)
    if not number:
        raise AccountRefusedError(AccountProblem.ACCOUNT_MISSING, AccountField.ACCOUNT)
    if not _ACCOUNT.fullmatch(number) or (number[0].isalpha() and not _COUNTRY.match(number)):
        raise AccountRefusedError(AccountProblem.ACCOUNT_CHARACTERS, AccountField.ACCOUNT)
    if number[0].isalpha():
        _check_iban(number)
        _check_bic(code)
    else:
        _check_chinese(number)
        _check_cnaps(code, needed=not _UNIONPAY.fullmatch(number))
    return EnteredAccount(number, _holder(holder), code)


def alipay_login(login: str, holder: str) -> EnteredAccount:
    """An Alipay account by mail address or phone: 11 digits of the mainland, else "852-91234567".

    Raises AccountRefusedError.
    """
    name = unicodedata.normalize("NFKC", login).strip()
    if not name:
        raise AccountRefusedError(AccountProblem.LOGIN_MISSING, AccountField.ACCOUNT)
    if len(name) <= _LONGEST_LOGIN and _MAIL.fullmatch(name):
        return EnteredAccount(name, _holder(holder))
    if found := _MAINLAND_PHONE.fullmatch(_compact(name)):
        return EnteredAccount(found[1], _holder(holder))
    if found := _OTHER_PHONE.fullmatch(re.sub(r"\s+", "-", name, count=1).replace(" ", "")):
        return EnteredAccount(f"{found[1]}-{found[2]}", _holder(holder))
    raise AccountRefusedError(AccountProblem.LOGIN_FORMAT, AccountField.ACCOUNT)


def masked(account: str) -> str:
    """What may be shown of an account: "DE•• •••• 3000", "•••• 1234", "a•••@example.com"."""
    name, at, host = account.partition("@")
    if at:
        return f"{name[:1]}•••@{host}"
    if len(account) < _LEAST_TO_MASK:
        return _DOTS
    last = f"{_DOTS} {account[-_SHOWN_DIGITS:]}"
    return f"{account[:2]}•• {last}" if account[:2].isalpha() else last


def _compact(text: str) -> str:
    # Digits typed on a Chinese keyboard may be of full width.
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text)).upper()


def _check_iban(number: str) -> None:
    country = number[:2]
    try:
        IBAN(number)
    except InvalidCountryCode as error:
        raise AccountRefusedError(AccountProblem.IBAN_COUNTRY, AccountField.ACCOUNT, country=country) from error
    except InvalidLength as error:
        wanted = IBAN(number, allow_invalid=True).spec.iban_length
        raise AccountRefusedError(
            AccountProblem.IBAN_LENGTH, AccountField.ACCOUNT, country=country, wanted=wanted, given=len(number)
        ) from error
    except InvalidChecksumDigits as error:
        raise AccountRefusedError(AccountProblem.IBAN_CHECK_DIGITS, AccountField.ACCOUNT) from error
    except SchwiftyException as error:
        raise AccountRefusedError(AccountProblem.IBAN_FORMAT, AccountField.ACCOUNT, country=country) from error


def _check_bic(code: str) -> None:
    try:
        if code:
            BIC(code)
    except SchwiftyException as error:
        raise AccountRefusedError(AccountProblem.BIC_FORMAT, AccountField.BANK) from error


def _check_chinese(number: str) -> None:
    if not number.isdigit():
        raise AccountRefusedError(AccountProblem.ACCOUNT_CHARACTERS, AccountField.ACCOUNT)
    if _CREDIT_CARD.fullmatch(number) and _passes_luhn(number):
        raise AccountRefusedError(AccountProblem.CARD_NOT_TAKEN, AccountField.ACCOUNT)
    if not SHORTEST_NUMBER <= len(number) <= LONGEST_NUMBER:
        raise AccountRefusedError(
            AccountProblem.NUMBER_LENGTH,
            AccountField.ACCOUNT,
            least=SHORTEST_NUMBER,
            most=LONGEST_NUMBER,
            given=len(number),
        )
    if _UNIONPAY.fullmatch(number) and not _passes_luhn(number):
        raise AccountRefusedError(AccountProblem.UNIONPAY_CHECK_DIGIT, AccountField.ACCOUNT)


def _check_cnaps(code: str, *, needed: bool) -> None:
    if not code and needed:
        raise AccountRefusedError(AccountProblem.CNAPS_MISSING, AccountField.BANK)
    if code and not _CNAPS.fullmatch(code):
        raise AccountRefusedError(AccountProblem.CNAPS_FORMAT, AccountField.BANK)


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    values = [int(digit) for digit in reversed(digits)]
    return (sum(values[::2]) + sum(sum(divmod(2 * value, 10)) for value in values[1::2])) % 10 == 0


def _holder(name: str) -> str:
    known = " ".join(unicodedata.normalize("NFC", name).split())
    if not any(sign.isalpha() for sign in known):
        raise AccountRefusedError(AccountProblem.HOLDER_MISSING, AccountField.HOLDER)
    if len(known) > LONGEST_HOLDER:
        raise AccountRefusedError(AccountProblem.HOLDER_LENGTH, AccountField.HOLDER, most=LONGEST_HOLDER)
    return known
