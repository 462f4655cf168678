"""Where a customer wants their money: what was entered, checked and masked, for the page and for the phone (P3.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final

from pydantic import Field

from aftersales.contract.values import Frozen, Language, PayoutMethod
from integrations.bank.accounts import (
    AccountField,
    AccountRefusedError,
    EnteredAccount,
    alipay_login,
    bank_account,
    masked,
)
from integrations.letters.words import Phrases, phrase

FIELDS: Final[Mapping[PayoutMethod, tuple[AccountField, ...]]] = {
    PayoutMethod.BANK_TRANSFER: (AccountField.ACCOUNT, AccountField.BANK, AccountField.HOLDER),
    PayoutMethod.ALIPAY: (AccountField.ACCOUNT, AccountField.HOLDER),
    PayoutMethod.WECHAT_PAY: (AccountField.ACCOUNT, AccountField.HOLDER),
    PayoutMethod.STORE_CREDIT: (),
}
"""What must be known of each; store credit is the customer's own account with the shop."""

METHODS: Final[Phrases] = {
    PayoutMethod.BANK_TRANSFER: ("银行账户", "Bank account"),
    PayoutMethod.ALIPAY: ("支付宝", "Alipay"),
    PayoutMethod.WECHAT_PAY: ("微信支付", "WeChat Pay"),
    PayoutMethod.STORE_CREDIT: ("店铺余额", "Store credit"),
}

LONGEST_SHOWN: Final = 80
"""What `PayoutChoice.masked` takes; a mail address may be longer."""

_WECHAT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{5,19}|1[3-9][0-9]{9}")
_WECHAT_WANTED: Final = (
    "请填写微信号（6 至 20 位，以字母开头）或绑定的中国内地手机号。",
    "Enter a WeChat ID (6 to 20 characters, a letter first) or the mainland phone number that it is bound to.",
)
# A field is checked beside others that are certainly right, so that all that is wrong is told at once.
_SOME_IBAN: Final = "DE89370400440532013000"
_SOME_NAME: Final = "A"


class Destination(Frozen):
    """A destination that can be one, in one form; `masked` is how it is shown, in the customer's language."""

    method: PayoutMethod
    account: Annotated[str, Field(repr=False)] = ""
    holder: Annotated[str, Field(repr=False)] = ""
    bank: str = ""
    masked: str = ""


class Entered(Frozen):
    """A destination as it was entered."""

    method: PayoutMethod
    account: Annotated[str, Field(repr=False)] = ""
    holder: Annotated[str, Field(repr=False)] = ""
    bank: Annotated[str, Field(repr=False)] = ""


class DestinationRefusedError(Exception):
    """What was entered cannot be a destination; `flaws` has a sentence for each field that is to be mended."""

    def __init__(self, flaws: Mapping[AccountField, str]) -> None:
        super().__init__(" ".join(flaws.values()))
        self.flaws = flaws


def destination_of(entered: Entered, language: Language) -> Destination:
    """Raises DestinationRefusedError, which repeats nothing of what was entered."""
    if not FIELDS[entered.method]:
        return Destination(method=entered.method)
    flaws: dict[AccountField, str] = {}
    account = _checked(lambda: _account(entered, language), flaws, language)
    named = _checked(lambda: bank_account(_SOME_IBAN, entered.holder), flaws, language)
    if account is None or named is None:
        raise DestinationRefusedError(flaws)
    return Destination(
        method=entered.method,
        account=account.account,
        holder=named.holder,
        bank=account.bank,
        masked=shown(entered.method, account.account, language),
    )


def shown(method: PayoutMethod, account: str, language: Language) -> str:
    """All that may be seen of an account: `Bank account DE•• •••• 3000`."""
    return f"{phrase(METHODS, method, language)} {masked(''.join(account.split()))}"[:LONGEST_SHOWN]


def _account(entered: Entered, language: Language) -> EnteredAccount:
    match entered.method:
        case PayoutMethod.BANK_TRANSFER:
            return bank_account(entered.account, _SOME_NAME, entered.bank)
        case PayoutMethod.ALIPAY:
            return alipay_login(entered.account, _SOME_NAME)
        case _:
            return _wechat(entered.account.strip(), language)


def _wechat(name: str, language: Language) -> EnteredAccount:
    if not _WECHAT.fullmatch(name):
        wanted = _WECHAT_WANTED[0] if language is Language.ZH_CN else _WECHAT_WANTED[1]
        raise DestinationRefusedError({AccountField.ACCOUNT: wanted})
    return EnteredAccount(name, _SOME_NAME)


def _checked(
    check: Callable[[], EnteredAccount], flaws: dict[AccountField, str], language: Language
) -> EnteredAccount | None:
    try:
        return check()
    except AccountRefusedError as why:
        flaws[why.field] = why.sentence(language)
    except DestinationRefusedError as why:
        flaws.update(why.flaws)
    return None
