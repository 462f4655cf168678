"""How a case is watched, on scripted looks: what is asked, how often, and what is shown."""

from datetime import UTC, datetime

import pytest

from aftersales import AftersalesError, CaseKind, CaseStatus, CaseView, Channel, ErrorCode, Reason
from aftersales.contract.numbers import number_for
from aftersales.following import Follower, Glance

NUMBER = number_for("shop", "1")
REVIEW, PAYING, REFUNDED = CaseStatus.UNDER_REVIEW, CaseStatus.PAYING, CaseStatus.REFUNDED
NOBODY = AftersalesError(ErrorCode.NOBODY_ANSWERS, "Nobody answers.")


class Scripted:
    """A case that stands, look by look, where the script says; views show `ahead` or the last look."""

    def __init__(self, *looks: CaseStatus | AftersalesError, ahead: CaseStatus | None = None) -> None:
        self.looks = list(looks)
        self.views_asked = 0
        self._last = REVIEW
        self._ahead = ahead

    async def look(self) -> Glance:
        seen = self.looks.pop(0)
        if isinstance(seen, AftersalesError):
            raise seen
        self._last = seen
        return Glance(seen, closed=False)

    async def view(self) -> CaseView:
        self.views_asked += 1
        return CaseView(
            number=NUMBER,
            status=self._ahead or self._last,
            kind=CaseKind.REFUND_ONLY,
            reason=Reason.WRONG_SIZE,
            order_id="1001",
            customer_id="C-7",
            channel=Channel.ONLINE,
            opened_at=datetime(2026, 1, 1, tzinfo=UTC),
        )

    async def seen(self, patience_s: float | None = None) -> list[CaseStatus]:
        follower = Follower(self.look, self.view, patience_s)
        return [view.status async for view in follower.views(until_closed=False)]


async def test_the_view_is_asked_for_only_when_the_status_has_changed() -> None:
    case = Scripted(REVIEW, REVIEW, REVIEW, PAYING, PAYING, REFUNDED)
    assert await case.seen() == [REVIEW, PAYING, REFUNDED]
    assert case.views_asked == 3


async def test_a_view_that_ran_ahead_of_the_look_is_shown_once() -> None:
    case = Scripted(REVIEW, ahead=REFUNDED)
    assert await case.seen() == [REFUNDED]


async def test_waiting_for_the_outcome_asks_for_one_view() -> None:
    case = Scripted(REVIEW, PAYING, PAYING, REFUNDED)
    outcome = await Follower(case.look, case.view, None).outcome(NUMBER)
    assert (outcome.status, case.views_asked) == (REFUNDED, 1)


async def test_an_interruption_is_waited_out() -> None:
    assert await Scripted(REVIEW, NOBODY, REFUNDED).seen() == [REVIEW, REFUNDED]


@pytest.mark.parametrize(
    ("patience_s", "error"),
    [(0.0, NOBODY), (None, AftersalesError(ErrorCode.CASE_UNKNOWN, "No such case."))],
)
async def test_what_waiting_cannot_help_or_may_not_is_raised_at_once(
    patience_s: float | None, error: AftersalesError
) -> None:
    case = Scripted(REVIEW, error, REFUNDED)
    with pytest.raises(AftersalesError) as raised:
        await case.seen(patience_s)
    assert raised.value is error
    assert case.looks == [REFUNDED]
