"""What is wrong with an account that a customer entered, in both languages (P3.2).

No sentence repeats the account: it may be shown in a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from aftersales.contract.values import Language


class AccountProblem(StrEnum):
    """What is wrong; stable, so that pages can have words of their own for it."""

    ACCOUNT_MISSING = "account_missing"
    ACCOUNT_CHARACTERS = "account_characters"
    IBAN_COUNTRY = "iban_country"
    IBAN_LENGTH = "iban_length"
    IBAN_FORMAT = "iban_format"
    IBAN_CHECK_DIGITS = "iban_check_digits"
    NUMBER_LENGTH = "number_length"
    UNIONPAY_CHECK_DIGIT = "unionpay_check_digit"
    CARD_NOT_TAKEN = "card_not_taken"
    BIC_FORMAT = "bic_format"
    CNAPS_MISSING = "cnaps_missing"
    CNAPS_FORMAT = "cnaps_format"
    HOLDER_MISSING = "holder_missing"
    HOLDER_LENGTH = "holder_length"
    LOGIN_MISSING = "login_missing"
    LOGIN_FORMAT = "login_format"


_EN: Final = {
    AccountProblem.ACCOUNT_MISSING: "Enter the account's number or its IBAN.",
    AccountProblem.ACCOUNT_CHARACTERS: "An account's number has digits only, an IBAN letters and digits.",
    AccountProblem.IBAN_COUNTRY: "{country} is no country with IBANs; check the first two letters.",
    AccountProblem.IBAN_LENGTH: "An IBAN of {country} has {wanted} characters; this one has {given}.",
    AccountProblem.IBAN_FORMAT: "This is not how an IBAN of {country} is built; check for letters in place of digits.",
    AccountProblem.IBAN_CHECK_DIGITS: "The IBAN's check digits do not fit: a character is wrong or two are swapped.",
    AccountProblem.NUMBER_LENGTH: "A bank account's number has {least} to {most} digits; this one has {given}.",
    AccountProblem.UNIONPAY_CHECK_DIGIT: (
        "The UnionPay card's number does not check: a digit is wrong or two are swapped."
    ),
    AccountProblem.CARD_NOT_TAKEN: (
        "This is the number of a credit card, which cannot be paid to. Enter a bank account, an IBAN or a UnionPay "
        "card."
    ),
    AccountProblem.BIC_FORMAT: "A BIC has 8 or 11 characters, such as COBADEFF; leave it empty if you are not sure.",
    AccountProblem.CNAPS_MISSING: (
        "Enter the bank's CNAPS code of 12 digits; only a UnionPay card's number does without it."
    ),
    AccountProblem.CNAPS_FORMAT: "A bank's CNAPS code has 12 digits.",
    AccountProblem.HOLDER_MISSING: "Enter the name of the account's holder as the bank has it.",
    AccountProblem.HOLDER_LENGTH: "The holder's name has {most} characters at most.",
    AccountProblem.LOGIN_MISSING: "Enter the mail address or phone number of the Alipay account.",
    AccountProblem.LOGIN_FORMAT: (
        "This is neither a mail address nor a phone number; outside the mainland write it as 852-91234567."
    ),
}
_ZH: Final = {
    AccountProblem.ACCOUNT_MISSING: "请填写银行账号或 IBAN。",
    AccountProblem.ACCOUNT_CHARACTERS: "银行账号只能含数字，IBAN 只能含字母和数字。",
    AccountProblem.IBAN_COUNTRY: "{country} 不是使用 IBAN 的国家或地区，请检查开头两个字母。",
    AccountProblem.IBAN_LENGTH: "{country} 的 IBAN 应为 {wanted} 位，您填写了 {given} 位。",
    AccountProblem.IBAN_FORMAT: "不符合 {country} 的 IBAN 格式，请检查是否把数字写成了字母。",
    AccountProblem.IBAN_CHECK_DIGITS: "IBAN 校验位不符，请检查是否有写错或颠倒的字符。",
    AccountProblem.NUMBER_LENGTH: "银行账号应为 {least} 至 {most} 位数字，您填写了 {given} 位。",
    AccountProblem.UNIONPAY_CHECK_DIGIT: "银联卡号校验不通过，请检查是否有写错或颠倒的数字。",
    AccountProblem.CARD_NOT_TAKEN: "这是信用卡卡号，不能用于收款。请填写银行账号、IBAN 或银联卡号。",
    AccountProblem.BIC_FORMAT: "BIC 应为 8 位或 11 位，例如 COBADEFF；不确定时请留空。",
    AccountProblem.CNAPS_MISSING: "请填写开户行的 12 位联行号；只有银联卡号可以不填。",
    AccountProblem.CNAPS_FORMAT: "联行号应为 12 位数字。",
    AccountProblem.HOLDER_MISSING: "请填写开户人姓名，须与银行记录一致。",
    AccountProblem.HOLDER_LENGTH: "开户人姓名最多 {most} 个字符。",
    AccountProblem.LOGIN_MISSING: "请填写支付宝账号（邮箱或手机号）。",
    AccountProblem.LOGIN_FORMAT: "支付宝账号应为邮箱或手机号；非中国内地手机号请写成 852-91234567 的形式。",
}
SENTENCES: Final[Mapping[Language, Mapping[AccountProblem, str]]] = MappingProxyType(
    {Language.EN: MappingProxyType(_EN), Language.ZH_CN: MappingProxyType(_ZH)}
)
