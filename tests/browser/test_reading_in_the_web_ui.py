"""Operations read an encrypted case in Temporal's own Web UI: with the codec server and a login, and not without."""

from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from cli.servers.probes import LOOPBACK
from tests.browser.conftest import Desk
from tests.client.encrypting import NAME, STORY
from tests.portal.codec.serving import TOKEN
from tests.support.browser import BrowserMissingError, browser_program

SEALED = "encryption-key-id"


async def log_in(page: Page, desk: Desk) -> None:
    await page.goto(desk.codec_url)
    await page.get_by_label("Your token").fill(TOKEN)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_text("You are logged in as anna")).to_be_visible()


async def name_the_codec_server(page: Page, desk: Desk) -> None:
    """In the Web UI's own dialog, behind the glasses."""
    await page.goto(desk.case_url)
    await page.locator("[data-testid^=data-encoder-status]").first.click()
    await page.get_by_test_id("data-encoder-endpoint-input").fill(desk.codec_url)
    await page.get_by_text("Include cross-origin credentials").click()
    await page.get_by_test_id("confirm-data-encoder-button").click()


async def input_of_the_case(page: Page, desk: Desk) -> Locator:
    await page.goto(desk.case_url)
    return page.get_by_test_id("input-and-result")


async def test_without_the_codec_server_nothing_that_people_wrote_is_readable(page: Page, desk: Desk) -> None:
    await expect(await input_of_the_case(page, desk)).to_contain_text(SEALED)
    shown = await page.inner_text("body")
    assert not [words for words in (STORY, NAME) if words in shown]


async def test_who_is_logged_in_reads_the_case_until_they_log_out(page: Page, desk: Desk) -> None:
    await log_in(page, desk)
    await name_the_codec_server(page, desk)
    shown = await input_of_the_case(page, desk)
    await expect(shown).to_contain_text(STORY)
    await expect(shown).not_to_contain_text(SEALED)

    await page.goto(desk.codec_url)
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("Your token")).to_be_visible()
    shown = await input_of_the_case(page, desk)
    await expect(shown).to_contain_text(SEALED)
    await expect(shown).not_to_contain_text(STORY)


async def test_a_page_of_another_origin_reads_nothing_with_the_readers_cookie(page: Page, desk: Desk) -> None:
    await log_in(page, desk)
    ask = """url => fetch(`${url}/decode`, {
        method: "POST", credentials: "include", headers: {"content-type": "application/json"}, body: '{"payloads": []}'
    }).then(answer => answer.status, () => "kept away")"""
    await page.goto(desk.case_url)
    assert await page.evaluate(ask, desk.codec_url) == 200
    await page.goto(desk.case_url.replace(LOOPBACK, "localhost"))
    assert await page.evaluate(ask, desk.codec_url) == "kept away"


async def test_a_wrong_token_is_told_on_the_page(page: Page, desk: Desk) -> None:
    await page.goto(desk.codec_url)
    await page.get_by_label("Your token").fill("wrong")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_have_text("No reader has this token.")


def test_a_machine_without_a_browser_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(BrowserMissingError, match="apt-get install --no-install-recommends chromium"):
        browser_program({"PATH": str(tmp_path)})
