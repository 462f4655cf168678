"""`aftersales explain`: why a case was decided as it was, for the staff or as its customer may hear it (P5.1)."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import CaseStatus, ErrorCode, Language
from cli.commands.deployment import Deployment
from cli.commands.errors import MistypedError
from cli.commands.parameters import DEFAULT_HOME, HomeOption, NumberArgument
from cli.commands.screen import console, say

if TYPE_CHECKING:
    from cli.commands.explain_screen import Explained

# ruff: noqa: PLC0415 - policies, stores and tables are not needed for `--help`


def explain(
    number: NumberArgument,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, amounts in minor units.")] = False,
    customer: Annotated[bool, typer.Option("--customer", help="Only what the customer may hear.")] = False,
    language: Annotated[
        Language | None, typer.Option("--language", help="Of the customer's part; by default the customer's own.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show from what and by which rules a case was decided, and what would have changed it."""
    if as_json and customer:
        raise MistypedError("--json is the staff's part, --customer the customer's: choose one of them.")
    asyncio.run(_explain(Deployment(home), number, language if customer else None, as_json=as_json, customer=customer))


async def _explain(
    deployment: Deployment, number: str, language: Language | None, *, as_json: bool, customer: bool
) -> None:
    from cli.commands.explain_screen import as_object, screen

    explained = await _read(deployment, number)
    if customer:
        say(_for_the_customer(explained, language))
    elif as_json:
        say(json.dumps(as_object(explained), ensure_ascii=False))
    else:
        console().print(screen(explained))


async def _read(deployment: Deployment, number: str) -> Explained:
    from cli.commands.explain_screen import Explained
    from cli.commands.policy_lookup import version_of
    from storage.assessments import AssessmentListing
    from storage.reading import Reading

    async with deployment.database() as engine:
        record = await Reading(engine).case(number)
        if record is None:
            raise AftersalesError(
                ErrorCode.CASE_UNKNOWN, f"There is no case {number} in the database. Check the number."
            )
        assessments = await AssessmentListing(engine).of_case(number)
        hashes = dict.fromkeys(each.policy_hash for each in assessments)
        versions = {content_hash: await version_of(engine, content_hash) for content_hash in hashes}
    return Explained(record, assessments, versions)


def _for_the_customer(explained: Explained, language: Language | None) -> str:
    """What a person wrote to the customer since, else the last automatic decision."""
    from activities.explaining_decisions import BEING_LOOKED_AT, RECEIVED, for_the_customer

    case, assessments = explained.record.case, explained.assessments
    chosen = language or case.start.application.language
    last: datetime | None = assessments[-1].at if assessments else None
    by_person = any(last is None or each.entry.at > last for each in explained.decisions)
    if (by_person or not assessments) and case.explanation:
        return case.explanation
    if by_person or not assessments:
        said = RECEIVED if case.status is CaseStatus.RECEIVED else BEING_LOOKED_AT
        return said[0 if chosen is Language.ZH_CN else 1]
    return for_the_customer(assessments[-1], case.opened_at, chosen)
