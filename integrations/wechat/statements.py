"""WeChat Pay's own record of a day: asks for the refund bill, downloads it, checks its digest, reads it."""

from __future__ import annotations

import hashlib
import zlib
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Final, Literal

from pydantic import ValidationError

from activities.ports import Clock, StatementLine, StatementNotReadyError
from aftersales.contract.values import Frozen
from integrations.wechat.bill import BEIJING, lines_of_bill
from integrations.wechat.outcomes import refusal_of
from integrations.wechat.wire import Answer, Ask, NoAnswerError, NotSentError, WeChatAccount, WeChatWire

READY_HOUR: Final = 10  # "每日10点后生成昨日交易账单", Beijing time
MOST_BYTES: Final = 256_000_000
_GZIP: Final = 16 + zlib.MAX_WBITS
_LATER: Final = ("STATEMENT_CREATING", "FREQUENCY_LIMITED", "SYSTEM_ERROR")


class _Bill(Frozen):
    hash_type: Literal["SHA1"]
    hash_value: str
    download_url: str


class WeChatStatements:
    """Implements `activities.ports.Statements`; days are Beijing's. A refund is in the bill of the day on which it was
    accepted, with the state that it had the morning after."""

    provider: str = "wechat"

    def __init__(self, account: WeChatAccount, clock: Clock) -> None:
        self._account = account
        self._clock = clock

    async def of(self, day: date) -> tuple[StatementLine, ...]:
        """All refunds accepted on a day. Raises StatementNotReadyError; ValueError for what cannot be read."""
        wire = WeChatWire(self._account)  # a bill a day is no reason to keep connections
        try:
            return await self._fetch(wire, day)
        finally:
            await wire.close()

    async def _fetch(self, wire: WeChatWire, day: date) -> tuple[StatementLine, ...]:
        answer = await self._ask(
            wire, lambda sdk: sdk.trade_bill(day.isoformat(), bill_type="REFUND", tar_type="GZIP"), day
        )
        if answer is None:
            return ()
        bill = _bill_of(answer)
        if not bill.download_url.startswith(f"{wire.api_base}/"):
            raise ValueError(
                f"WeChat Pay names {bill.download_url.partition('?')[0]} for its bill, which is not below "
                f"{wire.api_base}; nothing is fetched from there."
            )
        packed = await self._ask(wire, lambda sdk: sdk.download_bill(bill.download_url), day)
        return lines_of_bill(_text_of(packed, bill.hash_value), self.provider)

    async def _ask(self, wire: WeChatWire, call: Ask, day: date) -> Answer | None:
        """The answer; None if WeChat Pay has nothing of a day that is past."""
        try:
            answer = await wire.ask(call)
        except (NotSentError, NoAnswerError) as error:
            raise StatementNotReadyError(f"{error} Ask for the bill of {day} again later.") from error
        if answer.status == HTTPStatus.OK:
            return answer
        refusal = refusal_of(answer)
        code = refusal.code if refusal else f"http_{answer.status}"
        ready_at = datetime.combine(day, time(READY_HOUR), BEIJING) + timedelta(days=1)
        is_past = self._clock.now() >= ready_at
        if code == "NO_STATEMENT_EXIST" and is_past:
            return None
        if not is_past or code in _LATER or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            when = "in an hour" if is_past else f"after {ready_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            raise StatementNotReadyError(f"WeChat Pay has no bill of {day} yet ({code}); ask again {when}.")
        raise ValueError(
            f"WeChat Pay refuses the bill of {day} with {code}; check the merchant's keys and permissions at "
            "https://pay.weixin.qq.com, and that the day is within the last three months."
        )


def _bill_of(answer: Answer) -> _Bill:
    try:
        return _Bill.model_validate_json(answer.body)
    except ValidationError as error:
        raise ValueError("WeChat Pay's answer does not say where its bill is; fetch it again.") from error


def _text_of(packed: Answer | None, digest: str) -> str:
    content = packed.body if packed else b""
    try:
        unpacked = zlib.decompressobj(_GZIP).decompress(
            content.encode() if isinstance(content, str) else content, MOST_BYTES
        )
    except zlib.error as error:
        raise ValueError("WeChat Pay's bill cannot be unpacked; fetch it again.") from error
    # The download itself carries no signature: the digest in the signed answer before it is what vouches for it.
    if hashlib.sha1(unpacked, usedforsecurity=False).hexdigest() != digest.lower():
        raise ValueError("WeChat Pay's bill has another digest than was announced; fetch it again.")
    return unpacked.decode()
