"""The pages on which a customer says where the money is to go: form, confirmation, thanks (P3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from aftersales.contract.values import Language, PayoutMethod
from domain.display import display_amount
from integrations.destinations import FIELDS, METHODS
from integrations.letters.failures import failure
from integrations.letters.words import PROVIDERS, phrase
from integrations.links import PayoutLink
from portal.answers import TRY_AGAIN_S
from portal.pages import Pages
from portal.payout_form import LONGEST_ENTRY
from portal.words import WORDS
from storage.payees import Owed

_NO_FLAWS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True)
class Shown:
    """What stands in the form's fields. `account` is masked; `kept` is the whole of it, locked. `flaws` by field."""

    method: PayoutMethod | None = None
    account: str = ""
    holder: str = field(default="", repr=False)
    bank: str = ""
    kept: str = field(default="", repr=False)
    flaws: Mapping[str, str] = field(default_factory=lambda: _NO_FLAWS)


class PayoutPages:
    """In the language of the case."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def form(
        self,
        link: PayoutLink,
        owed: Owed,
        shown: Shown | None = None,
        *,
        flaw: str = "",
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:
        """The form; `flaw` names the words for what is wrong with it as a whole."""
        stands = shown or Shown()
        only = link.methods[0] if len(link.methods) == 1 else None
        facts = {
            "shown": stands,
            "chosen": stands.method or only,
            "methods": [(each, phrase(METHODS, each, link.language)) for each in link.methods],
            "fields": FIELDS,
            "longest": LONGEST_ENTRY,
        }
        return self._page("payout.html", link, owed, facts, flaw=flaw, status=status)

    def confirmation(
        self, link: PayoutLink, owed: Owed, shown: Shown, *, flaw: str = "", status: HTTPStatus = HTTPStatus.OK
    ) -> Response:
        """What was entered, masked, to be confirmed or changed."""
        method = phrase(METHODS, shown.method or "", link.language)
        facts = {"shown": shown, "destination": shown.account or method}
        return self._page("payout_confirm.html", link, owed, facts, flaw=flaw, status=status)

    def confirmation_again(self, link: PayoutLink, owed: Owed, shown: Shown) -> Response:
        """503: nobody takes the answer just now; it can be sent again as it stands."""
        page = self.confirmation(
            link, owed, shown, flaw="payout_flaw_unavailable", status=HTTPStatus.SERVICE_UNAVAILABLE
        )
        page.headers["Retry-After"] = str(TRY_AGAIN_S)
        return page

    def thanks(self, link: PayoutLink) -> Response:
        return self._pages.notice("payout_thanks", link.language)

    def _page(
        self, template: str, link: PayoutLink, owed: Owed, facts: dict[str, Any], *, flaw: str, status: HTTPStatus
    ) -> Response:
        words = WORDS[link.language]
        told = facts | {"owed": _told(owed, link.language), "number": link.number, "flaw": words[flaw] if flaw else ""}
        return self._pages.page(template, link.language, status, **told)


def _told(owed: Owed, language: Language) -> dict[str, object]:
    """What is owed and why it did not arrive, in the customer's words."""
    return {
        "amount": display_amount(owed.amount, language),
        "arrived": display_amount(owed.arrived, language) if owed.arrived else "",
        "parts": [
            {
                "amount": display_amount(part.amount, language),
                "by": phrase(PROVIDERS, part.provider, language),
                "why": failure(part.failure_code, language),
                "came_back": part.came_back,
            }
            for part in owed.parts
        ],
    }
