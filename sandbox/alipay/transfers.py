"""The rules of transfers to accounts: https://docs.open.alipay.com/api_28/alipay.fund.trans.uni.transfer."""

from dataclasses import replace

from sandbox.alipay.errors import AlipayError
from sandbox.alipay.ledger import AlipayLedger
from sandbox.alipay.messages import Messenger
from sandbox.alipay.objects import (
    CURRENCY,
    PROVIDER,
    Json,
    PayeeState,
    Transfer,
    TransferStatus,
    fen,
    new_number,
    shown_time,
    yuan,
)
from sandbox.alipay.settings import AlipaySettings
from sandbox.books import Books, Execution
from sandbox.clock import SandboxClock
from sandbox.faults import CALLBACK_KINDS, FaultKind

PRODUCT = "TRANS_ACCOUNT_NO_PWD"
SCENE = "DIRECT_TRANSFER"
IDENTITIES = ("ALIPAY_LOGON_ID", "ALIPAY_USER_ID", "ALIPAY_OPEN_ID")
LONGEST_NUMBER = 64
PAYEE_REFUSALS = {
    PayeeState.NOT_EXIST: "PAYEE_NOT_EXIST",
    PayeeState.FROZEN: "PAYEE_ACCOUNT_STATUS_ERROR",
    PayeeState.UNVERIFIED: "PERM_AML_NOT_REALNAME_REV",
    PayeeState.SEVERAL: "PAYEE_ACC_OCUPIED",
}


class Transfers:
    """Transfers; every method that changes anything is to be called inside one transaction of the store."""

    def __init__(
        self, settings: AlipaySettings, ledger: AlipayLedger, books: Books, clock: SandboxClock, messenger: Messenger
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._books = books
        self._clock = clock
        self._messenger = messenger

    def create(self, content: Json, kinds: frozenset[FaultKind], notify_url: str | None) -> Json:
        """Transfer, or answer again for a number that is known; raises ``AlipayError``."""
        asked = self._asked(content, kinds, notify_url)
        known = self._ledger.transfer(asked.out_biz_no)
        if known is not None:
            return _answer(self._same(known, asked))
        self._refuse(asked)
        self._ledger.add_transfer(asked)
        self._books.record(
            Execution(
                provider=PROVIDER,
                refund=asked.order_id,
                leg=asked.out_biz_no,
                payment=asked.out_biz_no,
                amount_minor=asked.amount_minor,
                currency=CURRENCY,
                executed_at=asked.at,
            )
        )
        if asked.status is TransferStatus.SUCCESS:
            self._messenger.transfer_changed(asked)
        return _answer(asked)

    def _asked(self, content: Json, kinds: frozenset[FaultKind], notify_url: str | None) -> Transfer:
        payee = content.get("payee_info")
        number, amount_minor = str(content.get("out_biz_no") or ""), fen(content.get("trans_amount"))
        right = (content.get("product_code"), content.get("biz_scene")) == (PRODUCT, SCENE)
        if not isinstance(payee, dict) or amount_minor is None or not right or not 0 < len(number) <= LONGEST_NUMBER:
            raise AlipayError("INVALID_PARAMETER")
        by_login = payee.get("identity_type") == IDENTITIES[0]
        if payee.get("identity_type") not in IDENTITIES or (by_login and not payee.get("name")):
            raise AlipayError("INVALID_PARAMETER")
        now = self._clock.now()
        later = bool(kinds & {FaultKind.PENDING, FaultKind.REQUIRES_ACTION})
        return Transfer(
            out_biz_no=number,
            order_id=new_number(now),
            fund_order_id=new_number(now),
            amount_minor=amount_minor,
            identity=str(payee.get("identity")),
            name=str(payee.get("name") or ""),
            status=TransferStatus.DEALING if later else TransferStatus.SUCCESS,
            error_code="",
            at=now,
            ended_at=now,
            notify_url=notify_url,
            callbacks=" ".join(sorted(kinds & CALLBACK_KINDS)),
        )

    def _same(self, known: Transfer, asked: Transfer) -> Transfer:
        if (known.amount_minor, known.identity, known.name) != (asked.amount_minor, asked.identity, asked.name):
            raise AlipayError("PAYMENT_INFO_INCONSISTENCY")
        return known

    def _refuse(self, asked: Transfer) -> None:
        if asked.amount_minor < self._settings.transfer_least:
            raise AlipayError("EXCEED_LIMIT_SM_MIN_AMOUNT")
        if asked.amount_minor > self._settings.transfer_most:
            raise AlipayError("EXCEED_LIMIT_PERSONAL_SM_AMOUNT")
        name, state = self._ledger.payee(asked.identity)
        if state is not PayeeState.OPEN:
            raise AlipayError(PAYEE_REFUSALS[state])
        if name and asked.name and name != asked.name:
            raise AlipayError("PAYEE_USER_INFO_ERROR")
        if not self._books.covers(PROVIDER, CURRENCY, asked.amount_minor):
            raise AlipayError("PAYER_BALANCE_NOT_ENOUGH")

    def query(self, content: Json) -> Json:
        """The transfer; raises ``AlipayError`` for one that does not exist."""
        number, order_id = str(content.get("out_biz_no") or ""), str(content.get("order_id") or "")
        scene = (content.get("product_code"), content.get("biz_scene"))
        if not (order_id or (number and scene == (PRODUCT, SCENE))):
            raise AlipayError("INVALID_PARAMETER")
        transfer = self._ledger.transfer(number, order_id)
        if transfer is None:
            raise AlipayError("ORDER_NOT_EXIST")
        shown = _answer(transfer) | {
            "trans_amount": yuan(transfer.amount_minor),
            "pay_date": shown_time(transfer.at),
            "order_fee": "0.00",
        }
        if transfer.error_code:
            shown |= {"error_code": transfer.error_code, "fail_reason": transfer.error_code}
        return shown

    def end(self, transfer: Transfer, status: TransferStatus, error_code: str) -> Transfer:
        """Finish a transfer under way, or give a finished one back; what fails or returns is booked back."""
        ended = replace(transfer, status=status, error_code=error_code, ended_at=self._clock.now())
        self._ledger.change_transfer(ended)
        if status in (TransferStatus.FAIL, TransferStatus.REFUND):
            self._books.undo(PROVIDER, transfer.order_id, CURRENCY, transfer.amount_minor)
        self._messenger.transfer_changed(ended)
        return ended


def _answer(transfer: Transfer) -> Json:
    return {
        "out_biz_no": transfer.out_biz_no,
        "order_id": transfer.order_id,
        "pay_fund_order_id": transfer.fund_order_id,
        "status": transfer.status,
        "trans_date": shown_time(transfer.at),
    }
