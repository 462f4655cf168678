"""Destinations are kept under a name that tells nothing, opened for whoever pays, and gone once a person is erased."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import KeptPayee, Payee, Payees, Unit
from activities.rows import LegRow
from activities.types import Leg
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import CaseStatus, ErrorCode, LegState, Money, PayoutMethod, WaitsFor
from aftersales.sealing import EncryptionError, EncryptionKey
from integrations.vault import Vault
from storage.payees import PayeeStore, Taking, new_token
from storage.store import SqlStore
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, case_row

ACCOUNT, HOLDER = "DE89370400440532013000", "Erika Mustermann"
MASKED = "DE•• •••• 3000"
KEY = EncryptionKey(key_id="k1", secret=SecretStr(base64.b64encode(b"k" * 32).decode()))
OTHER_KEY = EncryptionKey(key_id="k2", secret=SecretStr(base64.b64encode(b"o" * 32).decode()))


def payee(token: str = "", method: PayoutMethod = PayoutMethod.BANK_TRANSFER) -> Payee:
    return Payee(token=token or new_token(), method=method, account=ACCOUNT, holder=HOLDER, bank="COBADEFFXXX")


def taking(number: str = NUMBER, customer_id: str = "customer-1", minutes: int = 0) -> Taking:
    at = NOON + timedelta(minutes=minutes)
    return Taking(number=number, customer_id=customer_id, masked=MASKED, by=customer_id, at=at)


def cny(minor: int) -> Money:
    return Money(minor=minor, currency="CNY")


def attempt(leg: int, number: int, state: LegState, minor: int = 1000, *, elsewhere: bool = False) -> LegRow:
    sent = Leg(
        leg=leg,
        attempt=number,
        provider="stripe",
        provider_number=f"{NUMBER}-{leg}-{number}",
        amount=cny(minor),
        state=state,
        failure_code="expired_card" if elsewhere else "",
        elsewhere=elsewhere,
    )
    return LegRow(number=NUMBER, order_id="order-1", tender_id="card", reference="pi_1", leg=sent)


@pytest.fixture
def payees(engine: AsyncEngine) -> PayeeStore:
    return PayeeStore(engine, Vault([KEY]))


async def case_with(engine: AsyncEngine, *legs: LegRow, status: CaseStatus = CaseStatus.PAYMENT_FAILED) -> None:
    row = case_row(status=status, waits_for=WaitsFor.CUSTOMER, due_at=NOON)
    async with SqlStore(engine).begin() as unit:
        await unit.insert_case(row)
        for leg in legs:
            await unit.insert_leg(leg)


async def stored(engine: AsyncEngine) -> str:
    """All that stands in the table, as whoever steals the database reads it."""
    async with engine.connect() as connection:
        return "\n".join(str(tuple(row)) for row in await connection.execute(text("SELECT * FROM payees")))


async def test_a_destination_is_revealed_as_it_was_given(payees: PayeeStore) -> None:
    port: Payees = payees
    given = payee()
    assert await payees.keep(given, taking())
    assert await port.reveal(given.token) == given


async def test_neither_table_nor_printed_form_shows_account_or_holder(payees: PayeeStore, engine: AsyncEngine) -> None:
    given = payee()
    await payees.keep(given, taking())
    for told in (await stored(engine), repr(given), repr(await payees.of_case(NUMBER))):
        assert ACCOUNT not in told
        assert HOLDER not in told
    assert MASKED in await stored(engine)


async def test_the_same_destination_sent_twice_is_kept_once_and_as_it_was(payees: PayeeStore) -> None:
    given = payee()
    assert await payees.keep(given, taking())
    assert not await payees.keep(given.model_copy(update={"account": "another"}), taking())
    assert (await payees.reveal(given.token)).account == ACCOUNT


async def test_names_are_long_and_never_the_same() -> None:
    names = {new_token() for _ in range(100)}
    assert len(names) == 100
    assert {len(bytes.fromhex(name)) * 8 for name in names} == {160}


async def test_an_unknown_destination_is_told_as_that(payees: PayeeStore) -> None:
    with pytest.raises(AftersalesError, match="Ask the customer") as refused:
        await payees.reveal(new_token())
    assert refused.value.code is ErrorCode.PAYEE_UNKNOWN


async def test_a_row_whose_name_was_changed_does_not_open(payees: PayeeStore, engine: AsyncEngine) -> None:
    """Who can write to the database cannot pay one customer's money to another's account."""
    given, other = payee(), new_token()
    await payees.keep(given, taking())
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE payees SET token = :other"), {"other": other})
    with pytest.raises(EncryptionError, match="changed or moved"):
        await payees.reveal(other)


async def test_destinations_stay_readable_while_keys_are_rolled(payees: PayeeStore, engine: AsyncEngine) -> None:
    given = payee()
    await payees.keep(given, taking())
    assert await PayeeStore(engine, Vault([OTHER_KEY, KEY])).reveal(given.token) == given
    with pytest.raises(EncryptionError, match="'k1'"):
        await PayeeStore(engine, Vault([OTHER_KEY])).reveal(given.token)


async def test_a_step_sees_a_destination_masked_and_of_which_case_it_is(
    payees: PayeeStore, engine: AsyncEngine
) -> None:
    given = payee()
    await payees.keep(given, taking())
    async with SqlStore(engine).begin() as unit:
        seen: Unit = unit
        kept = await seen.payee(given.token)
        assert kept == KeptPayee(token=given.token, number=NUMBER, method=PayoutMethod.BANK_TRANSFER, masked=MASKED)
        assert await unit.payee(new_token()) is None


async def test_a_cases_destinations_are_listed_oldest_first_without_those_of_others(payees: PayeeStore) -> None:
    first, second, others = payee(), payee(method=PayoutMethod.ALIPAY), payee()
    await payees.keep(second, taking(minutes=5))
    await payees.keep(first, taking())
    await payees.keep(others, taking(OTHER_NUMBER))
    assert [kept.token for kept in await payees.of_case(NUMBER)] == [first.token, second.token]


async def test_an_erased_persons_destinations_are_gone_and_others_stay(payees: PayeeStore, engine: AsyncEngine) -> None:
    mine, others = payee(), payee()
    await payees.keep(mine, taking())
    await payees.keep(others, taking(OTHER_NUMBER, "customer-2"))
    assert await payees.erase("customer-1", NOON) == (NUMBER,)
    assert await payees.erase("customer-1", NOON) == ()
    with pytest.raises(AftersalesError) as refused:
        await payees.reveal(mine.token)
    assert refused.value.code is ErrorCode.PAYEE_UNKNOWN
    assert await payees.of_case(NUMBER) == ()
    async with SqlStore(engine).begin() as unit:
        assert await unit.payee(mine.token) is None
    assert mine.token in await stored(engine)  # legs and messages name it
    assert await payees.reveal(others.token) == others


# --- another key ------------------------------------------------------------------------------------------------------


async def test_what_an_old_key_locked_is_locked_anew_so_that_the_old_one_can_go(engine: AsyncEngine) -> None:
    given = [payee() for _ in range(3)]
    for each in given:
        await PayeeStore(engine, Vault([OTHER_KEY])).keep(each, taking())
    rolled = PayeeStore(engine, Vault([KEY, OTHER_KEY]))
    assert await rolled.relock() == (3, {})
    assert [await PayeeStore(engine, Vault([KEY])).reveal(each.token) for each in given] == given
    before = await stored(engine)
    assert await rolled.relock() == (0, {})
    assert await stored(engine) == before


async def test_more_than_a_batch_is_locked_anew(engine: AsyncEngine) -> None:
    for _ in range(5):
        await PayeeStore(engine, Vault([OTHER_KEY])).keep(payee(), taking())
    assert await PayeeStore(engine, Vault([KEY, OTHER_KEY])).relock(batch=2) == (5, {})


async def test_what_no_key_opens_is_counted_by_its_key_and_left_as_it_is(engine: AsyncEngine) -> None:
    lost, known = payee(), payee()
    await PayeeStore(engine, Vault([OTHER_KEY])).keep(lost, taking())
    await PayeeStore(engine, Vault([KEY])).keep(known, taking())
    third = EncryptionKey(key_id="k3", secret=SecretStr(base64.b64encode(b"t" * 32).decode()))
    assert await PayeeStore(engine, Vault([third, KEY])).relock() == (1, {"k2": 1})
    assert await PayeeStore(engine, Vault([OTHER_KEY])).reveal(lost.token) == lost


async def test_what_was_erased_needs_no_key(engine: AsyncEngine) -> None:
    await PayeeStore(engine, Vault([OTHER_KEY])).keep(payee(), taking())
    await PayeeStore(engine, Vault([OTHER_KEY])).erase("customer-1", NOON)
    assert await PayeeStore(engine, Vault([KEY])).relock() == (0, {})


async def test_what_is_owed_elsewhere_is_told_with_what_arrived_already(
    payees: PayeeStore, engine: AsyncEngine
) -> None:
    failed = attempt(2, 1, LegState.FAILED, 700, elsewhere=True)
    await case_with(engine, attempt(1, 1, LegState.SUCCEEDED, 300), failed)
    owed = await payees.owed(NUMBER)
    assert owed is not None
    assert (owed.amount, owed.arrived, owed.until) == (cny(700), cny(300), NOON)
    [part] = owed.parts
    assert (part.provider, part.provider_number, part.failure_code) == ("stripe", f"{NUMBER}-2-1", "expired_card")
    assert not part.came_back


async def test_money_that_came_back_is_owed_as_that(payees: PayeeStore, engine: AsyncEngine) -> None:
    await case_with(engine, attempt(1, 1, LegState.REVERSED, elsewhere=True))
    owed = await payees.owed(NUMBER)
    assert owed is not None
    assert owed.parts[0].came_back
    assert owed.arrived is None


@pytest.mark.parametrize(
    "legs",
    [
        (),
        (attempt(1, 1, LegState.FAILED),),  # a dispute, say: finance has it
        (attempt(1, 1, LegState.FAILED, elsewhere=True), attempt(1, 2, LegState.PENDING)),
        (attempt(1, 1, LegState.FAILED, elsewhere=True), attempt(1, 2, LegState.SUCCEEDED)),
        (attempt(1, 1, LegState.FAILED, elsewhere=True), attempt(1, 2, LegState.FAILED)),
    ],
)
async def test_what_is_under_way_or_paid_or_for_finance_is_not_asked_for_again(
    payees: PayeeStore, engine: AsyncEngine, legs: tuple[LegRow, ...]
) -> None:
    await case_with(engine, *legs)
    assert await payees.owed(NUMBER) is None


@pytest.mark.parametrize("status", [CaseStatus.PAYING, CaseStatus.REFUNDED, CaseStatus.REJECTED])
async def test_a_case_that_does_not_ask_owes_nothing_elsewhere(
    payees: PayeeStore, engine: AsyncEngine, status: CaseStatus
) -> None:
    await case_with(engine, attempt(1, 1, LegState.FAILED, elsewhere=True), status=status)
    assert await payees.owed(NUMBER) is None
    assert await payees.owed(OTHER_NUMBER) is None
