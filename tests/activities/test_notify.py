"""Each stage's letters are composed once and each is sent once, whatever the mail server does (P4.1; R15)."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.notify import Notifications
from activities.rows import Mail, MailState
from activities.rulings import Action
from activities.types import Notify, Stage
from aftersales.contract.values import CaseStatus, DecisionKind, WaitsFor
from storage.orders import save_orders
from storage.store import SqlStore
from tests.activities.desk import Desk
from tests.activities.shop import CUSTOMER_MAIL, FORGED, NOW, application, order_record
from tests.fakes import FakeClock, FakeLetters, FakeMailer, FakePolicy
from tests.integrations.letters.cases import letters

AGENTS_MAIL = "agents@shop.example"


class PostRoom:
    """Notifications of the desk's present case."""

    def __init__(self, desk: Desk, store: SqlStore, clock: FakeClock) -> None:
        self.desk = desk
        self.letters = FakeLetters(AGENTS_MAIL)
        self.mailer = FakeMailer()
        self.notifications = Notifications(store, self.letters, self.mailer, clock, host="shop.example")

    async def tell(self, stage: Stage, round_: int = 1) -> None:
        order = Notify(number=self.desk.number, stage=stage, round=round_, now=NOW)
        await ActivityEnvironment().run(self.notifications.notify, order)

    async def kept(self, stage: Stage, round_: int = 1) -> tuple[Mail, ...]:
        async with self.desk.store.begin() as unit:
            return await unit.mails(self.desk.number, stage, round_)

    def recipients(self) -> list[str]:
        return [mail.recipient for mail in self.mailer.sent]


@pytest.fixture(name="post")
async def post_room_of_a_case_under_review(
    desk: Desk, store: SqlStore, clock: FakeClock, policy: FakePolicy
) -> PostRoom:
    policy.says(Action.REVIEW)
    await desk.apply()
    return PostRoom(desk, store, clock)


async def test_a_stage_told_again_is_neither_composed_nor_sent_again(post: PostRoom) -> None:
    await post.tell(Stage.REVIEW_STARTED)
    await post.tell(Stage.REVIEW_STARTED)
    assert post.letters.composed == [Stage.REVIEW_STARTED]
    assert post.recipients() == [CUSTOMER_MAIL, AGENTS_MAIL]


async def test_another_round_of_a_stage_is_another_letter(post: PostRoom) -> None:
    await post.tell(Stage.REVIEW_ESCALATED, round_=1)
    await post.tell(Stage.REVIEW_ESCALATED, round_=2)
    assert len(post.mailer.sent) == 4
    assert len({mail.message_id for mail in post.mailer.sent}) == 4


async def test_message_ids_are_stable_and_say_what_they_are(post: PostRoom) -> None:
    await post.tell(Stage.REVIEW_STARTED)
    number = post.desk.number
    assert [mail.message_id for mail in post.mailer.sent] == [
        f"<{number}.review_started.1.1@shop.example>",
        f"<{number}.review_started.1.2@shop.example>",
    ]


async def test_after_a_failure_only_what_was_not_sent_goes_out(post: PostRoom) -> None:
    post.mailer.down.add(AGENTS_MAIL)
    with pytest.raises(ConnectionError):
        await post.tell(Stage.REVIEW_STARTED)
    assert [mail.state for mail in await post.kept(Stage.REVIEW_STARTED)] == [
        MailState.SENT,
        MailState.QUEUED,
    ]

    post.mailer.down.clear()
    await post.tell(Stage.REVIEW_STARTED)
    assert post.recipients() == [CUSTOMER_MAIL, AGENTS_MAIL]


async def test_a_mailbox_that_does_not_exist_is_kept_as_refused_and_stops_nobody_else(
    post: PostRoom,
) -> None:
    post.mailer.refused.add(CUSTOMER_MAIL)
    await post.tell(Stage.REVIEW_STARTED)
    await post.tell(Stage.REVIEW_STARTED)
    refused, sent = await post.kept(Stage.REVIEW_STARTED)
    assert (refused.state, refused.failure, refused.sent_at) == (
        MailState.REFUSED,
        "550 no such mailbox",
        None,
    )
    assert (sent.state, sent.sent_at) == (MailState.SENT, NOW)
    assert post.recipients() == [AGENTS_MAIL]


@pytest.mark.parametrize("stage", [Stage.REVIEW_REMINDER, Stage.HANDLING_TIME, Stage.REVIEW_ESCALATED])
async def test_each_rung_of_the_ladder_is_in_the_log_once(post: PostRoom, stage: Stage) -> None:
    await post.tell(stage)
    await post.tell(stage)
    assert (await post.desk.actions()).count(stage.value) == 1


async def test_other_stages_leave_the_log_alone(post: PostRoom) -> None:
    before = await post.desk.audit()
    await post.tell(Stage.REVIEW_STARTED)
    assert await post.desk.audit() == before


