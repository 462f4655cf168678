"""What we read of Alipay's answers, and no more; what is not of this shape decides nothing.

Amounts are yuan with at most two decimals, as text or as a number, which the gateway's reader keeps as text.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aftersales.contract.values import Money
from domain.errors import MoneyError
from domain.money import parse_amount

CURRENCY = "CNY"


def read_yuan(text: str) -> Money:
    """`12.3` as 1230 fen. Raises ValueError."""
    try:
        return parse_amount(text, CURRENCY)
    except MoneyError as error:
        raise ValueError(str(error)) from error


def _amount(text: str) -> str:
    read_yuan(text)
    return text


Yuan = Annotated[str, AfterValidator(_amount)]


class _Seen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class RefundAnswer(_Seen):
    """The answer to an order to refund; `fund_change`: Y if this very call moved money."""

    trade_no: str = ""
    fund_change: str = ""
    buyer_logon_id: str = ""

    @property
    def payer(self) -> str:
        """Whom the money went back to, as Alipay masks them; a login that is whole is shown to nobody."""
        return self.buyer_logon_id if "*" in self.buyer_logon_id else ""


class DepositBack(_Seen):
    """What the buyer's bank did with money for a card: P under way, S taken, F refused."""

    dback_status: str = ""


class SeenRefund(_Seen):
    """A look at a refund. One that was not executed has none of these fields."""

    trade_no: str = ""
    out_request_no: str = ""
    refund_status: str = ""
    refund_amount: Yuan | None = None
    gmt_refund_pay: str = ""
    deposit_back_info: DepositBack = DepositBack()

    @property
    def is_absent(self) -> bool:
        """Nothing at all is said of a refund."""
        return not (self.refund_status or self.refund_amount or self.gmt_refund_pay)


class TransferStatus(StrEnum):
    """`REFUND`: it had succeeded, and the money came back."""

    SUCCESS = "SUCCESS"
    DEALING = "DEALING"
    FAIL = "FAIL"
    REFUND = "REFUND"


class SeenTransfer(_Seen):
    """A transfer, as ordered or as looked at; `trans_amount` is in looks only, `error_code` in failures."""

    out_biz_no: str = ""
    order_id: Annotated[str, Field(min_length=1)]
    pay_fund_order_id: str = ""
    status: str
    trans_amount: Yuan | None = None
    error_code: str = ""
