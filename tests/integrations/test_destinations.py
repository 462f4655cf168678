"""What a customer enters becomes a destination in one form, or each field says what is to be mended (P3.2)."""

import re

import pytest

from aftersales.contract.messages import PayoutChoice
from aftersales.contract.values import Language, PayoutMethod
from integrations.bank.accounts import AccountField
from integrations.destinations import FIELDS, METHODS, DestinationRefusedError, Entered, destination_of

IBAN, HOLDER = "DE89 3704 0044 0532 0130 00", "Erika  Mustermann"


def entered(method: PayoutMethod, account: str = "", holder: str = HOLDER, bank: str = "") -> Entered:
    return Entered(method=method, account=account, holder=holder, bank=bank)


def flaws_of(what: Entered, language: Language = Language.EN) -> dict[AccountField, str]:
    with pytest.raises(DestinationRefusedError) as refused:
        destination_of(what, language)
    return dict(refused.value.flaws)


@pytest.mark.parametrize(
    ("method", "account", "kept", "chinese", "english"),
    [
        (
            PayoutMethod.BANK_TRANSFER,
            IBAN,
            IBAN.replace(" ", ""),
            "银行账户 DE•• •••• 3000",
            "Bank account DE•• •••• 3000",
        ),
        (PayoutMethod.ALIPAY, "138 1234 5678", "13812345678", "支付宝 •••• 5678", "Alipay •••• 5678"),
        (
            PayoutMethod.ALIPAY,
            "erika@example.com",
            "erika@example.com",
            "支付宝 e•••@example.com",
            "Alipay e•••@example.com",
        ),
        (PayoutMethod.WECHAT_PAY, "13812345678", "13812345678", "微信支付 •••• 5678", "WeChat Pay •••• 5678"),
        (PayoutMethod.WECHAT_PAY, " erika_m ", "erika_m", "微信支付 ••••", "WeChat Pay ••••"),
    ],
)
def test_a_destination_is_kept_in_one_form_and_shown_masked(
    method: PayoutMethod, account: str, kept: str, chinese: str, english: str
) -> None:
    found = destination_of(entered(method, account), Language.ZH_CN)
    assert (found.method, found.account, found.holder, found.masked) == (method, kept, "Erika Mustermann", chinese)
    assert destination_of(entered(method, account), Language.EN).masked == english


def test_a_long_address_is_shown_as_far_as_a_message_takes_it() -> None:
    found = destination_of(entered(PayoutMethod.ALIPAY, f"erika@{'x' * 85}.example"), Language.EN)
    assert PayoutChoice(method=found.method, payee="4f2a", masked=found.masked).masked == found.masked


def test_store_credit_needs_nothing() -> None:
    found = destination_of(entered(PayoutMethod.STORE_CREDIT, "anything"), Language.EN)
    assert (found.account, found.holder, found.masked) == ("", "", "")


def test_a_banks_code_is_checked_with_its_account() -> None:
    assert (
        destination_of(entered(PayoutMethod.BANK_TRANSFER, IBAN, bank="COBADEFFXXX"), Language.EN).bank == "COBADEFFXXX"
    )
    assert set(flaws_of(entered(PayoutMethod.BANK_TRANSFER, IBAN, bank="COBA"))) == {AccountField.BANK}
    assert set(flaws_of(entered(PayoutMethod.BANK_TRANSFER, "123456789012"))) == {AccountField.BANK}


@pytest.mark.parametrize("method", [PayoutMethod.BANK_TRANSFER, PayoutMethod.ALIPAY, PayoutMethod.WECHAT_PAY])
@pytest.mark.parametrize("language", Language)
def test_all_that_is_wrong_is_told_at_once_in_the_customers_language(method: PayoutMethod, language: Language) -> None:
    flaws = flaws_of(entered(method, "", ""), language)
    assert set(flaws) == {AccountField.ACCOUNT, AccountField.HOLDER}
    assert all(bool(re.search("[\u4e00-\u9fff]", each)) is (language is Language.ZH_CN) for each in flaws.values())


@pytest.mark.parametrize("account", ["wei", "1erika_m", "erika m", "+8613812345678", "x" * 21, "12345678901"])
def test_what_is_no_wechat_account_is_told_with_what_one_looks_like(account: str) -> None:
    assert "6 to 20 characters" in flaws_of(entered(PayoutMethod.WECHAT_PAY, account))[AccountField.ACCOUNT]


def test_a_refusal_repeats_nothing_of_what_was_entered_and_neither_does_a_printed_form() -> None:
    wrong = entered(PayoutMethod.BANK_TRANSFER, "DE88370400440532013000")
    with pytest.raises(DestinationRefusedError) as refused:
        destination_of(wrong, Language.EN)
    right = destination_of(entered(PayoutMethod.BANK_TRANSFER, IBAN), Language.EN)
    for told in (str(refused.value), repr(wrong), repr(right)):
        assert "0532013000" not in told
        assert "Mustermann" not in told


def test_every_method_has_its_words_and_fields() -> None:
    assert set(METHODS) == set(FIELDS) == set(PayoutMethod)
