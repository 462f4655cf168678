"""Every refusal that Alipay's reference names, by its code and never by its text."""

from __future__ import annotations

import pytest

from activities.types import OutcomeKind
from integrations.alipay import AlipayPayments
from integrations.alipay.outcomes import TABLE
from tests.integrations.alipay.script import PAYEE, Script, leg_row, payout_row, refusal

HERE, ELSEWHERE = False, True
REFUNDS = [
    ("ACQ.SYSTEM_ERROR", OutcomeKind.UNKNOWN, HERE),
    ("ACQ.REFUND_CHARGE_ERROR", OutcomeKind.UNKNOWN, HERE),
    ("ACQ.ENTERPRISE_PAY_BIZ_ERROR", OutcomeKind.UNKNOWN, HERE),
    ("ACQ.DISCORDANT_REPEAT_REQUEST", OutcomeKind.CONFLICT, HERE),
    ("ACQ.SELLER_BALANCE_NOT_ENOUGH", OutcomeKind.NEEDS_MERCHANT, HERE),
    ("ACQ.REFUND_ACCOUNT_NOT_EXIST", OutcomeKind.NEEDS_MERCHANT, HERE),
    ("ACQ.OVERDRAFT_AGREEMENT_NOT_MATCH", OutcomeKind.NEEDS_MERCHANT, HERE),
    ("ACQ.OVERDRAFT_ASSIGN_ACCOUNT_INVALID", OutcomeKind.NEEDS_MERCHANT, HERE),
    ("ACQ.REASON_TRADE_BEEN_FREEZEN", OutcomeKind.NEEDS_MERCHANT, HERE),
    ("ACQ.REFUNDALLOC_UNAUTH_LIMIT", OutcomeKind.NEEDS_MERCHANT, HERE),
    ("ACQ.REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST", OutcomeKind.NEEDS_MERCHANT, HERE),
    ("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR", OutcomeKind.NEEDS_MERCHANT, HERE),
    ("ACQ.TRADE_SETTLE_ERROR", OutcomeKind.NEEDS_MERCHANT, HERE),
    ("ACQ.USER_NOT_MATCH_ERR", OutcomeKind.NEEDS_MERCHANT, HERE),
    ("ACQ.ACCESS_FORBIDDEN", OutcomeKind.NEEDS_MERCHANT, HERE),
    ("ACQ.BUYER_NOT_EXIST", OutcomeKind.NEEDS_PAYEE, ELSEWHERE),
    ("ACQ.BUYER_ERROR", OutcomeKind.NEEDS_PAYEE, ELSEWHERE),
    ("ACQ.BUYER_ENABLE_STATUS_FORBID", OutcomeKind.NEEDS_PAYEE, ELSEWHERE),
    ("ACQ.CUSTOMER_VALIDATE_ERROR", OutcomeKind.NEEDS_PAYEE, ELSEWHERE),
    ("ACQ.TRADE_HAS_FINISHED", OutcomeKind.REJECTED, ELSEWHERE),
    ("ACQ.TRADE_NOT_ALLOW_REFUND", OutcomeKind.REJECTED, ELSEWHERE),
    ("ACQ.NOT_ALLOW_PARTIAL_REFUND", OutcomeKind.REJECTED, ELSEWHERE),
    ("ACQ.ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND", OutcomeKind.REJECTED, ELSEWHERE),
    ("ACQ.TRADE_HAS_CLOSE", OutcomeKind.REJECTED, HERE),
    ("ACQ.TRADE_STATUS_ERROR", OutcomeKind.REJECTED, HERE),
    ("ACQ.REASON_TRADE_STATUS_INVALID", OutcomeKind.REJECTED, HERE),
    ("ACQ.TRADE_NOT_EXIST", OutcomeKind.REJECTED, HERE),
    ("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", OutcomeKind.REJECTED, HERE),
    ("ACQ.REASON_TRADE_REFUND_FEE_ERR", OutcomeKind.REJECTED, HERE),
    ("ACQ.REFUND_FEE_ERROR", OutcomeKind.REJECTED, HERE),
    ("ACQ.CURRENCY_NOT_SUPPORT", OutcomeKind.REJECTED, HERE),
    ("ACQ.INVALID_PARAMETER", OutcomeKind.REJECTED, HERE),
]
TRANSFERS = [
    ("SYSTEM_ERROR", OutcomeKind.UNKNOWN, HERE),
    ("REQUEST_PROCESSING", OutcomeKind.UNKNOWN, HERE),
    ("RESOURCE_LIMIT_EXCEED", OutcomeKind.RETRY_SAME, HERE),
    ("PAYMENT_INFO_INCONSISTENCY", OutcomeKind.CONFLICT, HERE),
    ("INVALID_PARAMETER", OutcomeKind.REJECTED, HERE),
    *(
        (code, OutcomeKind.NEEDS_MERCHANT, HERE)
        for code in (
            *("PAYER_BALANCE_NOT_ENOUGH", "BALANCE_IS_NOT_ENOUGH", "PAYMENT_MONEY_NOT_ENOUGH", "PAYER_STATUS_ERROR"),
            *("PAYER_NOT_EXIST", "PAYER_USER_INFO_ERROR", "PAYER_CERTIFY_CHECK_FAIL", "PAYER_PERMLIMIT_CHECK_FAILURE"),
            *("PAYER_DATA_INCOMPLETE", "PAYER_CERT_EXPIRED", "INVALID_PAYER_ACCOUNT", "PAYCARD_UNABLE_PAYMENT"),
            *("PERMIT_CHECK_PERM_LIMITED", "PERMIT_CHECK_PERM_IDENTITY_THEFT", "PERMIT_PAYER_FORBIDDEN"),
            *("PERMIT_PAYER_LOWEST_FORBIDDEN", "CERT_MISS_TRANS_LIMIT", "CERT_MISS_ACC_LIMIT"),
            *("EXCEED_LIMIT_DM_AMOUNT", "EXCEED_LIMIT_DM_MAX_AMOUNT", "EXCEED_LIMIT_MM_AMOUNT"),
            *("NO_ACCOUNT_PAYMENT_PERMISSION", "NO_PERMISSION_ACCOUNT", "PRODUCT_NOT_SIGN", "SECURITY_CHECK_FAILED"),
            *("REMARK_HAS_SENSITIVE_WORD", "MEMO_REQUIRED_IN_TRANSFER_ERROR"),
        )
    ),
    *(
        (code, OutcomeKind.NEEDS_PAYEE, ELSEWHERE)
        for code in (
            *("PAYEE_NOT_EXIST", "PAYEE_ACCOUNT_NOT_EXSIT", "PAYEE_USER_INFO_ERROR", "PAYEE_ACC_OCUPIED"),
            *("PAYEE_ACCOUNT_STATUS_ERROR", "PAYEE_USERINFO_STATUS_ERROR", "PAYER_PAYEE_CANNOT_SAME"),
            *("PERM_AML_NOT_REALNAME_REV", "PERMIT_NON_BANK_LIMIT_PAYEE", "NO_ACCOUNT_RECEIVE_PERMISSION"),
            *("EXCEED_LIMIT_UNRN_DM_AMOUNT", "EXCEED_LIMIT_DC_RECEIVED"),
        )
    ),
    *(
        (code, OutcomeKind.REJECTED, ELSEWHERE)
        for code in (
            *("EXCEED_LIMIT_SM_AMOUNT", "EXCEED_LIMIT_SM_MIN_AMOUNT", "EXCEED_LIMIT_PERSONAL_SM_AMOUNT"),
            *("EXCEED_LIMIT_ENT_SM_AMOUNT", "PAYMENT_TIME_EXPIRE"),
        )
    ),
]
GATEWAY = [
    ("20000", "isp.unknow-error", OutcomeKind.UNKNOWN),
    ("20000", "aop.unknow-error", OutcomeKind.UNKNOWN),
    ("20000", "ACQ.TRADE_NOT_EXIST", OutcomeKind.UNKNOWN),
    ("20001", "aop.invalid-auth-token", OutcomeKind.NEEDS_MERCHANT),
    ("40001", "isv.missing-signature", OutcomeKind.NEEDS_MERCHANT),
    ("40002", "isv.invalid-signature", OutcomeKind.NEEDS_MERCHANT),
    ("40003", "", OutcomeKind.NEEDS_MERCHANT),
    ("40005", "isv.app-call-limited", OutcomeKind.RETRY_SAME),
    ("40006", "isv.insufficient-isv-permissions", OutcomeKind.NEEDS_MERCHANT),
    ("40004", "ACQ.A_CODE_OF_TOMORROW", OutcomeKind.UNKNOWN),
    ("40004", "", OutcomeKind.UNKNOWN),
    ("99999", "", OutcomeKind.UNKNOWN),
    ("", "", OutcomeKind.UNKNOWN),
]


