"""Asking for a day's bill, and downloading it by the address that the answer names."""

import gzip
import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sandbox.clock import SandboxClock
from sandbox.wechat.bill import bill_of
from sandbox.wechat.errors import WeChatError
from sandbox.wechat.ledger import WeChatLedger
from sandbox.wechat.objects import BEIJING, Json
from sandbox.wechat.settings import WeChatSandboxSettings

DOWNLOAD_PATH = "/v3/billdownload/file"
MOST_DAYS_BACK = 92
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Bills:
    """Bills by the provider's calendar, Beijing time; a day's is there from some hour of the next day on."""

    def __init__(self, settings: WeChatSandboxSettings, clock: SandboxClock, ledger: WeChatLedger) -> None:
        self._settings = settings
        self._clock = clock
        self._ledger = ledger

    def ask(self, params: Mapping[str, str], host: str) -> Json:
        """Where a day's refund bill is to be had, with its digest. Raises WeChatError."""
        day = self._day(params.get("bill_date", ""))
        if params.get("bill_type") != "REFUND":
            raise WeChatError("PARAM_ERROR", "本沙箱仅提供 bill_type=REFUND 的账单")
        refunds = [each for each in self._ledger.refunds() if _day_of(each.created) == day]
        ready = datetime(day.year, day.month, day.day, self._settings.bill_hour, tzinfo=BEIJING) + timedelta(days=1)
        if not refunds:
            raise WeChatError("NO_STATEMENT_EXIST", "账单文件不存在")
        if self._clock.now() < ready.timestamp():
            raise WeChatError("STATEMENT_CREATING", "账单生成中")
        content, token = bill_of(refunds, self._settings.mchid), secrets.token_urlsafe(24)
        self._ledger.keep_bill(token, content, packed=params.get("tar_type") == "GZIP")
        return {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(content.encode()).hexdigest(),  # noqa: S324 - WeChat Pay's own digest
            "download_url": f"http://{host}{DOWNLOAD_PATH}?token={token}",
        }

    def download(self, token: str) -> bytes:
        """The file, packed if it was asked for so. Raises WeChatError."""
        found = self._ledger.bill(token)
        if found is None:
            raise WeChatError("INVALID_REQUEST", "账单下载地址已失效")
        content, packed = found
        return gzip.compress(content.encode()) if packed else content.encode()

    def _day(self, text: str) -> date:
        try:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None or not 0 <= (_day_of(self._clock.now()) - day).days <= MOST_DAYS_BACK:
            raise WeChatError("INVALID_REQUEST", "参数错误：请检查 bill_date")
        return day


def _day_of(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, BEIJING).date()
