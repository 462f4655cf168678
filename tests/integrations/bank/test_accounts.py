"""What customers enter for an account: checked, brought into one form, masked."""

from __future__ import annotations

import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.contract.values import Language
from integrations.bank import AccountField, AccountProblem, AccountRefusedError, alipay_login, bank_account, masked
from integrations.bank.account_words import SENTENCES

IBAN = "DE89370400440532013000"
UNIONPAY = "6222020200112233446"
CNAPS = "102100099996"


@pytest.mark.parametrize(
    "entered",
    [
        IBAN,
        "DE89 3704 0044 0532 0130 00",
        "de89-3704-0044-0532-0130-00",
        "  ＤＥ89３７０400440532013000 ",
        "DE89\u00a0370400440532013000",
    ],
)
def test_an_iban_is_brought_into_one_form(entered: str) -> None:
    assert bank_account(entered, "Erika Mustermann").account == IBAN


@pytest.mark.parametrize(
    "iban",
    [
        "GB29NWBK60161331926819",
        "FR1420041010050500013M02606",
        "NL91ABNA0417164300",
        "NO9386011117947",
        "CH9300762011623852957",
        "SA0380000000608010167519",
        "MT84MALT011000012345MTLCAST001S",
        "BR1800360305000010009795493C1",
    ],
)
def test_the_registrys_own_examples_pass(iban: str) -> None:
    entered = bank_account(iban, "Somebody")
    assert (entered.account, entered.is_iban, entered.bank) == (iban, True, "")


@pytest.mark.parametrize("position", range(2, len(IBAN)))
def test_one_wrong_digit_of_an_iban_is_found(position: int) -> None:
    wrong = IBAN[:position] + str((int(IBAN[position]) + 1) % 10) + IBAN[position + 1 :]
    with pytest.raises(AccountRefusedError) as refused:
        bank_account(wrong, "Erika Mustermann")
    assert refused.value.code is AccountProblem.IBAN_CHECK_DIGITS


REFUSED = [
    ("", "", AccountProblem.ACCOUNT_MISSING, AccountField.ACCOUNT),
    (" - ", "", AccountProblem.ACCOUNT_MISSING, AccountField.ACCOUNT),
    ("DE89/3704", "", AccountProblem.ACCOUNT_CHARACTERS, AccountField.ACCOUNT),
    ("D889370400440532013000", "", AccountProblem.ACCOUNT_CHARACTERS, AccountField.ACCOUNT),
    ("账号6222020200112233445", "", AccountProblem.ACCOUNT_CHARACTERS, AccountField.ACCOUNT),
    ("XX89370400440532013000", "", AccountProblem.IBAN_COUNTRY, AccountField.ACCOUNT),
    ("CN89370400440532013000", "", AccountProblem.IBAN_COUNTRY, AccountField.ACCOUNT),
    (IBAN[:-1], "", AccountProblem.IBAN_LENGTH, AccountField.ACCOUNT),
    (f"{IBAN}0", "", AccountProblem.IBAN_LENGTH, AccountField.ACCOUNT),
    ("DE8937040044053201300O", "", AccountProblem.IBAN_FORMAT, AccountField.ACCOUNT),
    ("DE", "", AccountProblem.IBAN_FORMAT, AccountField.ACCOUNT),
    ("DE98370400440532013000", "", AccountProblem.IBAN_CHECK_DIGITS, AccountField.ACCOUNT),
    (IBAN, "COBA", AccountProblem.BIC_FORMAT, AccountField.BANK),
    (IBAN, "COBAXXFF", AccountProblem.BIC_FORMAT, AccountField.BANK),
    ("12345678901", CNAPS, AccountProblem.NUMBER_LENGTH, AccountField.ACCOUNT),
    ("1" * 20, CNAPS, AccountProblem.NUMBER_LENGTH, AccountField.ACCOUNT),
    ("12345678901A", CNAPS, AccountProblem.ACCOUNT_CHARACTERS, AccountField.ACCOUNT),
    ("6222020200112233441", "", AccountProblem.UNIONPAY_CHECK_DIGIT, AccountField.ACCOUNT),
    ("4242424242424242", CNAPS, AccountProblem.CARD_NOT_TAKEN, AccountField.ACCOUNT),
    ("5555 5555 5555 4444", CNAPS, AccountProblem.CARD_NOT_TAKEN, AccountField.ACCOUNT),
    ("378282246310005", CNAPS, AccountProblem.CARD_NOT_TAKEN, AccountField.ACCOUNT),
    ("102100099996123", "", AccountProblem.CNAPS_MISSING, AccountField.BANK),
    ("102100099996123", "10210009999", AccountProblem.CNAPS_FORMAT, AccountField.BANK),
    ("102100099996123", "ICBKCNBJ", AccountProblem.CNAPS_FORMAT, AccountField.BANK),
]


@pytest.mark.parametrize(("account", "bank", "code", "field"), REFUSED)
def test_what_cannot_be_an_account_is_refused_by_field_and_code(
    account: str, bank: str, code: AccountProblem, field: AccountField
) -> None:
    with pytest.raises(AccountRefusedError) as refused:
        bank_account(account, "Erika Mustermann", bank)
    error = refused.value
    assert (error.code, error.field, error.key) == (code, field, f"account.{code}")


