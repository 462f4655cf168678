import pytest

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
    [("GET", "/webhooks/stripe"), ("GET", "/evidence/x"), ("PUT", "/survey/x"), ("DELETE", "/survey/x")],
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


async def test_the_process_says_that_it_lives(house: House) -> None:
    assert (await house.client.get("/healthz")).json() == {"status": "ok"}
