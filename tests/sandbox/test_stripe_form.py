"""Form parameters at their limits, and written as no library would write them: nothing odd moves money."""

import pytest

from sandbox.stripe import errors, form
from tests.sandbox.servers import API_KEY, Box

REFUNDS = "/v1/refunds"


async def raw(box: Box, body: str, kind: str = "application/x-www-form-urlencoded") -> tuple[int, dict[str, object]]:
    """Post a body as it stands."""
    headers = {"authorization": f"Bearer {API_KEY}", "content-type": kind}
    answer = await box.admin.post(REFUNDS, content=body.encode(), headers=headers)
    shown: dict[str, object] = answer.json()
    return answer.status_code, shown


def pairs(number: int, key: str = "k", value: str = "v") -> dict[str, str]:
    return {f"metadata[{key}{index}]": value for index in range(number)}


def test_metadata_is_allowed_up_to_its_limits() -> None:
    for params in (pairs(50), {f"metadata[{'k' * 40}]": "v" * 500}):
        form.check_create({"charge": "ch_1", **params})


@pytest.mark.parametrize(
    ("params", "param"),
    [
        (pairs(51), "metadata"),
        ({f"metadata[{'k' * 41}]": "v"}, f"metadata[{'k' * 41}]"),
        ({"metadata[leg]": "v" * 501}, "metadata[leg]"),
        ({"metadata[a][b]": "v"}, "metadata[a][b]"),
        ({"metadata[]": "v"}, "metadata[]"),
        ({"metadata": "leg"}, "metadata"),
        ({"amount[0]": "5"}, "amount[0]"),
        ({"charge[id]": "ch_2"}, "charge[id]"),
        ({"reason[]": "duplicate"}, "reason[]"),
    ],
)
def test_metadata_over_its_limits_and_brackets_elsewhere_are_refused(params: dict[str, str], param: str) -> None:
    with pytest.raises(errors.StripeError) as refused:
        form.check_create({"charge": "ch_1", **params})
    assert (refused.value.status, refused.value.param, refused.value.stored) == (400, param, False)


def test_fifty_pairs_are_counted_without_those_that_are_empty() -> None:
    form.check_create({"charge": "ch_1", **pairs(50), "metadata[none]": ""})


@pytest.mark.parametrize("text", ["1", "100"])
def test_a_page_holds_one_to_a_hundred(text: str) -> None:
    assert form.page_size({"limit": text}) == int(text)


@pytest.mark.parametrize("text", ["0", "101", "-1", "1.0", "1e2", " 5", "", "٣", "+5"])
def test_a_page_of_any_other_size_is_refused(text: str) -> None:
    with pytest.raises(errors.StripeError) as refused:
        form.page_size({"limit": text})
    assert (refused.value.code, refused.value.param) == ("parameter_invalid_integer", "limit")


def test_a_body_is_read_as_browsers_write_it() -> None:
    assert form.parse("a=1+2&b=%E9%80%80&c&metadata%5Bleg%5D=x") == {
        "a": "1 2",
        "b": "退",
        "c": "",
        "metadata[leg]": "x",
    }


async def test_an_empty_pair_is_not_kept(box: Box) -> None:
    _, refund = await raw(box, "charge=ch_1&amount=5&metadata[leg]=leg-1&metadata[note]=")
    assert refund["metadata"] == {"leg": "leg-1"}


async def test_metadata_of_any_script_comes_back_as_it_was_sent(box: Box) -> None:
    _, refund = await raw(box, "charge=ch_1&amount=5&metadata[leg]=%E7%94%B3%E8%AF%B7%26%3D")
    assert refund["metadata"] == {"leg": "申请&="}
    assert await box.executions("申请&=") == 1


async def test_of_a_parameter_given_twice_the_last_one_counts(box: Box) -> None:
    _, refund = await raw(box, "charge=ch_1&amount=5&amount=7")
    assert refund["amount"] == 7
    assert await box.refundable() == 9_993


async def test_expanding_is_allowed_and_changes_no_amount(box: Box) -> None:
    status, refund = await raw(box, "charge=ch_1&amount=5&expand[]=charge&expand[0]=payment_intent")
    assert (status, refund["amount"]) == (200, 5)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"charge": "ch_1", "amount": 5}', "application/json"),
        ("amount[0]=5&charge=ch_1", "application/x-www-form-urlencoded"),
        ("amount=5&charge=ch_1&metadata[leg][id]=leg-1", "application/x-www-form-urlencoded"),
        ("--x\r\nContent-Disposition: form-data; name=charge\r\n\r\nch_1\r\n--x--", "multipart/form-data; boundary=x"),
        ("", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_body_that_is_no_plain_form_moves_no_money(box: Box, body: str, kind: str) -> None:
    status, refused = await raw(box, body, kind)
    assert status == 400
    assert "error" in refused
    assert await box.refundable() == 10_000


async def test_parameters_in_the_address_of_a_refund_do_not_count(box: Box) -> None:
    headers = {"authorization": f"Bearer {API_KEY}"}
    answer = await box.admin.post(f"{REFUNDS}?amount=5&charge=ch_1", headers=headers)
    assert answer.json()["error"]["code"] == "parameter_missing"
    assert await box.refundable() == 10_000


async def test_a_charge_is_not_named_by_its_payment_intent_nor_the_other_way_round(box: Box) -> None:
    for params in ({"charge": "pi_1"}, {"payment_intent": "ch_1"}):
        for answer in (await box.post(None, amount=5, **params), await box.get(REFUNDS, **params)):
            error = answer.json()["error"]
            assert (answer.status_code, error["code"], error["param"]) == (404, "resource_missing", *params)
    assert await box.refundable() == 10_000


async def test_a_refund_of_another_payment_intent_is_not_this_ones(box: Box) -> None:
    await box.seed("ch_2")
    assert (await box.post(None, payment_intent="pi_2", amount=5)).json()["charge"] == "ch_2"
    assert (await box.refundable(), await box.refundable("ch_2")) == (10_000, 9_995)
