"""A customer names another destination: form, confirmation, and one message to the case (P3.2)."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape

import httpx2
import pytest
from sqlalchemy import text

from activities.rows import CaseRow, LegRow
from activities.types import Leg
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Answer, Application, CaseStart, Item
from aftersales.contract.values import CaseStatus, ErrorCode, Language, LegState, Money, PayoutMethod, Reason, WaitsFor
from integrations.links import PayoutLink, asking_for
from portal.guard import HEADERS
from portal.settings import PortalSettings
from storage.store import SqlStore
from tests.portal.conftest import NUMBER, PROVIDER_NUMBER, House, client_of, house_with

IBAN, HOLDER = "DE89370400440532013000", "Erika Mustermann"
MASKED = "Bank account DE•• •••• 3000"
BANK = {
    "method": "bank_transfer",
    "account_bank_transfer": "DE89 3704 0044 0532 0130 00",
    "holder_bank_transfer": HOLDER,
}
CREDIT = {"method": "store_credit"}
REFUSE_SPENDING = "CREATE TRIGGER full BEFORE INSERT ON spent_tokens BEGIN SELECT RAISE(ABORT, 'disk full'); END"


async def asking(house: House, *legs: LegRow, language: Language = Language.EN) -> None:
    """A case that could not pay and waits for its customer."""
    item = Item(line_id="L1", quantity=1)
    asked = Application(order_id="o-1", customer_id="c-7", items=(item,), reason=Reason.WRONG_SIZE, language=language)
    now = house.clock.now()
    case = CaseRow(
        number=NUMBER,
        start=CaseStart(number=NUMBER, caller="shop", request_key="portal", application=asked),
        status=CaseStatus.PAYMENT_FAILED,
        waits_for=WaitsFor.CUSTOMER,
        opened_at=now,
        updated_at=now,
    )
    async with SqlStore(house.engine).begin() as unit:
        await unit.insert_case(case)
        for leg in legs or (leg_in(LegState.FAILED),):
            await unit.insert_leg(leg)


def leg_in(state: LegState, leg: int = 1, minor: int = 1000) -> LegRow:
    sent = Leg(
        leg=leg,
        attempt=1,
        provider="stripe",
        provider_number=f"{NUMBER}-{leg}-1",
        amount=Money(minor=minor, currency="CNY"),
        state=state,
        failure_code="" if state is LegState.SUCCEEDED else "expired_or_canceled_card",
        elsewhere=state is not LegState.SUCCEEDED,
    )
    return LegRow(number=NUMBER, order_id="o-1", tender_id="t-1", reference="ch_1", leg=sent)


def token_of(
    house: House,
    *methods: PayoutMethod,
    language: Language = Language.EN,
    days: int = 7,
    provider_number: str = PROVIDER_NUMBER,
) -> str:
    link = PayoutLink(
        number=NUMBER,
        customer_id="c-7",
        asking=asking_for([provider_number]),
        methods=methods or tuple(PayoutMethod),
        language=language,
        expires_at=int((house.clock.now() + timedelta(days=days)).timestamp()),
    )
    return house.links.payout_token(link)


async def open_form(house: House, token: str) -> httpx2.Response:
    return await house.client.get(f"/payout/{token}")


async def send(house: House, token: str, **fields: str) -> httpx2.Response:
    return await house.client.post(f"/payout/{token}", data=fields)


def kept_in(page: httpx2.Response) -> str:
    found = re.search(r'name="kept" value="([^"]+)"', page.text)
    assert found, page.text
    return unescape(found[1])


async def confirmed(house: House, token: str, **fields: str) -> httpx2.Response:
    page = await send(house, token, **fields)
    assert page.status_code == 200, page.text
    return await send(house, token, step="confirm", kept=kept_in(page))


async def payees_kept(house: House) -> int:
    async with house.engine.connect() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM payees"))).scalar_one())


def refused(code: ErrorCode) -> Answer:
    return Answer(accepted=False, status=CaseStatus.PAYING, code=code)


@pytest.mark.parametrize(
    ("language", "says"),
    [
        (Language.ZH_CN, ["请告诉我们您的退款收款账户", "¥10.00", "银行卡已过期或已注销", "支付宝", 'lang="zh-CN"']),
        (Language.EN, ["Where may we send your refund?", "CN¥10.00", "the card has expired", "Alipay", 'lang="en"']),
    ],
)
async def test_the_form_says_how_much_and_why_in_the_cases_language(
    house: House, language: Language, says: list[str]
) -> None:
    await asking(house, language=language)
    page = await open_form(house, token_of(house, language=language))
    assert page.status_code == 200
    for words in (*says, NUMBER):
        assert words in page.text


async def test_a_part_that_was_paid_is_told_and_money_that_came_back_is_called_that(house: House) -> None:
    await asking(house, leg_in(LegState.SUCCEEDED, 1, 300), leg_in(LegState.REVERSED, 2, 700))
    page = await open_form(house, token_of(house))
    assert "not affected: <strong>CN¥3.00</strong>" in page.text
    assert "CN¥7.00 – it had arrived and came back; the card has expired" in page.text


async def test_only_the_methods_of_the_link_are_offered_and_taken(house: House) -> None:
    await asking(house)
    token = token_of(house, PayoutMethod.STORE_CREDIT, PayoutMethod.BANK_TRANSFER)
    page = await open_form(house, token)
    assert re.findall(r'name="method" value="(\w+)"', page.text) == ["store_credit", "bank_transfer"]
    other = await send(house, token, method="alipay", account_alipay="13812345678", holder_alipay=HOLDER)
    assert other.status_code == 422
    assert "choose how" in other.text


async def test_the_form_needs_no_script_and_its_headers_keep_it_to_itself(house: House) -> None:
    await asking(house)
    page = await open_form(house, token_of(house))
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert re.findall(r'(?:src|href)="([^"]+)"', page.text) == ["/portal.css"]
    assert {name: page.headers[name] for name in HEADERS} == HEADERS
    assert page.headers["cache-control"] == "no-store"


async def test_opening_and_checking_change_nothing_however_often(house: House) -> None:
    await asking(house)
    token = token_of(house)
    for _ in range(3):
        assert (await open_form(house, token)).status_code == 200
        assert (await send(house, token, **BANK)).status_code == 200
    assert house.cases.choices == []
    assert await payees_kept(house) == 0


async def test_what_is_confirmed_is_kept_encrypted_and_told_to_the_case_masked(house: House) -> None:
    await asking(house)
    page = await confirmed(house, token_of(house), **BANK)
    assert page.status_code == 200
    assert "Thank you" in page.text
    [(number, said, actor, _)] = house.cases.choices
    assert (number, said.method, said.masked, actor) == (NUMBER, PayoutMethod.BANK_TRANSFER, MASKED, "c-7")
    payee = await house.payees.reveal(said.payee)
    assert (payee.account, payee.holder) == (IBAN, HOLDER)


async def test_the_customer_confirms_a_masked_destination(house: House) -> None:
    await asking(house)
    page = await send(house, token_of(house), **BANK)
    assert "Please check where we send it" in page.text
    assert MASKED in page.text
    assert HOLDER in page.text


async def test_no_page_shows_an_account_again(house: House) -> None:
    await asking(house)
    token = token_of(house)
    check = await send(house, token, **BANK)
    change = await send(house, token, step="change", kept=kept_in(check))
    without_name = await send(house, token, **(BANK | {"holder_bank_transfer": ""}))
    wrong = await send(house, token, **(BANK | {"account_bank_transfer": "DE88370400440532013000"}))
    for page in (check, change, without_name, wrong):
        assert "05320130" not in page.text.replace(" ", "")


async def test_a_wrong_field_is_marked_beside_it_and_the_good_ones_stay(house: House) -> None:
    await asking(house)
    token = token_of(house)
    page = await send(house, token, **(BANK | {"holder_bank_transfer": "", "bank_bank_transfer": "COBADEFFXXX"}))
    assert page.status_code == 422
    assert re.search(r'id="flaw_holder_bank_transfer">[^<]*name of the account', page.text)
    assert 'aria-invalid="true"' in page.text
    assert 'value="COBADEFFXXX"' in page.text
    assert f"Entered: {MASKED}" in page.text
    mended = await send(house, token, method="bank_transfer", holder_bank_transfer=HOLDER, kept=kept_in(page))
    assert mended.status_code == 200
    assert MASKED in mended.text


async def test_a_wrong_account_is_asked_for_again_with_what_is_wrong_and_the_name_stays(house: House) -> None:
    await asking(house)
    page = await send(house, token_of(house), **(BANK | {"account_bank_transfer": "DE88370400440532013000"}))
    assert page.status_code == 422
    assert "check digits" in page.text
    assert f'value="{HOLDER}"' in page.text
    assert "Entered:" not in page.text


async def test_an_account_that_was_kept_for_one_method_is_not_taken_for_another(house: House) -> None:
    await asking(house)
    token = token_of(house)
    kept = kept_in(await send(house, token, **BANK))
    page = await send(house, token, method="alipay", holder_alipay=HOLDER, kept=kept)
    assert page.status_code == 422


async def test_who_goes_back_may_change_everything_before_confirming(house: House) -> None:
    await asking(house)
    token = token_of(house)
    back = await send(house, token, step="change", kept=kept_in(await send(house, token, **BANK)))
    assert 'value="bank_transfer" required checked' in back.text
    alipay = {"method": "alipay", "account_alipay": "13812345678", "holder_alipay": HOLDER}
    await confirmed(house, token, **alipay, kept=kept_in(back))
    [(_, said, _, _)] = house.cases.choices
    assert (said.method, said.masked) == (PayoutMethod.ALIPAY, "Alipay •••• 5678")


async def test_store_credit_is_confirmed_without_any_details(house: House) -> None:
    await asking(house)
    await confirmed(house, token_of(house), **CREDIT)
    [(_, said, _, _)] = house.cases.choices
    assert (said.method, said.payee, said.masked) == (PayoutMethod.STORE_CREDIT, "", "")
    assert await payees_kept(house) == 0


@pytest.mark.parametrize("kept", ["", "v1.AAAA", "nonsense"])
async def test_nothing_is_confirmed_that_was_not_shown(house: House, kept: str) -> None:
    await asking(house)
    page = await send(house, token_of(house), step="confirm", kept=kept, **BANK)
    assert page.status_code == 422
    assert "did not arrive in full" in page.text
    assert house.cases.choices == []


async def test_what_was_only_partly_good_cannot_be_confirmed(house: House) -> None:
    await asking(house)
    token = token_of(house)
    kept = kept_in(await send(house, token, **(BANK | {"holder_bank_transfer": ""})))
    assert (await send(house, token, step="confirm", kept=kept)).status_code == 422
    assert house.cases.choices == []


async def test_a_link_is_used_up_by_its_answer_and_the_reminders_link_with_it(house: House) -> None:
    await asking(house)
    first, reminder = token_of(house), token_of(house, days=9)
    later = token_of(house, provider_number=f"{NUMBER}-1-2")
    await confirmed(house, first, **BANK)
    for token in (first, reminder):
        assert (await open_form(house, token)).status_code == 404
        assert (await send(house, token, **BANK)).status_code == 404
    assert (await open_form(house, later)).status_code == 200


async def test_wrong_expired_used_and_overtaken_links_show_the_same_page(house: House) -> None:
    overtaken = await open_form(house, token_of(house))  # nothing is asked for
    await asking(house)
    used, expired = token_of(house, days=9), token_of(house, days=1)
    await confirmed(house, used, **CREDIT)
    house.clock.time += timedelta(days=2)
    pages = [await open_form(house, token) for token in (used, expired, "k1.nonsense", house.survey_token())]
    pages += [await send(house, token, **BANK) for token in (used, expired, "k1.nonsense", house.upload_token())]
    pages.append(overtaken)
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert "not valid" in pages[0].text


@pytest.mark.parametrize("code", [ErrorCode.NOBODY_ANSWERS, ErrorCode.ENGINE_UNAVAILABLE])
async def test_while_nobody_answers_what_was_confirmed_can_be_sent_again_and_counts_once(
    house: House, code: ErrorCode
) -> None:
    await asking(house)
    token = token_of(house)
    house.cases.answer = AftersalesError(code, "No worker answers.")
    page = await confirmed(house, token, **BANK)
    assert page.status_code == 503
    assert page.headers["retry-after"] == "5"
    assert "The link stays valid" in page.text
    house.cases.answer = Answer(accepted=True, status=CaseStatus.PAYING)
    assert (await send(house, token, step="confirm", kept=kept_in(page))).status_code == 200
    first, second = house.cases.choices
    assert first[1:] == second[1:]
    assert await payees_kept(house) == 1


@pytest.mark.parametrize("code", [ErrorCode.NOT_NOW, ErrorCode.TOO_LATE, ErrorCode.PAYOUT_NOT_POSSIBLE])
async def test_a_case_that_asks_no_more_shows_the_page_of_a_used_link(house: House, code: ErrorCode) -> None:
    await asking(house)
    house.cases.answer = refused(code)
    assert (await confirmed(house, token_of(house), **BANK)).status_code == 404


async def test_a_case_that_has_closed_shows_the_page_of_a_used_link(house: House) -> None:
    await asking(house)
    house.cases.answer = AftersalesError(ErrorCode.CASE_CLOSED, "closed")
    assert (await confirmed(house, token_of(house), **BANK)).status_code == 404


@pytest.mark.parametrize("code", [ErrorCode.PROOF_INVALID, ErrorCode.STEP_CONFLICT, ErrorCode.PAYEE_UNKNOWN])
async def test_a_refusal_that_is_no_fault_of_the_customers_costs_them_nothing(house: House, code: ErrorCode) -> None:
    await asking(house)
    house.cases.answer = refused(code)
    assert (await confirmed(house, token_of(house), **BANK)).status_code == 503
    assert (await open_form(house, token_of(house))).status_code == 200


async def test_what_was_taken_is_thanked_for_though_the_link_could_not_be_noted_as_used(house: House) -> None:
    await asking(house)
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql(REFUSE_SPENDING)
    assert "Thank you" in (await confirmed(house, token_of(house), **BANK)).text


async def test_what_the_customer_typed_is_only_ever_text(house: House) -> None:
    await asking(house)
    page = await send(house, token_of(house), **(BANK | {"holder_bank_transfer": 'E"><b>rika'}))
    assert "<b>rika" not in page.text
    assert "&lt;b&gt;rika" in page.text


@pytest.mark.parametrize("body", [b"method=\xed\xa0\x80", b"x=1&" * 40, b"step=pay"])
async def test_a_body_that_no_form_sends_is_asked_for_again(house: House, body: bytes) -> None:
    await asking(house)
    page = await house.client.post(f"/payout/{token_of(house)}", content=body)
    assert page.status_code == 422
    assert "did not arrive in full" in page.text


async def test_a_form_larger_than_any_or_too_slow_is_refused(settings: PortalSettings) -> None:
    async def dawdling() -> AsyncIterator[bytes]:
        yield b"method="
        await asyncio.sleep(5)

    async with house_with(settings.model_copy(update={"body_limit_s": 0.05})) as house:
        await asking(house)
        address = f"/payout/{token_of(house)}"
        assert (await house.client.post(address, content=b"x" * 20_000)).status_code == 413
        assert (await house.client.post(address, content=dawdling())).status_code == 408


async def test_who_tries_too_often_waits(settings: PortalSettings) -> None:
    async with house_with(settings.model_copy(update={"link_per_minute": 2, "address_per_minute": 4})) as house:
        await asking(house)
        token = token_of(house)
        pages = [await open_form(house, token) for _ in range(3)]
        assert [page.status_code for page in pages] == [200, 200, 429]
        assert int(pages[-1].headers["retry-after"]) > 0
        await open_form(house, "k1.guess")
        assert (await open_form(house, "k1.guess")).status_code == 429
        async with client_of(house.app, "203.0.113.9") as neighbour:
            assert (await neighbour.get("/payout/k1.guess")).status_code == 404


async def test_a_destination_that_cannot_be_kept_is_not_told_to_the_case(house: House) -> None:
    await asking(house)
    token = token_of(house)
    kept = kept_in(await send(house, token, **BANK))
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE payees")
    page = await send(house, token, step="confirm", kept=kept)
    assert page.status_code == 503
    assert page.headers["retry-after"] == "5"
    assert house.cases.choices == []


async def test_without_a_database_the_page_says_so(without_database: House) -> None:
    token = token_of(without_database)
    assert (await open_form(without_database, token)).status_code == 503
    assert (await send(without_database, token, **BANK)).status_code == 503


async def test_the_log_holds_neither_account_nor_name(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    await asking(house)
    house.cases.answer = AftersalesError(ErrorCode.NOBODY_ANSWERS, "No worker answers.")
    await confirmed(house, token_of(house), **BANK)
    logged = "".join(capfd.readouterr())
    assert "payout_not_taken" in logged
    assert IBAN not in logged
    assert "Mustermann" not in logged
