"""What somebody of the staff says counts while their account holds the role, looked up as it is recorded (P2.6, ASVS
7.4.2)."""

from __future__ import annotations

import pytest

from activities.case_steps import CaseSteps
from activities.speakers import check_cashier, proved
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Decision
from aftersales.contract.numbers import number_for
from aftersales.contract.values import STAFF_ROLES, CaseStatus, DecisionKind, ErrorCode, Language, Reason, Role
from aftersales.proof import Keyring, ProofKey, sign
from tests.activities.desk import Desk
from tests.activities.shop import KEY, application, cny
from tests.fakes import FakePolicy
from tests.storage.people_of_the_shop import ADMIN, staffed

NUMBER = number_for("shop", "staff")
STAFF = ProofKey("staff", "what the signing service knows", STAFF_ROLES, staff=True)
SHOP = ProofKey("shop", "what the shop's backend knows")
KEYRING = Keyring([STAFF, SHOP])
APPROVAL = Decision(kind=DecisionKind.APPROVE)


class Accounts:
    """Who holds what; `asked` counts how often somebody wanted to know."""

    def __init__(self, *held: tuple[str, Role]) -> None:
        self.held = set(held)
        self.asked = 0

    async def holds_role(self, staff_id: str, role: Role) -> bool:
        self.asked += 1
        return (staff_id, role) in self.held


async def refusal_of(accounts: Accounts, key: ProofKey, role: Role = Role.AGENT) -> str:
    """Why the approval of `wang` is refused, code and words; empty if it is not."""
    said = sign(APPROVAL, number=NUMBER, actor="wang", role=role, key=key)
    try:
        await proved(said, NUMBER, KEYRING, Language.EN, accounts)
    except AftersalesError as refused:
        return f"{refused.code.value}: {refused}"
    return ""


async def test_a_proof_of_the_signing_service_counts_while_the_role_is_held() -> None:
    accounts = Accounts(("wang", Role.AGENT))
    assert await refusal_of(accounts, STAFF) == ""
    accounts.held.clear()
    assert "role_not_allowed: This account does not hold that role any more" in await refusal_of(accounts, STAFF)


@pytest.mark.parametrize("role", sorted(STAFF_ROLES - {Role.AGENT}))
async def test_another_role_than_the_one_that_is_held_says_nothing(role: Role) -> None:
    assert await refusal_of(Accounts(("wang", Role.AGENT)), STAFF, role)


async def test_the_signing_service_never_speaks_for_a_customer() -> None:
    assert await refusal_of(Accounts(("wang", Role.CUSTOMER)), STAFF, Role.CUSTOMER)


async def test_people_of_a_backend_need_no_account_with_us() -> None:
    accounts = Accounts()
    assert await refusal_of(accounts, SHOP) == ""
    assert accounts.asked == 0


async def test_a_forged_proof_is_refused_before_anybody_is_looked_up() -> None:
    accounts = Accounts(("wang", Role.AGENT))
    forged = sign(APPROVAL, number=NUMBER, actor="wang", role=Role.AGENT, key=ProofKey("staff", "a guess of a forger"))
    with pytest.raises(AftersalesError) as refused:
        await proved(forged, NUMBER, KEYRING, Language.ZH_CN, accounts)
    assert (refused.value.code, accounts.asked) == (ErrorCode.PROOF_INVALID, 0)


@pytest.mark.parametrize(
    ("role", "account", "held", "allowed"),
    [
        (Role.FINANCE, False, False, True),
        (Role.FINANCE, True, True, True),
        (Role.FINANCE, True, False, False),
        (Role.AGENT, True, True, False),
        (Role.AGENT, False, False, False),
    ],
)
async def test_the_books_are_touched_by_finance_that_holds_the_role(
    role: Role, account: bool, held: bool, allowed: bool
) -> None:
    accounts = Accounts(("wang", role)) if held else Accounts()
    asked = check_cashier(accounts, "wang", role, account=account, deed="writes money off")
    if allowed:
        await asked
        return
    with pytest.raises(AftersalesError) as refused:
        await asked
    assert refused.value.code is ErrorCode.ROLE_NOT_ALLOWED


async def test_what_a_revoked_role_says_changes_nothing_and_is_recorded_with_their_name(
    desk: Desk, policy: FakePolicy
) -> None:
    book = await staffed(desk.engine, wang=Role.AGENT)
    desk.steps = CaseSteps(desk.store, policy, Keyring([STAFF, KEY]))
    await desk.apply(application(amount=cny(5000), reason=Reason.WRONG_ITEM))
    question = Decision(kind=DecisionKind.ESCALATE)
    await book.revoke("wang", Role.AGENT, ADMIN, desk.now)
    refused = (await desk.record(desk.signed(question, "wang", Role.AGENT, STAFF))).answer
    assert refused is not None
    assert (refused.accepted, refused.code) == (False, ErrorCode.ROLE_NOT_ALLOWED)
    [heard] = await desk.heard()
    assert (heard["actor"], heard["accepted"], heard["code"]) == ("wang", False, "role_not_allowed")


async def test_an_application_by_an_account_without_the_role_is_turned_down(desk: Desk, policy: FakePolicy) -> None:
    await staffed(desk.engine, wang=Role.FINANCE)
    desk.steps = CaseSteps(desk.store, policy, Keyring([STAFF]))
    result = await desk.apply(application(), actor="wang", role=Role.AGENT, key=STAFF)
    assert (result.standing.status, result.standing.reason_code) == (CaseStatus.REJECTED, "role_not_allowed")
