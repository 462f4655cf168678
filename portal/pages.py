"""The customer's pages: server-rendered, bilingual, without scripts, everything in them escaped."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from aftersales.contract.values import Language
from integrations.links import SurveyLink
from portal.answers import TRY_AGAIN_S
from portal.words import WORDS

FOLDER: Final = Path(__file__).parent / "templates"
LONGEST_COMMENT: Final = 2000
BOTH: Final = (Language.ZH_CN, Language.EN)


class Pages:
    """Renders each page; where the case's language is not known, in both."""

    def __init__(self, shop_name: str) -> None:
        self._shop_name = shop_name
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=True, auto_reload=False
        )
        self._style = (FOLDER / "portal.css").read_text(encoding="utf-8")

    def style(self) -> Response:
        headers = {"Cache-Control": "public, max-age=86400"}
        return Response(self._style, media_type="text/css", headers=headers)

    def form(self, link: SurveyLink, *, mistaken: bool = False) -> Response:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if mistaken else HTTPStatus.OK
        template = self._templates.get_template("survey.html")
        text = template.render(
            shop=self._shop_name,
            language=link.language.value,
            words=WORDS[link.language],
            number=link.number,
            mistaken=mistaken,
            longest_comment=LONGEST_COMMENT,
        )
        return HTMLResponse(text, status)

    def thanks(self, link: SurveyLink) -> Response:
        return self._notice("thanks", (link.language,), HTTPStatus.OK)

    def invalid(self, status: int = HTTPStatus.NOT_FOUND) -> Response:
        """One page for a wrong, an expired and a used link."""
        return self._notice("invalid", BOTH, status)

    def unavailable(self, link: SurveyLink | None) -> Response:
        """Nobody takes the answer just now; the link stays good."""
        languages = (link.language,) if link else BOTH
        page = self._notice("unavailable", languages, HTTPStatus.SERVICE_UNAVAILABLE)
        page.headers["Retry-After"] = str(TRY_AGAIN_S)
        return page

    def _notice(self, name: str, languages: tuple[Language, ...], status: int) -> Response:
        told = [
            {"language": each.value, "title": WORDS[each][f"{name}_title"], "text": WORDS[each][f"{name}_text"]}
            for each in languages
        ]
        template = self._templates.get_template("notice.html")
        text = template.render(shop=self._shop_name, language=languages[0].value, told=told)
        return HTMLResponse(text, status)
