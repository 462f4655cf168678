"""Balance transactions: Stripe's own record of what each movement did to the merchant's balance."""

import pytest
import stripe

from tests.sandbox.servers import Box

DAY_S = 24 * 3600


async def listed(box: Box, **params: str | int) -> list[dict[str, object]]:
    answer = await box.get("/v1/balance_transactions", **params)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, object]] = answer.json()["data"]
    return data


async def reversed_refund(box: Box) -> stripe.Refund:
    refund = await box.refund()
    await box.admin.post(f"/admin/stripe/refunds/{refund.id}/reverse", json={})
    return await box.sdk.v1.refunds.retrieve_async(refund.id)


async def test_charge_refund_and_failure_each_have_one_newest_first(box: Box) -> None:
    refund = await reversed_refund(box)
    listed_ = await listed(box)
    assert [row["type"] for row in listed_] == ["refund_failure", "refund", "charge"]
    assert [row["amount"] for row in listed_] == [1_000, -1_000, 10_000]
    assert [row["source"] for row in listed_] == [refund.id, refund.id, "ch_1"]
    assert [row["id"] for row in listed_[:2]] == [refund.failure_balance_transaction, refund.balance_transaction]


async def test_a_seed_repeated_is_booked_once(box: Box) -> None:
    await box.seed()
    assert len(await listed(box)) == 1


async def test_a_replayed_refund_is_booked_once(box: Box) -> None:
    await box.refund()
    await box.refund()
    assert len(await listed(box, type="refund")) == 1


async def test_another_means_than_a_card_has_its_own_types(box: Box) -> None:
    await box.seed("py_2")
    await box.refund(charge="py_2")
    assert [row["type"] for row in await listed(box, limit=2)] == ["payment_refund", "payment"]
    assert [row["reporting_category"] for row in await listed(box, limit=2)] == ["refund", "charge"]


async def test_the_source_is_shown_whole_on_demand_alone(box: Box) -> None:
    refund = await box.refund(leg="leg-7")
    [bare] = await listed(box, type="refund")
    assert bare["source"] == refund.id
    [whole] = (await box.sdk.v1.balance_transactions.list_async({"type": "refund", "expand": ["data.source"]})).data
    assert isinstance(whole.source, stripe.Refund)
    assert whole.source.metadata is not None
    assert whole.source.metadata["leg"] == "leg-7"


async def test_a_day_is_cut_out_by_its_bounds(box: Box) -> None:
    first = await box.refund(key="key-1")
    await box.advance(DAY_S)
    second = await box.refund(key="key-2")
    for bounds, expected in (
        ({"created[gte]": second.created}, [second.id]),
        ({"created[gt]": first.created, "created[lte]": second.created}, [second.id]),
        ({"created[lt]": second.created}, [first.id]),
        ({"created": first.created}, [first.id]),
    ):
        assert [row["source"] for row in await listed(box, type="refund", **bounds)] == expected


async def test_filters_by_source_and_currency(box: Box) -> None:
    await box.seed("ch_2", currency="eur")
    assert [row["source"] for row in await listed(box, currency="eur")] == ["ch_2"]
    assert [row["source"] for row in await listed(box, source="ch_1")] == ["ch_1"]


async def test_the_sdk_walks_through_all_pages(box: Box) -> None:
    made = [(await box.refund(10, key=f"key-{number}")).balance_transaction for number in range(5)]
    page = await box.sdk.v1.balance_transactions.list_async({"type": "refund", "limit": 2})
    assert [transaction.id async for transaction in page.auto_paging_iter()] == made[::-1]


async def test_its_fields_are_those_of_the_sdks_object(box: Box) -> None:
    [shown] = await listed(box)
    documented = set(stripe.BalanceTransaction.__annotations__) - {"OBJECT_NAME"}
    assert set(shown) == documented


@pytest.mark.parametrize(
    ("params", "status", "param"),
    [
        ({"limit": 101}, 400, "limit"),
        ({"created[gte]": "yesterday"}, 400, "created[gte]"),
        ({"created[since]": 1}, 400, "created[since]"),
        ({"starting_after": "txn_nowhere"}, 404, "starting_after"),
        ({"leg": "leg-1"}, 400, "leg"),
    ],
)
async def test_a_malformed_request_names_its_parameter(
    box: Box, params: dict[str, str | int], status: int, param: str
) -> None:
    answer = await box.get("/v1/balance_transactions", **params)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