@pytest.mark.parametrize(("account", "bank", "code", "field"), REFUSED)
def test_a_refusal_has_whole_sentences_in_both_languages_and_repeats_nothing_entered(
    account: str, bank: str, code: AccountProblem, field: AccountField
) -> None:
    with pytest.raises(AccountRefusedError) as refused:
        bank_account(account, "Erika Mustermann", bank)
    assert refused.value.sentence(Language.ZH_CN).endswith("。")
    english = refused.value.sentence(Language.EN)
    assert english == str(refused.value)
    assert english.endswith(".")
    assert "{" not in english
    assert not [part for part in (account, bank) if len(part) > 4 and part in english], (code, field)


def test_every_problem_has_a_sentence_in_every_language() -> None:
    assert {language: set(sentences) for language, sentences in SENTENCES.items()} == {
        language: set(AccountProblem) for language in Language
    }


def test_the_length_that_is_wanted_is_named() -> None:
    with pytest.raises(AccountRefusedError, match="DE has 22 characters; this one has 21"):
        bank_account(IBAN[:-1], "Erika Mustermann")


def test_a_unionpay_card_needs_no_banks_code_and_may_have_one() -> None:
    assert bank_account(UNIONPAY, "王小明").bank == ""
    assert bank_account(f"{UNIONPAY[:4]} {UNIONPAY[4:]}", "王小明", CNAPS).account == UNIONPAY


def test_another_chinese_account_comes_with_its_banks_code() -> None:
    entered = bank_account("1021 0009 9996 123", "王小明", "1021 0009 9996")
    assert (entered.account, entered.bank, entered.is_iban) == ("102100099996123", CNAPS, False)


def test_a_bic_is_brought_into_capitals() -> None:
    assert bank_account(IBAN, "Erika Mustermann", " cobadeffxxx ").bank == "COBADEFFXXX"


@pytest.mark.parametrize("holder", ["", "  ", "12345", "·", "？"])
def test_an_account_has_a_holder(holder: str) -> None:
    for check, account in ((bank_account, IBAN), (alipay_login, "13800138000")):
        with pytest.raises(AccountRefusedError) as refused:
            check(account, holder)
        assert (refused.value.code, refused.value.field) == (AccountProblem.HOLDER_MISSING, AccountField.HOLDER)


def test_a_holders_name_keeps_its_letters_and_loses_its_blanks() -> None:
    assert bank_account(IBAN, "  Zoë   D\u2019Arc\n").holder == "Zoë D\u2019Arc"
    assert bank_account(UNIONPAY, "买买提·吐尔逊").holder == "买买提·吐尔逊"
    with pytest.raises(AccountRefusedError, match="70 characters"):
        bank_account(IBAN, "x" * 71)


@pytest.mark.parametrize(
    ("entered", "login"),
    [
        ("anna@example.com", "anna@example.com"),
        (" Anna.B@mail.example.cn ", "Anna.B@mail.example.cn"),
        ("13800138000", "13800138000"),
        ("+86 138 0013 8000", "13800138000"),
        ("138-0013-8000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("852-91234567", "852-91234567"),
        ("+852 9123 4567", "852-91234567"),
    ],
)
def test_an_alipay_account_is_a_mail_address_or_a_phone(entered: str, login: str) -> None:
    assert alipay_login(entered, "王小明").account == login


@pytest.mark.parametrize(
    "entered",
    [
        "anna",
        "anna@",
        "@example.com",
        "anna@example",
        "a b@example.com",
        "1380013800",
        "12800138000",
        "x" * 99 + "@a.cn",
    ],
)
def test_what_is_neither_is_refused(entered: str) -> None:
    with pytest.raises(AccountRefusedError) as refused:
        alipay_login(entered, "王小明")
    assert refused.value.code is AccountProblem.LOGIN_FORMAT
    assert entered not in str(refused.value)


def test_an_empty_login_is_missing() -> None:
    with pytest.raises(AccountRefusedError, match="mail address or phone"):
        alipay_login("  ", "王小明")


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        (IBAN, "DE•• •••• 3000"),
        (UNIONPAY, "•••• 3446"),
        ("13800138000", "•••• 8000"),
        ("852-91234567", "•••• 4567"),
        ("anna@example.com", "a•••@example.com"),
        ("@example.com", "•••@example.com"),
        ("1234567", "••••"),
        ("", "••••"),
    ],
)
def test_what_may_be_shown_of_an_account(account: str, shown: str) -> None:
    assert masked(account) == shown


@given(st.text(alphabet=string.ascii_uppercase + string.digits, min_size=8, max_size=34))
def test_a_mask_never_shows_more_than_six_characters(account: str) -> None:
    shown = [sign for sign in masked(account) if sign not in "• "]
    assert len(shown) <= 6


def test_an_account_is_not_printed_by_chance() -> None:
    entered = bank_account(IBAN, "Erika Mustermann")
    assert "3000" not in repr(entered)
    assert "Erika" not in repr(entered)
    assert entered.masked == "DE•• •••• 3000"


@given(st.text(max_size=60), st.text(max_size=20))
def test_whatever_is_entered_is_an_account_or_a_refusal(account: str, bank: str) -> None:
    with suppress(AccountRefusedError):
        assert bank_account(account, "Somebody", bank).account.isalnum()
