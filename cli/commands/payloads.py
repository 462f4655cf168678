"""What providers sent, fit to be shown: only what is known to be harmless is read out, everything else is masked."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import parse_qsl

from aftersales.contract.messages import mask_card_numbers

MASK: Final = "•••"

# The names under which the providers put ids, states, amounts and times. A name that is not here may hold anything.
_ENVELOPE: Final = (
    "id object type kind event event_id event_type api_version created create_time created_at livemode summary "
    "resource_type original_type algorithm notify_id notify_type notify_time app_id charset version sign_type msg_id "
    "msg_method utc_timestamp mchid sp_mchid"
)
_MONEY: Final = (
    "amount amount_minor amount_refunded currency refund total payer_total payer_refund total_amount refund_fee "
    "refund_amount send_back_fee trans_amount fund_change balance_transaction"
)
_REFERENCES: Final = (
    "leg charge payment_intent out_trade_no transaction_id out_refund_no refund_id trade_no out_biz_no out_request_no "
    "order_id pay_fund_order_id payout_id end_to_end_id uetr receipt_number"
)
_STATES: Final = (
    "status state previous_status refund_status trade_status reason reason_code failure_code failure_reason biz_scene "
    "action_type product_code success_time gmt_create gmt_payment gmt_refund gmt_close pay_date booked_at value_date "
    "returned_at updated_at at"
)
HARMLESS: Final = frozenset(" ".join((_ENVELOPE, _MONEY, _REFERENCES, _STATES)).split())


def masked(payload: str) -> object:
    """A JSON document or a form, as an object that can be written as JSON; what is neither is masked whole."""
    document = _document(payload)
    if document is None:
        form = dict(parse_qsl(payload))
        return _masked("", form) if form else MASK
    return _masked("", document)


def _document(text: str) -> dict[str, object] | list[object] | None:
    try:
        read = json.loads(text)
    except ValueError:
        return None
    return read if isinstance(read, dict | list) else None


def _masked(name: str, value: object) -> object:
    match value:
        case dict():
            return {str(key): _masked(str(key), each) for key, each in value.items()}
        case list():
            return [_masked(name, each) for each in value]
        case str() if document := _document(value):
            return _masked(name, document)
        case str() if name in HARMLESS:
            return mask_card_numbers(value)
        case _:
            return value if name in HARMLESS or value is None or isinstance(value, bool) else MASK
