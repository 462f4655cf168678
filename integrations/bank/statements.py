"""The account's statements, fetched from the bank a day at a time (P3.3)."""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import ValidationError

from activities.ports import StatementLine, StatementNotReadyError
from integrations.bank.api import AnswerLostError, BankAccess, BankAnswer, BankApi, NothingSentError
from integrations.bank.camt053 import read_page
from integrations.bank.wire import Refused

# A day of many payouts is a large document; no case waits for it.
TIMEOUT_S: Final = 60.0
MOST_PAGES: Final = 1000
_OK: Final = 200
_NOT_READY: Final = "statement_not_ready"


class BankStatements:
    """Implements `activities.ports.Statements`; the bank's days are days in its own time zone."""

    provider: str = "bank"

    def __init__(self, access: BankAccess) -> None:
        self._access = access

    async def of(self, day: date) -> tuple[StatementLine, ...]:
        """All pages of a day. Raises StatementNotReadyError, also while the bank cannot be reached; ValueError, which
        names the line, for what cannot be read."""
        api = BankApi(self._access, timeout_s=TIMEOUT_S)
        try:
            return await self._pages(api, day)
        except (NothingSentError, AnswerLostError) as error:
            raise StatementNotReadyError(f"{error} Ask for {day} again in an hour.") from error
        finally:
            await api.close()

    async def _pages(self, api: BankApi, day: date) -> tuple[StatementLine, ...]:
        lines: list[StatementLine] = []
        for page in range(1, MOST_PAGES + 1):
            answer = await api.get("statements/camt053", {"date": day.isoformat(), "page": str(page)})
            if answer.status != _OK:
                raise _refusal(answer, day)
            read = read_page(answer.body, self._access.debtor_account)
            if strayed := next((line for line in read.lines if line.booked_at.date() != day), None):
                raise ValueError(f"{strayed.line_id}: booked on another day than {day}, which was asked for.")
            lines += read.lines
            if read.is_last:
                return tuple(lines)
        raise ValueError(f"The statement of {day} has more than {MOST_PAGES} pages.")


def _refusal(answer: BankAnswer, day: date) -> StatementNotReadyError | ValueError:
    try:
        code = Refused.model_validate_json(answer.body).error.code
    except ValidationError:
        code = f"HTTP {answer.status}"
    if code == _NOT_READY:
        return StatementNotReadyError(f"The bank makes the statement of {day} after the day's end; ask tomorrow.")
    if answer.status == 429 or answer.status >= 500:  # noqa: PLR2004 - HTTP's own numbers
        return StatementNotReadyError(f"The bank has no statement of {day} at the moment ({code}); ask in an hour.")
    return ValueError(f"The bank refuses the statement of {day} ({code}); check AFTERSALES_BANK_TOKEN and its rights.")
