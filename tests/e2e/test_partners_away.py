"""The payment provider or the mail server away: the case says what it waits for and goes on by itself."""

import asyncio
import signal
from collections import Counter

import pytest

from aftersales.contract.values import CaseStatus, WaitsFor
from integrations.mail_folder import SinkMail, read_mails
from tests.e2e.invariants import assert_invariants
from tests.e2e.patience import until
from tests.e2e.shop import Shop

MAIL_AWAY_S = 3


@pytest.mark.parametrize("how", ["cuts every call off", "cannot be reached"])
async def test_a_case_says_that_it_waits_for_the_provider_and_goes_on_by_itself(shop: Shop, how: str) -> None:
    order = await shop.sell()
    if how == "cannot be reached":
        await shop.stack.sandbox.kill()
    else:
        await shop.provider.outage(on=True)
    number = await shop.apply(order)
    await until("the case says what it waits for", lambda: _waits_for_the_provider(shop, number))
    if how == "cannot be reached":
        await shop.stack.start_sandbox()
    else:
        await shop.provider.outage(on=False)
    await shop.all_refunded([number])
    await assert_invariants(shop)


async def _waits_for_the_provider(shop: Shop, number: str) -> bool:
    view = await shop.client.view(number)
    assert view.status in (CaseStatus.RECEIVED, CaseStatus.PAYING)
    return "payment provider" in view.waiting and view.due_at is not None and view.waits_for is WaitsFor.PROVIDER


async def test_money_does_not_wait_for_a_mail_server_and_each_mail_arrives_once(shop: Shop) -> None:
    """R15."""
    await shop.stack.mail_sink.stop(signal.SIGKILL)
    (number,) = await shop.sell_and_apply(1)
    await shop.all_refunded([number])
    assert not shop.stack.mail_sink.running
    await asyncio.sleep(MAIL_AWAY_S)  # so that letters are tried in vain
    await shop.stack.start_mail_sink()

    async def told() -> bool:
        return {"refunded"} <= {mail.stage for mail in _mails(shop, number)}

    await until("the customer has heard of the approval and of the money", told)
    mails = _mails(shop, number)
    assert set(Counter(mail.message_id for mail in mails).values()) == {1}
    assert set(Counter((mail.recipient, mail.stage) for mail in mails).values()) == {1}, "nor under another id"
    await assert_invariants(shop)


def _mails(shop: Shop, number: str) -> list[SinkMail]:
    return [mail for mail in read_mails(shop.stack.options.home.mails) if mail.number == number]
