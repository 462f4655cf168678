"""What a test tells the sandbox, and what it asks it."""

from __future__ import annotations

from typing import Any, Final

from cli.stack import Stack
from tests.e2e.patience import until

LONGEST_HOLD_S: Final = 300
SILENT: Final = "never_call_back"
"""A fault that leaves it to the case to find out what became of its money: no message comes from the provider."""


class Provider:
    """The sandbox's admin side. Payments are named by their charge, legs by the provider number."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    async def behave(self) -> None:
        """Forget every fault that a test left behind, and let go what is held."""
        await self.send("DELETE", "faults")
        await self.send("PUT", "outage", on=False)
        await self.send("POST", "release")

    async def fault(self, *kinds: str, charge: str | None = None, **manner: object) -> None:
        """What the next matching call meets; see `sandbox.faults.ScriptedFault`."""
        await self.send("POST", "faults", kinds=kinds, charge=charge, max_seconds=LONGEST_HOLD_S, **manner)

    async def fail_at_random(self, *kinds: str, rate: float, seed: int) -> None:
        await self.send("PUT", "faults/random", kinds=kinds, rate=rate, seed=seed)

    async def outage(self, *, on: bool) -> None:
        """Cut every call off, or serve again."""
        await self.send("PUT", "outage", on=on)

    async def until_held(self, *charges: str) -> None:
        """Wait until a call for each of these payments is parked."""

        async def parked() -> bool:
            return set(charges) <= set(await self._held())

        await until(f"calls are held for {', '.join(charges)}", parked)

    async def release(self, charge: str, then: str) -> None:
        """Let the parked call of a payment go on, or drop it; the caller need not live any more."""
        await self.send("POST", "release", id=(await self._held())[charge], then=then)

    async def calls(self, charge: str, method: str | None = None) -> list[dict[str, Any]]:
        """The finished calls for a payment, oldest first."""
        found = await self.send("GET", f"requests?method={method}" if method else "requests")
        return [call for call in found["requests"] if call["payment"] == charge]

    async def faults_met(self) -> int:
        """How many calls went wrong so far because a test wished so."""
        found = await self.send("GET", "requests?limit=100000")
        return sum(bool(call["faults"]) for call in found["requests"])

    async def executions(self) -> dict[str, Any]:
        """The oracle: what was executed, by leg, payment and currency."""
        return await self.send("GET", "executions")

    async def finish(self, charge: str, outcome: str = "succeed") -> str:
        """End the pending refund of a payment; gives its id. Webhooks follow."""
        refunds = (await self.send("GET", "stripe/refunds"))["refunds"]
        (refund_id,) = (refund["id"] for refund in refunds if refund["charge"] == charge)
        await self.send("POST", f"stripe/refunds/{refund_id}/finish", outcome=outcome)
        return str(refund_id)

    async def answers_to_news(self, refund_id: str) -> set[object]:
        """What the portal said to the news of how a refund ended: statuses, or errors where no answer came."""
        attempts = (await self.send("GET", f"deliveries?object={refund_id}"))["attempts"]
        return {each["status"] or each["error"] for each in attempts if each["type"] != "refund.created"}

    async def tell_again(self, refund_id: str) -> None:
        """Send the latest news of a refund once more, without waiting hours as a provider does in the end."""
        latest = (await self.send("GET", f"events?object={refund_id}"))["events"][-1]
        await self.send("POST", f"events/{latest['id']}/redeliver", times=1)

    async def send(self, method: str, path: str, **body: object) -> dict[str, Any]:
        """One call of the admin side; raises for any refusal."""
        async with self._stack.sandbox_admin() as admin:
            answer = await admin.request(method, path, json=body) if method != "GET" else await admin.get(path)
        answer.raise_for_status()
        said: dict[str, Any] = answer.json()
        return said

    async def _held(self) -> dict[str, int]:
        held = (await self.send("GET", "held"))["held"]
        return {name: call["id"] for call in held for name in call["payments"]}
