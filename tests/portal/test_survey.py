import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Answer
from aftersales.contract.values import CaseStatus, ErrorCode, Language
from portal.settings import PortalSettings
from storage.portal import TokenPurpose
from tests.portal.conftest import NUMBER, House, house_with

REFUSE_SPENDING = "CREATE TRIGGER full BEFORE INSERT ON spent_tokens BEGIN SELECT RAISE(ABORT, 'disk full'); END"


async def open_form(house: House, token: str) -> httpx2.Response:
    return await house.client.get(f"/survey/{token}")


async def send(house: House, token: str, **fields: str) -> httpx2.Response:
    return await house.client.post(f"/survey/{token}", data=fields)


def refused(code: ErrorCode) -> Answer:
    return Answer(accepted=False, status=CaseStatus.REFUNDED, code=code)


@pytest.mark.parametrize(
    ("language", "words", "mark"),
    [(Language.ZH_CN, "您对我们的处理满意吗", 'lang="zh-CN"'), (Language.EN, "How did we do?", 'lang="en"')],
)
async def test_the_form_speaks_the_cases_language(house: House, language: Language, words: str, mark: str) -> None:
    page = await open_form(house, house.survey_token(language))
    assert page.status_code == 200
    assert words in page.text
    assert mark in page.text
    assert NUMBER in page.text


async def test_the_form_needs_no_script_and_nothing_from_elsewhere(house: House) -> None:
    page = await open_form(house, house.survey_token())
    assert "<script" not in page.text
    assert re.findall(r'(?:src|href)="([^"]+)"', page.text) == ["/portal.css"]
    style = await house.client.get("/portal.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "http" not in style.text
    assert "Lantern &lt;Shop&gt;" in page.text


async def test_opening_the_link_changes_nothing_however_often(house: House) -> None:
    token = house.survey_token()
    for _ in range(3):
        assert (await open_form(house, token)).status_code == 200
    assert house.cases.answers == []
    assert (await send(house, token, score="5")).status_code == 200


async def test_an_answer_goes_to_the_case_as_its_customers(house: House) -> None:
    page = await send(house, house.survey_token(), score="4", comment="很快，谢谢")
    assert page.status_code == 200
    assert "Thank you" in page.text
    [(number, said, actor, _)] = house.cases.answers
    assert (number, said.score, said.comment, actor) == (NUMBER, 4, "很快，谢谢", "c-7")


async def test_a_link_is_used_up_by_its_answer_and_the_reminders_link_with_it(house: House) -> None:
    first, reminder = house.survey_token(days=7), house.survey_token(days=9)
    await send(house, first, score="4")
    for token in (first, reminder):
        assert (await open_form(house, token)).status_code == 404
        assert (await send(house, token, score="1")).status_code == 404
    assert len(house.cases.answers) == 1


async def test_wrong_expired_and_used_links_show_the_same_page(house: House) -> None:
    used, expired = house.survey_token(days=9), house.survey_token(days=1)
    await send(house, used, score="4")
    house.clock.time += timedelta(days=2)
    pages = [await open_form(house, token) for token in (used, expired, "k1.nonsense", house.upload_token())]
    pages += [await send(house, token, score="5") for token in (used, expired, "k1.nonsense")]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert "此链接无效" in pages[0].text
    assert "not valid" in pages[0].text


@pytest.mark.parametrize("code", [ErrorCode.NOBODY_ANSWERS, ErrorCode.ENGINE_UNAVAILABLE])
async def test_while_nobody_answers_the_form_stays_filled_in_and_the_link_good(house: House, code: ErrorCode) -> None:
    token = house.survey_token()
    house.cases.answer = AftersalesError(code, "No worker answers.")
    page = await send(house, token, score="4", comment="Quick & kind")
    assert page.status_code == 503
    assert page.headers["retry-after"] == "5"
    assert "The link stays valid" in page.text
    assert 'value="4" required checked' in page.text
    assert "Quick &amp; kind" in page.text
    house.cases.answer = Answer(accepted=True, status=CaseStatus.REFUNDED)
    assert (await send(house, token, score="4")).status_code == 200


async def test_the_same_answer_sent_twice_is_the_same_message(house: House) -> None:
    house.cases.answer = AftersalesError(ErrorCode.NOBODY_ANSWERS, "No worker answers.")
    token = house.survey_token()
    for score in ("4", "4", "2"):
        await send(house, token, score=score)
    ids = [message_id for *_, message_id in house.cases.answers]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("code", [ErrorCode.SURVEY_ANSWERED, ErrorCode.TOO_LATE])
async def test_a_case_that_takes_no_answer_any_more_shows_the_page_of_a_used_link(
    house: House, code: ErrorCode
) -> None:
    house.cases.answer = refused(code)
    assert (await send(house, house.survey_token(), score="4")).status_code == 404


async def test_a_case_that_has_closed_shows_the_page_of_a_used_link(house: House) -> None:
    house.cases.answer = AftersalesError(ErrorCode.CASE_CLOSED, "closed")
    assert (await send(house, house.survey_token(), score="4")).status_code == 404


@pytest.mark.parametrize("code", [ErrorCode.PROOF_INVALID, ErrorCode.STEP_CONFLICT, ErrorCode.NOT_NOW])
async def test_a_refusal_that_is_no_fault_of_the_customers_costs_them_nothing(house: House, code: ErrorCode) -> None:
    house.cases.answer = refused(code)
    assert (await send(house, house.survey_token(), score="4")).status_code == 503
    assert (await open_form(house, house.survey_token())).status_code == 200


async def test_an_answer_that_was_taken_is_thanked_for_though_the_link_could_not_be_noted_as_used(house: House) -> None:
    """The case itself takes one answer; asking the customer to send it again would be untrue."""
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql(REFUSE_SPENDING)
    token = house.survey_token()
    assert "Thank you" in (await send(house, token, score="4")).text
    house.cases.answer = refused(ErrorCode.SURVEY_ANSWERED)
    assert (await send(house, token, score="1")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "choose a rating"),
        ({"score": "0"}, "choose a rating"),
        ({"score": "6"}, "choose a rating"),
        ({"score": "good"}, "choose a rating"),
        ({"score": "5", "comment": "x" * 5000}, "within 2000 characters"),
    ],
)
async def test_a_form_that_is_not_filled_in_is_shown_again(house: House, fields: dict[str, str], words: str) -> None:
    page = await send(house, house.survey_token(), **fields)
    assert page.status_code == 422
    assert words in page.text
    assert house.cases.answers == []


