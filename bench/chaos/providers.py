"""The providers of the sandbox, told how to misbehave and what to do by themselves: finish, refuse, send back."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import httpx2

from bench.chaos.plan import Paid, Wish
from bench.chaos.storm import FAULT_RATE, Storm

FAULTS: Final = (
    *("drop_request", "execute_then_drop", "execute_then_500", "error_500", "429", "slow", "truncate", "unreadable"),
    *("hold_before_execute", "hold_after_execute", "pending", "requires_action"),
    *("never_call_back", "call_back_twice", "bad_signature", "out_of_order"),
)
"""All that the sandbox can do to a call."""

TIMEOUT_S: Final = 3
"""How long the adapters wait in a trial; `SLOW_S` is longer than that."""

SLOW_S: Final = 4
LOOK_EVERY_S: Final = 1.5
OPEN_FOR_S: Final = 3.0
FAILS: Final = 0.2
COMES_BACK: Final = 0.05
SPACING_S: Final = 3
BALANCE_GONE_S: Final = 6.0
MOST_REQUESTS: Final = 100_000


class _Act(NamedTuple):
    path: str
    body: Mapping[str, object]


class _Shelf(NamedTuple):
    """Refunds or payouts of one provider: how they are listed, named, and moved. Texts are filled in from a row."""

    listed: tuple[str, str]
    leg: str
    state: str
    open: frozenset[str]
    done: str
    finish: _Act
    fail: _Act
    back: _Act | None = None
    about: str = ""


_SHELVES: Final = (
    _Shelf(
        ("stripe/refunds", "refunds"),
        leg="{metadata[leg]}",
        state="status",
        open=frozenset({"pending", "requires_action"}),
        done="succeeded",
        finish=_Act("stripe/refunds/{id}/finish", {"outcome": "succeed"}),
        fail=_Act("stripe/refunds/{id}/finish", {"outcome": "fail"}),
        back=_Act("stripe/refunds/{id}/reverse", {}),
        about="{id}",
    ),
    _Shelf(
        ("alipay/refunds", "refunds"),
        leg="{out_request_no}",
        state="state",
        open=frozenset({"accepted"}),
        done="done",
        finish=_Act("alipay/refunds/{out_request_no}/finish", {"outcome": "succeed"}),
        fail=_Act("alipay/refunds/{out_request_no}/finish", {"outcome": "fail"}),
    ),
    _Shelf(
        ("alipay/transfers", "transfers"),
        leg="{out_biz_no}",
        state="status",
        open=frozenset({"DEALING"}),
        done="SUCCESS",
        finish=_Act("alipay/transfers/{out_biz_no}/finish", {"outcome": "succeed"}),
        fail=_Act("alipay/transfers/{out_biz_no}/finish", {"outcome": "fail"}),
        back=_Act("alipay/transfers/{out_biz_no}/return", {}),
        about="{out_biz_no}",
    ),
    _Shelf(
        ("wechat/refunds", "refunds"),
        leg="{out_refund_no}",
        state="status",
        open=frozenset({"PROCESSING"}),
        done="SUCCESS",
        finish=_Act("wechat/refunds/{out_refund_no}/finish", {"outcome": "success"}),
        fail=_Act("wechat/refunds/{out_refund_no}/finish", {"outcome": "closed"}),
        back=_Act("wechat/refunds/{out_refund_no}/reverse", {}),
        about="{refund_id}",
    ),
    _Shelf(
        ("bank/payouts", "payouts"),
        leg="{end_to_end_id}",
        state="status",
        open=frozenset({"PDNG", "PATC"}),
        done="ACSC",
        finish=_Act("bank/payouts/{id}/advance", {}),
        fail=_Act("bank/payouts/{id}/reject", {"reason": "AC04"}),
        back=_Act("bank/payouts/{id}/return", {"reason": "AC04"}),
        about="{id}",
    ),
)


class Providers:
    """The sandbox by its admin side. `returned`: how many payments came back after they had arrived."""

    def __init__(self, storm: Storm, sandbox: httpx2.AsyncClient) -> None:
        self.returned = 0
        self._storm = storm
        self._sandbox = sandbox
        self._seen: dict[str, float] = {}
        self._judged: set[str] = set()
        self._stormy = True

    async def close_ways(self, wishes: Sequence[Wish]) -> None:
        """Customers who left Alipay or WeChat Pay since they paid."""
        for wish in wishes:
            if wish.paid is Paid.WECHAT_PAYER_GONE:
                await self._tell("PUT", f"wechat/payments/{wish.order.tenders[0].reference}/payer", {"abnormal": True})
            if wish.paid is Paid.ALIPAY_BUYER_GONE:
                refusal = {"sub_code": "ACQ.BUYER_NOT_EXIST", "leg": f"{wish.number}-1-1"}
                await self._tell("POST", "alipay/errors", refusal)

    async def misbehave(self) -> None:
        """From now on a share of all calls goes wrong, each by one fault of all that there are."""
        faults = {
            "kinds": FAULTS,
            "rate": FAULT_RATE,
            "seed": self._storm.seed,
            "method": "*",
            "seconds": SLOW_S,
            "slow_phase": "after",
            "max_seconds": SLOW_S,
        }
        await self._tell("PUT", "faults/random", faults)

    async def behave(self) -> None:
        """No faults any more, and what is under way ends well."""
        self._stormy = False
        await self._tell("DELETE", "faults")

    async def run_out_of_money(self) -> None:
        """The shop's balance with Alipay is empty for a while."""
        for amount in (0, None):
            await self._tell("PUT", "balance", {"provider": "alipay", "currency": "cny", "amount": amount})
            if amount is not None:
                await asyncio.sleep(BALANCE_GONE_S)

    async def pass_time(self) -> None:
        """Until cancelled: what is open for some seconds ends, well or not, and a few that arrived come back."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Once at all that there is."""
        for shelf in _SHELVES:
            for row in (await self._told(shelf.listed[0]))[shelf.listed[1]]:
                await self._go_on(shelf, row)

    async def faults_met(self) -> Counter[str]:
        """Calls that went wrong, by kind."""
        requests = (await self._told(f"requests?limit={MOST_REQUESTS}"))["requests"]
        return Counter(kind for request in requests for kind in request["faults"])

    async def calls(self) -> int:
        return len((await self._told(f"requests?limit={MOST_REQUESTS}"))["requests"])

    async def _go_on(self, shelf: _Shelf, row: Mapping[str, Any]) -> None:
        leg, state, now = shelf.leg.format(**row), row[shelf.state], time.monotonic()
        if now - self._seen.setdefault(f"{leg} {state}", now) < OPEN_FOR_S:
            return
        chance = self._storm.chance(f"{leg} {state}").random()
        if state in shelf.open:
            fails = self._stormy and chance < FAILS
            await self._move(shelf.fail if fails else shelf.finish, row)
        elif state == shelf.done and shelf.back and leg not in self._judged:
            self._judged.add(leg)
            if self._stormy and chance < COMES_BACK and not row.get("return"):
                await self._send_back(shelf, shelf.back, row)

    async def _send_back(self, shelf: _Shelf, back: _Act, row: Mapping[str, Any]) -> None:
        """News of it comes for certain: days later nothing else would ask but the reconciliation."""
        if await self._move(back, row):
            self.returned += 1
            events = (await self._told(f"events?object={shelf.about.format(**row)}"))["events"]
            await self._tell("POST", f"events/{events[-1]['id']}/redeliver", {"times": 1})

    async def _move(self, act: _Act, row: Mapping[str, Any]) -> bool:
        """False if it has gone on by itself meanwhile."""
        answer = await self._sandbox.post(act.path.format(**row), json=act.body)
        if answer.status_code != httpx2.codes.CONFLICT:
            answer.raise_for_status()
        return answer.is_success

    async def _tell(self, method: str, path: str, body: Mapping[str, object] | None = None) -> None:
        (await self._sandbox.request(method, path, json=body)).raise_for_status()

    async def _told(self, path: str) -> dict[str, Any]:
        answer = await self._sandbox.get(path)
        answer.raise_for_status()
        said: dict[str, Any] = answer.json()
        return said
