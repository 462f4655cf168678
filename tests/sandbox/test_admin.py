"""The admin side: seeding, clock, reports, and the refusal of bad input."""

import time

import pytest
import stripe

from tests.sandbox.servers import Box

PAYMENTS = "/admin/stripe/payments"


async def test_health_answers(box: Box) -> None:
    assert (await box.admin.get("/admin/health")).json()["status"] == "ok"


async def test_seeding_the_same_payment_again_changes_nothing(box: Box) -> None:
    await box.refund(1_000)
    await box.seed("ch_1", 10_000)
    assert await box.refundable() == 9_000


@pytest.mark.parametrize("other", [{"amount": 9_999}, {"currency": "eur"}, {"payment_intent": "pi_other"}])
async def test_seeding_another_payment_of_the_same_name_is_refused(box: Box, other: dict[str, object]) -> None:
    payment = {"charge": "ch_1", "amount": 10_000, "currency": "usd", **other}
    refused = await box.admin.post(PAYMENTS, json=payment)
    assert refused.status_code == 409
    assert refused.json()["detail"]["field"] == "charge"
    assert await box.refundable() == 10_000


async def test_a_payment_intent_belongs_to_one_charge(box: Box) -> None:
    taken = {"charge": "ch_2", "payment_intent": "pi_1", "amount": 5, "currency": "usd"}
    assert (await box.admin.post(PAYMENTS, json=taken)).status_code == 409


async def test_bulk_seeding_is_all_or_nothing(box: Box) -> None:
    payments = [{"charge": f"ch_b{number}", "amount": 5, "currency": "usd"} for number in range(500)]
    assert (await box.admin.post(f"{PAYMENTS}/bulk", json={"payments": payments})).json() == {"payments": 500}
    assert await box.refundable("ch_b499") == 5
    fresh = {"charge": "ch_c", "amount": 5, "currency": "usd"}
    clash = {"charge": "ch_b1", "amount": 6, "currency": "usd"}
    assert (await box.admin.post(f"{PAYMENTS}/bulk", json={"payments": [fresh, clash]})).status_code == 409
    assert (await box.get("/v1/charges/ch_c")).status_code == 404


async def test_the_clock_advances_and_runs_on(box: Box) -> None:
    advanced = (await box.admin.post("/admin/clock/advance", json={"seconds": 3_600})).json()
    assert advanced["now"] == pytest.approx(time.time() + 3_600, abs=2)
    later = (await box.admin.get("/admin/clock")).json()
    assert later["now"] > advanced["now"]


async def test_the_clock_can_be_set_to_a_leap_day(box: Box) -> None:
    clock = (await box.admin.put("/admin/clock", json={"now": "2028-02-29T12:00:00+00:00"})).json()
    assert clock["iso"].startswith("2028-02-29T12:00:0")
    assert (await box.refund()).created == pytest.approx(clock["now"], abs=2)


async def test_executions_are_reported_by_leg_payment_and_currency(box: Box) -> None:
    await box.seed("ch_yen", 500, "jpy")
    await box.refund(1_000, "leg-1", "key-1")
    await box.refund(200, "leg-2", "key-2")
    await box.refund(500, "leg-3", "key-3", charge="ch_yen")
    report = (await box.admin.get("/admin/executions")).json()
    assert report["executed_minor"] == {"usd": 1_200, "jpy": 500}
    assert {leg: line["executed_minor"] for leg, line in report["legs"].items()} == {
        "leg-1": 1_000,
        "leg-2": 200,
        "leg-3": 500,
    }
    assert report["payments"]["ch_1"]["executions"] == 2
    assert report["currencies"]["jpy"]["not_reversed_minor"] == 500
    assert report["without_leg"] == 0


async def test_executions_without_a_leg_are_told_apart(box: Box) -> None:
    await box.post(None, charge="ch_1", amount=5)
    report = (await box.admin.get("/admin/executions")).json()
    assert (report["legs"], report["without_leg"]) == ({}, 1)
    assert report["executed_minor"] == {"usd": 5}


async def test_forgetting_executions_leaves_refunds_as_they_are(box: Box) -> None:
    await box.refund(1_000)
    await box.admin.delete("/admin/executions")
    assert await box.executions() == 0
    assert await box.refundable() == 9_000


async def test_every_refund_can_be_read_for_reconciliation(box: Box) -> None:
    made = [(await box.refund(5, key=f"key-{number}")).id for number in range(12)]
    shown = (await box.admin.get("/admin/stripe/refunds")).json()["refunds"]
    assert [refund["id"] for refund in shown] == made