async def test_what_was_typed_is_not_lost_for_want_of_a_rating(house: House) -> None:
    page = await send(house, house.survey_token(), comment="</textarea><b>Quick</b>")
    assert "&lt;/textarea&gt;&lt;b&gt;Quick" in page.text


async def test_each_control_has_a_label_and_a_flaw_stands_with_its_field(house: House) -> None:
    page = (await send(house, house.survey_token(), score="5", comment="x" * 5000)).text
    assert page.count("<label><input") == 5
    assert '<label class="comment" for="comment">' in page
    assert 'aria-describedby="hint flaw" aria-invalid="true"' in page
    assert '<p class="mistake" id="flaw" role="alert">' in page


async def test_a_null_character_does_not_reach_the_case(house: House) -> None:
    await send(house, house.survey_token(), score="3", comment="fine\0 so far")
    assert house.cases.answers[0][1].comment == "fine so far"


async def test_a_form_larger_than_any_answer_is_refused_and_says_what_is_too_long(house: House) -> None:
    page = await send(house, house.survey_token(), score="5", comment="x" * 40_000)
    assert page.status_code == 413
    assert "within 2000 characters" in page.text


async def test_a_body_that_is_no_text_is_asked_for_again(house: House) -> None:
    for body in (b"score=5&comment=\xed\xa0\x80", b"score=5&" + b"x=1&" * 9):
        page = await house.client.post(f"/survey/{house.survey_token()}", content=body)
        assert page.status_code == 422
        assert "did not arrive in full" in page.text


@pytest.mark.parametrize("token", ["%00", "k1.%00", "%ED%A0%80", "k1." + "x" * 3000])
async def test_an_address_that_no_link_of_ours_can_have_is_a_link_that_does_not_hold(house: House, token: str) -> None:
    assert (await open_form(house, token)).status_code == 404
    assert (await send(house, token, score="5")).status_code == 404


async def test_a_form_that_does_not_arrive_in_time_is_asked_for_again(settings: PortalSettings) -> None:
    async def dawdling() -> AsyncIterator[bytes]:
        yield b"score="
        await asyncio.sleep(5)

    async with house_with(settings.model_copy(update={"body_limit_s": 0.05})) as house:
        page = await house.client.post(f"/survey/{house.survey_token()}", content=dawdling())
    assert page.status_code == 408
    assert "send it again" in page.text


async def test_without_a_database_the_page_says_so(without_database: House) -> None:
    token = without_database.survey_token()
    assert (await open_form(without_database, token)).status_code == 503
    assert (await send(without_database, token, score="5")).status_code == 503
    assert without_database.cases.answers == []


async def test_no_token_is_stored_that_could_be_used(house: House) -> None:
    token = house.survey_token()
    await send(house, token, score="5")
    async with house.engine.connect() as connection:
        [row] = (await connection.exec_driver_sql("SELECT purpose, token_hash FROM spent_tokens")).all()
    assert row.purpose == TokenPurpose.SURVEY
    assert re.fullmatch("[0-9a-f]{64}", row.token_hash)
