import re
from datetime import timedelta

import httpx2
import pytest

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Answer
from aftersales.contract.values import CaseStatus, ErrorCode, Language
from storage.portal import TokenPurpose
from tests.portal.conftest import NUMBER, House


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
async def test_while_nobody_answers_the_page_says_so_and_the_link_stays_good(house: House, code: ErrorCode) -> None:
    token = house.survey_token()
    house.cases.answer = AftersalesError(code, "No worker answers.")
    page = await send(house, token, score="4")
    assert page.status_code == 503
    assert page.headers["retry-after"] == "5"
    assert "it stays valid" in page.text
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


async def test_a_proof_that_is_refused_is_our_fault_and_costs_the_customer_nothing(house: House) -> None:
    house.cases.answer = refused(ErrorCode.PROOF_INVALID)
    assert (await send(house, house.survey_token(), score="4")).status_code == 503
    assert (await open_form(house, house.survey_token())).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [{}, {"score": "0"}, {"score": "6"}, {"score": "good"}, {"score": "5", "comment": "x" * 5000}],
)
async def test_a_form_that_is_not_filled_in_is_shown_again(house: House, fields: dict[str, str]) -> None:
    page = await send(house, house.survey_token(), **fields)
    assert page.status_code == 422
    assert "choose a rating" in page.text
    assert house.cases.answers == []


async def test_a_null_character_does_not_reach_the_case(house: House) -> None:
    await send(house, house.survey_token(), score="3", comment="fine\0 so far")
    assert house.cases.answers[0][1].comment == "fine so far"


async def test_a_form_larger_than_any_answer_is_refused(house: House) -> None:
    assert (await send(house, house.survey_token(), score="5", comment="x" * 40_000)).status_code == 413


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