@pytest.mark.parametrize(("sub_code", "kind", "elsewhere"), REFUNDS)
async def test_what_the_refusal_of_a_refund_means(
    script: Script, scripted: AlipayPayments, sub_code: str, kind: OutcomeKind, elsewhere: bool
) -> None:
    script.order = refusal(sub_code)
    outcome = await scripted.refund(leg_row())
    assert (outcome.kind, outcome.elsewhere) == (kind, elsewhere)
    assert (outcome.code, outcome.sentence) == (sub_code, "Alipay: as Alipay words it")


@pytest.mark.parametrize(("sub_code", "kind", "elsewhere"), TRANSFERS)
async def test_what_the_refusal_of_a_transfer_means(
    script: Script, scripted: AlipayPayments, sub_code: str, kind: OutcomeKind, elsewhere: bool
) -> None:
    script.order, script.look = refusal(sub_code), refusal("ORDER_NOT_EXIST")
    outcome = await scripted.pay_out(payout_row(), PAYEE)
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (kind, sub_code, elsewhere)


@pytest.mark.parametrize(("code", "sub_code", "kind"), GATEWAY)
async def test_what_the_gateways_own_refusal_means(
    script: Script, scripted: AlipayPayments, code: str, sub_code: str, kind: OutcomeKind
) -> None:
    script.order = refusal(sub_code, code)
    outcome = await scripted.refund(leg_row())
    assert outcome.kind is kind
    assert outcome.code
    assert outcome.retry_after_s == (3 if kind is OutcomeKind.RETRY_SAME else 0)


