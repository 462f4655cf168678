"""The customer's pages: server-rendered, bilingual, without scripts, everything in them escaped."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from aftersales.contract.values import Language
from integrations.links import SurveyLink
from portal.answers import TRY_AGAIN_S, Refusal, too_many
from portal.survey_form import LONGEST_COMMENT, Filled, Flaw
from portal.words import WORDS

FOLDER: Final = Path(__file__).parent / "templates"
BOTH: Final = (Language.ZH_CN, Language.EN)
_FLAW_OF: Final[dict[str, str]] = {Flaw.NO_SCORE: "score", Flaw.TOO_LONG: "comment"}


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

    def form(
        self,
        link: SurveyLink,
        filled: Filled | None = None,
        *,
        flaw: Flaw | None = None,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:
        """The empty form, or what was filled in with the flaw beside it."""
        return self._form(link, filled or Filled(), flaw.value if flaw else "", status)

    def form_again(self, link: SurveyLink, filled: Filled) -> Response:
        """503: nobody takes the answer just now; all that was typed stands there to be sent again."""
        page = self._form(link, filled, "unavailable", HTTPStatus.SERVICE_UNAVAILABLE)
        page.headers["Retry-After"] = str(TRY_AGAIN_S)
        return page

    def thanks(self, link: SurveyLink) -> Response:
        return self.notice("thanks", link.language)

    def invalid(self) -> Response:
        """One page for a wrong, an expired and a used link."""
        return self._notice("invalid", BOTH, HTTPStatus.NOT_FOUND)

    def unavailable(self) -> Response:
        """We cannot even look at the link; it stays good."""
        return self.refusal(Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "", TRY_AGAIN_S))

    def too_many(self, wait_s: int) -> Response:
        return self.refusal(too_many(wait_s))

    def refusal(self, why: Refusal) -> Response:
        """The page for a refusal that programs get as JSON; `why.code` has its words in `portal.words`."""
        return self._notice(why.code, BOTH, why.status, why.headers)

    def page(self, template: str, language: Language, status: HTTPStatus, **facts: object) -> Response:
        """A page of this template, which gets shop, language and words beside the facts."""
        text = self._templates.get_template(template).render(
            shop=self._shop_name, language=language.value, words=WORDS[language], **facts
        )
        return HTMLResponse(text, status)

    def notice(self, name: str, language: Language) -> Response:
        """200: the words under `name`, and nothing more to do."""
        return self._notice(name, (language,), HTTPStatus.OK)

    def _form(self, link: SurveyLink, filled: Filled, flaw: str, status: HTTPStatus) -> Response:
        return self.page(
            "survey.html",
            link.language,
            status,
            number=link.number,
            filled=filled,
            flaw=WORDS[link.language][f"flaw_{flaw}"] if flaw else "",
            flaw_of=_FLAW_OF.get(flaw, ""),
            longest_comment=LONGEST_COMMENT,
        )

    def _notice(
        self, name: str, languages: Sequence[Language], status: int, headers: dict[str, str] | None = None
    ) -> Response:
        told = [
            {"language": each.value, "title": WORDS[each][f"{name}_title"], "text": WORDS[each][f"{name}_text"]}
            for each in languages
        ]
        template = self._templates.get_template("notice.html")
        text = template.render(shop=self._shop_name, language=languages[0].value, told=told)
        return HTMLResponse(text, status, headers)
