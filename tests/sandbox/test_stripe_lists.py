"""Lists of refunds: newest first, filtered by payment, in pages."""

import pytest

from tests.sandbox.servers import Box


@pytest.fixture
async def five(box: Box) -> list[str]:
    """The ids of five refunds of ``ch_1``, oldest first, beside one of another charge."""
    await box.seed("ch_2")
    made = [await box.refund(100, f"leg-{number}", f"key-{number}") for number in range(5)]
    await box.refund(100, "leg-other", "key-other", charge="ch_2")
    return [refund.id for refund in made]


async def test_a_list_by_charge_is_newest_first(box: Box, five: list[str]) -> None:
    listed = await box.sdk.v1.refunds.list_async({"charge": "ch_1"})
    assert [refund.id for refund in listed.data] == five[::-1]
    assert not listed.has_more


async def test_a_list_by_payment_intent_is_the_same_list(box: Box, five: list[str]) -> None:
    listed = await box.sdk.v1.refunds.list_async({"payment_intent": "pi_1"})
    assert [refund.id for refund in listed.data] == five[::-1]


async def test_a_list_of_everything_holds_all_charges(box: Box, five: list[str]) -> None:
    listed = await box.sdk.v1.refunds.list_async()
    assert len(listed.data) == len(five) + 1


async def test_a_leg_is_found_by_its_metadata(box: Box, five: list[str]) -> None:
    listed = await box.sdk.v1.refunds.list_async({"charge": "ch_1", "limit": 100})
    found = [refund.id for refund in listed.data if refund.metadata and refund.metadata["leg"] == "leg-3"]
    assert found == [five[3]]


async def test_pages_follow_each_other_without_gap_or_repetition(box: Box, five: list[str]) -> None:
    first = await box.sdk.v1.refunds.list_async({"charge": "ch_1", "limit": 2})
    assert first.has_more
    second = await box.sdk.v1.refunds.list_async({"charge": "ch_1", "limit": 3, "starting_after": first.data[-1].id})
    assert not second.has_more
    assert [refund.id for refund in [*first.data, *second.data]] == five[::-1]


async def test_the_sdk_walks_through_all_pages(box: Box, five: list[str]) -> None:
    listed = await box.sdk.v1.refunds.list_async({"charge": "ch_1", "limit": 2})
    walked = [refund.id async for refund in listed.auto_paging_iter()]
    assert walked == five[::-1]


async def test_a_page_backwards_ends_before_its_mark(box: Box, five: list[str]) -> None:
    listed = await box.sdk.v1.refunds.list_async({"charge": "ch_1", "limit": 2, "ending_before": five[0]})
    assert [refund.id for refund in listed.data] == [five[2], five[1]]
    assert listed.has_more


async def test_ten_are_shown_when_no_limit_is_given(box: Box) -> None:
    for number in range(11):
        await box.refund(10, key=f"key-{number}")
    listed = await box.sdk.v1.refunds.list_async({"charge": "ch_1"})
    assert (len(listed.data), listed.has_more) == (10, True)


async def test_an_empty_list_is_a_list(box: Box) -> None:
    answer = (await box.get("/v1/refunds", charge="ch_1")).json()
    assert answer == {"object": "list", "data": [], "has_more": False, "url": "/v1/refunds"}


@pytest.mark.parametrize(
    ("params", "status", "param"),
    [
        ({"limit": "many"}, 400, "limit"),
        ({"limit": 0}, 400, "limit"),
        ({"limit": 101}, 400, "limit"),
        ({"starting_after": "re_nowhere"}, 404, "starting_after"),
        ({"charge": "ch_nowhere"}, 404, "charge"),
        ({"payment_intent": "pi_nowhere"}, 404, "payment_intent"),
        ({"leg": "leg-1"}, 400, "leg"),
    ],
)
async def test_a_malformed_list_request_names_its_parameter(
    box: Box, params: dict[str, str | int], status: int, param: str
) -> None:
    answer = await box.get("/v1/refunds", **params)
    assert answer.status_code == status
    assert answer.json()["error"]["param"] == param