@pytest.mark.parametrize("prefix", ["", "ACQ.", "aop.ACQ."])
async def test_the_name_of_the_system_before_a_code_changes_nothing(
    script: Script, scripted: AlipayPayments, prefix: str
) -> None:
    script.order = refusal(f"{prefix}SELLER_BALANCE_NOT_ENOUGH")
    assert (await scripted.refund(leg_row())).kind is OutcomeKind.NEEDS_MERCHANT


def test_every_row_of_the_table_has_its_test() -> None:
    business = {sub_code.rpartition(".")[2] for sub_code, *_ in (*REFUNDS, *TRANSFERS)}
    assert business | {code for code, *_ in GATEWAY} >= set(TABLE)


def test_whatever_needs_another_payee_goes_elsewhere() -> None:
    assert all(elsewhere for kind, elsewhere in TABLE.values() if kind is OutcomeKind.NEEDS_PAYEE)


@pytest.mark.parametrize(("sub_code", "kind", "elsewhere"), REFUNDS)
async def test_nothing_is_sent_a_second_time_by_itself(
    script: Script, scripted: AlipayPayments, sub_code: str, kind: OutcomeKind, elsewhere: bool
) -> None:
    del elsewhere
    script.order = refusal(sub_code)
    await scripted.refund(leg_row())
    looked = kind in (OutcomeKind.REJECTED, OutcomeKind.NEEDS_PAYEE)
    look = ["alipay.trade.fastpay.refund.query"] if looked else []
    assert script.methods == ["alipay.trade.refund", *look]