async def test_requests_are_logged_whether_answered_or_not(box: Box) -> None:
    await box.script("execute_then_drop")
    with pytest.raises(stripe.APIConnectionError):
        await box.refund()
    await box.refund()
    await box.get("/v1/refunds", charge="ch_1")
    first, second, third = await box.requests()
    assert (first["sent"], first["status"], first["faults"]) == ("nothing", 200, ["execute_then_drop"])
    assert (second["sent"], second["status"], second["replayed"]) == ("whole", 200, True)
    assert (first["leg"], first["idempotency_key"], first["payment"]) == ("leg-1", "key-1", "ch_1")
    assert (third["method"], third["path"], third["query"]) == ("GET", "/v1/refunds", "charge=ch_1")


async def test_a_request_that_was_never_executed_has_no_status(box: Box) -> None:
    await box.script("drop_request")
    with pytest.raises(stripe.APIConnectionError):
        await box.refund()
    [row] = await box.requests()
    assert (row["status"], row["sent"]) == (None, "nothing")


async def test_reading_a_refund_is_logged_under_its_leg(box: Box) -> None:
    refund = await box.refund(leg="leg-7")
    await box.sdk.v1.refunds.retrieve_async(refund.id)
    rows = (await box.admin.get("/admin/requests", params={"leg": "leg-7"})).json()["requests"]
    assert [row["method"] for row in rows] == ["POST", "GET"]


async def test_the_log_is_filtered_limited_and_forgotten(box: Box) -> None:
    for number in range(3):
        await box.refund(5, f"leg-{number}", f"key-{number}")
    newest = (await box.admin.get("/admin/requests", params={"method": "POST", "limit": 2})).json()["requests"]
    assert [row["leg"] for row in newest] == ["leg-1", "leg-2"]
    await box.admin.delete("/admin/requests")
    assert await box.requests() == []


async def test_queued_faults_can_be_read(box: Box) -> None:
    await box.script("pending", leg="leg-1", times=2)
    await box.admin.put("/admin/faults/random", json={"rate": 0.2, "kinds": ["429"], "seed": 5})
    faults = (await box.admin.get("/admin/faults")).json()
    [queued] = faults["queued"]
    assert (queued["kind"], queued["leg"], queued["times"]) == ("pending", "leg-1", 2)
    assert (faults["random"]["rate"], faults["random"]["seed"]) == (0.2, 5)


async def test_a_reset_forgets_everything(box: Box) -> None:
    await box.refund()
    await box.advance(100)
    await box.script("drop_request")
    await box.reset()
    assert (await box.get("/v1/charges/ch_1")).status_code == 404
    assert (await box.admin.get("/admin/clock")).json()["offset_s"] == 0
    assert (await box.admin.get("/admin/faults")).json() == {"queued": [], "random": None}
    await box.seed()
    assert (await box.refund()).status == "succeeded"


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", PAYMENTS, {"charge": "ch_2", "amount": 0, "currency": "usd"}, "amount"),
        ("POST", PAYMENTS, {"charge": "ch_2", "amount": 5, "currency": "dollars"}, "currency"),
        ("POST", PAYMENTS, {"charge": "2", "amount": 5, "currency": "usd"}, "charge"),
        ("POST", PAYMENTS, {"charge": "ch_2", "amount": 5, "currency": "usd", "x": 1}, "x"),
        ("POST", f"{PAYMENTS}/bulk", {"payments": [{"charge": "ch_2"}]}, "amount"),
        ("PUT", "/admin/balance", {"currency": "usd"}, "amount"),
        ("POST", "/admin/clock/advance", {"seconds": -1}, "seconds"),
        ("PUT", "/admin/clock", {"now": "2028-02-29T12:00:00"}, "now"),
        ("POST", "/admin/faults", {"kind": "explode"}, "kind"),
        ("POST", "/admin/faults", {"kind": "slow", "seconds": 0}, "seconds"),
        ("POST", "/admin/faults", {"kind": "slow", "times": 0}, "times"),
        ("POST", "/admin/faults", {"kind": "slow", "legs": "a"}, "legs"),
        ("POST", "/admin/faults", {}, "body"),
        ("POST", "/admin/faults", {"kind": "slow", "kinds": ["429"]}, "body"),
        ("PUT", "/admin/faults/random", {"rate": 2, "kinds": ["429"]}, "rate"),
        ("PUT", "/admin/outage", {}, "on"),
        ("PUT", "/admin/webhooks", {"url": "ftp://x"}, "url"),
        ("POST", "/admin/release", {"then": "vanish"}, "then"),
        ("GET", "/admin/requests?limit=0", None, "limit"),
        ("POST", "/admin/stripe/refunds/re_1/finish", {"outcome": "explode"}, "outcome"),
    ],
)
async def test_bad_input_answers_422_with_its_field(box: Box, method: str, path: str, body: object, field: str) -> None:
    refused = await box.admin.request(method, path, json=body)
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"][-1] == field


async def test_a_dispute_needs_a_charge(box: Box) -> None:
    refused = await box.admin.put("/admin/stripe/charges/ch_nowhere/dispute", json={"open": True})
    assert refused.status_code == 404
