"""Whatever comes in from outside: it is read for what it is, or refused in the one way that there is."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.types import OutcomeKind
from integrations.hearing import WebhookRefusedError
from integrations.wechat import WeChatWebhooks
from integrations.wechat.bill import lines_of_bill
from integrations.wechat.outcomes import outcome_of_answer
from integrations.wechat.wire import Answer
from sandbox.wechat.bill import bill_of
from sandbox.wechat.objects import Refund, Status
from tests.integrations.wechat.servers import LEG_NUMBER, leg_row

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = generate_private_key(public_exponent=65537, key_size=2048)
APIV3_KEY = b"0123456789abcdef0123456789abcdef"
READER = WeChatWebhooks({"PUB_KEY_ID_1": KEY.public_key()}, [APIV3_KEY])

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
FIELDS = st.sampled_from(
    [
        *("id", "event_type", "resource", "algorithm", "ciphertext", "nonce", "associated_data", "original_type"),
        *("refund_id", "out_refund_no", "status", "refund_status", "amount", "refund", "currency", "code", "message"),
    ]
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=6))
HEADERS = ("wechatpay-timestamp", "wechatpay-nonce", "wechatpay-serial", "wechatpay-signature")


def signed(body: bytes) -> dict[str, str]:
    """The headers of a genuine delivery of this body."""
    stamp = str(int(NOW.timestamp()))
    signature = KEY.sign(f"{stamp}\nn\n".encode() + body + b"\n", PKCS1v15(), SHA256())
    return dict(zip(HEADERS, (stamp, "n", "PUB_KEY_ID_1", base64.b64encode(signature).decode()), strict=True))


@given(st.binary(), st.dictionaries(st.sampled_from(HEADERS), st.text()))
def test_no_headers_make_a_stranger_believed(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(WebhookRefusedError):
        READER.read(body, headers, NOW)


@settings(deadline=None)
@given(JSON)
def test_a_signed_body_of_any_shape_is_refused_as_no_callback(said: object) -> None:
    body = json.dumps(said).encode()
    with pytest.raises(WebhookRefusedError):
        READER.read(body, signed(body), NOW)


@settings(deadline=None)
@given(JSON)
def test_what_a_genuine_callback_seals_is_read_or_refused(said: object) -> None:
    nonce, content = "0123456789ab", json.dumps(said).encode()
    resource = {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "ciphertext": base64.b64encode(AESGCM(APIV3_KEY).encrypt(nonce.encode(), content, b"")).decode(),
        "original_type": "refund",
    }
    body = json.dumps({"id": "EV-1", "event_type": "REFUND.SUCCESS", "resource": resource}).encode()
    try:
        event = READER.read(body, signed(body), NOW)
    except WebhookRefusedError:
        return
    assert (event.event_id, len(event.provider_number) <= 64, len(event.object_id) <= 255) == ("EV-1", True, True)


@given(JSON, st.integers(min_value=100, max_value=599))
def test_only_a_whole_refund_of_ours_is_ever_a_success(said: object, status: int) -> None:
    outcome = outcome_of_answer(Answer(status, json.dumps(said)), leg_row(), spacing_s=60)
    assert outcome.kind not in (OutcomeKind.SUCCEEDED, OutcomeKind.PENDING, OutcomeKind.REVERSED)
    if not 400 <= status < 500:
        assert outcome.kind is OutcomeKind.UNKNOWN


@given(st.binary(max_size=40), st.integers(min_value=100, max_value=599))
def test_bytes_that_are_no_json_are_unknown(body: bytes, status: int) -> None:
    outcome = outcome_of_answer(Answer(status, b"<" + body), leg_row(), spacing_s=60)
    assert outcome.kind is OutcomeKind.UNKNOWN


@given(
    st.lists(
        st.tuples(
            st.integers(min_value=1, max_value=99_999_999_999),
            st.sampled_from(Status),
            st.integers(min_value=1_600_000_000, max_value=2_000_000_000),
        ),
        max_size=20,
    )
)
def test_a_bill_is_read_back_to_the_fen_whatever_its_amounts(rows: list[tuple[int, Status, int]]) -> None:
    refunds = [
        Refund(
            refund_id=f"503{place}",
            out_refund_no=f"{LEG_NUMBER}-{place}",
            transaction_id="42",
            out_trade_no="SO-1",
            refund_minor=minor,
            total_minor=minor,
            created=created,
            status=status,
        )
        for place, (minor, status, created) in enumerate(rows)
    ]
    moved = [each for each in refunds if each.status in (Status.SUCCESS, Status.PROCESSING)]
    lines = lines_of_bill(bill_of(refunds, "1900000109"), "wechat")
    assert [(line.provider_number, line.amount.minor) for line in lines] == [
        (each.out_refund_no, each.refund_minor) for each in moved
    ]
    assert [line.booked_at.timestamp() for line in lines] == [each.created for each in moved]


@given(st.text())
def test_a_text_that_is_no_bill_is_named_as_one(text: str) -> None:
    with pytest.raises(ValueError, match="WeChat Pay's refund bill"):
        lines_of_bill(text, "wechat")