async def test_a_rung_that_is_told_after_the_decision_moves_and_logs_nothing(post: PostRoom) -> None:
    await post.desk.decide(DecisionKind.REJECT, explanation="Worn.")
    before = await post.desk.audit()
    await post.tell(Stage.REVIEW_ESCALATED)
    assert await post.desk.audit() == before
    assert (await post.desk.case()).waits_for is WaitsFor.NOBODY


async def test_an_escalated_case_stands_with_the_supervisors_on_every_list(post: PostRoom) -> None:
    await post.tell(Stage.REVIEW_ESCALATED)
    case = await post.desk.case()
    assert (case.status, case.waits_for, case.assignee) == (
        CaseStatus.UNDER_REVIEW,
        WaitsFor.SUPERVISOR,
        "supervisors",
    )


async def test_an_order_nobody_knows_has_no_customer_to_write_to(post: PostRoom) -> None:
    await post.desk.apply(application(order_id="order-9"), "other", last_look=True)
    await post.tell(Stage.REJECTED)
    assert post.recipients() == [AGENTS_MAIL]


async def test_the_owner_of_an_order_is_not_written_about_a_strangers_application(
    post: PostRoom, engine: AsyncEngine
) -> None:
    await save_orders(engine, [order_record("order-2", customer_id="customer-2")])
    await post.desk.apply(application(order_id="order-2"), "other")
    await post.tell(Stage.REJECTED)
    assert post.recipients() == [AGENTS_MAIL]


async def test_an_application_that_was_forged_in_a_customers_name_sends_them_nothing(post: PostRoom) -> None:
    await post.desk.apply(request_key="other", key=FORGED)
    await post.tell(Stage.REJECTED)
    assert post.recipients() == [AGENTS_MAIL]


@pytest.mark.parametrize("last_look", [False, True])
async def test_a_guest_is_not_written_about_an_application_that_did_not_show_it_was_theirs(
    post: PostRoom, engine: AsyncEngine, last_look: bool
) -> None:
    record = order_record("order-2", customer_id="guest-1")
    guest = record.account.model_copy(update={"guest": True})
    await save_orders(engine, [record.model_copy(update={"account": guest})])
    asked = application(order_id="order-2", customer_id="guest-1")
    await post.desk.apply(asked, "other", actor="guest-1", last_look=last_look)
    await post.tell(Stage.REJECTED if last_look else Stage.RECEIVED)
    assert CUSTOMER_MAIL not in post.recipients()


async def test_what_became_untrue_before_it_went_out_is_dropped(post: PostRoom) -> None:
    post.mailer.down.add(AGENTS_MAIL)
    with pytest.raises(ConnectionError):
        await post.tell(Stage.DESTINATION_NEEDED)
    post.mailer.down.clear()
    post.letters.untrue.add(Stage.DESTINATION_NEEDED)
    await post.tell(Stage.DESTINATION_NEEDED)
    assert post.recipients() == [CUSTOMER_MAIL], "what was out by then is no news to anybody"
    states = [mail.state for mail in await post.kept(Stage.DESTINATION_NEEDED)]
    assert states == [MailState.SENT, MailState.OVERTAKEN]


async def test_an_approval_does_not_keep_the_old_news_beside_it_alive_and_is_told_without_them(
    post: PostRoom, store: SqlStore, clock: FakeClock
) -> None:
    """What waits says that the money is on its way, and it is not any more."""
    await post.desk.decide(DecisionKind.APPROVE)
    post.mailer.down.add(CUSTOMER_MAIL)
    with pytest.raises(ConnectionError):
        await post.tell(Stage.PAYMENT_ON_ITS_WAY)
    post.mailer.down.clear()
    real = Notifications(store, letters(), post.mailer, clock, host="shop.example")
    order = Notify(number=post.desk.number, stage=Stage.PAYMENT_ON_ITS_WAY, round=1, now=NOW, approves=True)
    await ActivityEnvironment().run(real.notify, order)
    await ActivityEnvironment().run(real.notify, order)
    [told] = [mail.subject for mail in post.mailer.sent if mail.recipient == CUSTOMER_MAIL]
    assert told.startswith("Your application is approved")


async def test_an_approval_that_was_written_by_itself_goes_out_once_the_mail_server_is_back(
    post: PostRoom, store: SqlStore, clock: FakeClock
) -> None:
    """The news that it was to come with was old already when it was written."""
    await post.desk.decide(DecisionKind.APPROVE)
    real = Notifications(store, letters(), post.mailer, clock, host="shop.example")
    order = Notify(number=post.desk.number, stage=Stage.PAYMENT_ON_ITS_WAY, round=1, now=NOW, approves=True)
    post.mailer.down.add(CUSTOMER_MAIL)
    with pytest.raises(ConnectionError):
        await ActivityEnvironment().run(real.notify, order)
    post.mailer.down.clear()
    await ActivityEnvironment().run(real.notify, order)
    assert post.recipients() == [CUSTOMER_MAIL]
