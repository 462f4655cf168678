import pytest

from aftersales.contract.values import Language
from portal.survey_form import Flaw
from portal.words import WORDS
from tests.portal.conftest import House


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/portal.css", "/survey/x", "/nothing", "/evidence/x"])
async def test_every_answer_keeps_itself_to_itself(house: House, path: str) -> None:
    headers = (await house.client.get(path)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


async def test_pages_with_a_token_in_their_address_are_not_cached(house: House) -> None:
    page = await house.client.get(f"/survey/{house.survey_token()}")
    assert page.headers["cache-control"] == "no-store"
    assert "set-cookie" not in page.headers


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
async def test_no_description_of_the_interface_is_published(house: House, path: str) -> None:
    assert (await house.client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/webhooks/stripe"), ("PUT", "/evidence/x"), ("PUT", "/survey/x"), ("DELETE", "/survey/x")],
)
async def test_nothing_else_can_be_done_to_a_route(house: House, method: str, path: str) -> None:
    assert (await house.client.request(method, path)).status_code == 405


async def test_the_log_names_the_room_and_no_token(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    token = house.survey_token()
    await house.client.get(f"/survey/{token}")
    told = capsys.readouterr()
    assert "survey" in told.out + told.err
    assert token not in told.out + told.err


async def test_an_unexpected_error_shows_no_trace_and_keeps_the_headers(house: House) -> None:
    house.cases.answer = RuntimeError("secret detail")
    page = await house.client.post(f"/survey/{house.survey_token()}", data={"score": "5"})
    assert page.status_code == 500
    assert "secret" not in page.text
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/survey/x", 405)])
async def test_where_there_is_nothing_a_person_reads_a_page_and_a_program_json(
    house: House, method: str, path: str, status: int
) -> None:
    page = await house.client.request(method, path, headers={"accept": "text/html,*/*;q=0.8"})
    assert page.status_code == status
    assert "页面不存在" in page.text
    assert "There is no such page" in page.text
    told = await house.client.request(method, path)
    assert (told.status_code, told.json()["code"]) == (status, "nothing_here")


async def test_a_person_reads_of_our_error_in_both_languages(house: House) -> None:
    house.cases.answer = RuntimeError("secret detail")
    page = await house.client.post(
        f"/survey/{house.survey_token()}", data={"score": "5"}, headers={"accept": "text/html"}
    )
    assert page.status_code == 500
    assert "系统出错了" in page.text
    assert "Something went wrong" in page.text
    assert "secret" not in page.text


def test_every_page_has_its_words_in_every_language() -> None:
    chinese, english = WORDS[Language.ZH_CN], WORDS[Language.EN]
    assert chinese.keys() == english.keys()
    assert all(chinese.values())
    assert all(english.values())
    assert {f"flaw_{flaw.value}" for flaw in Flaw} <= chinese.keys()


async def test_the_process_says_that_it_lives(house: House) -> None:
    assert (await house.client.get("/healthz")).json() == {"status": "ok"}
