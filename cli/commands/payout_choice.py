"""`aftersales payout choose`: an agent on the phone names a destination in the customer's place (P3.2).

An account is asked for rather than given as an option, so that no shell's history keeps it.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from aftersales.contract.messages import PayoutChoice
from aftersales.contract.values import Language, PayoutMethod
from cli.commands.answers import stored_case, tell
from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError, MistypedError
from cli.commands.identity import SPOKESMEN, speaker_of
from cli.commands.parameters import (
    DEFAULT_HOME,
    HomeOption,
    MessageIdOption,
    NumberArgument,
    StaffActorOption,
    StaffRoleOption,
)
from cli.commands.screen import amount, moment, say, words
from cli.commands.speaking import spoken_by

# ruff: noqa: PLC0415 - the database and the checks of accounts take a second to load, and `--help` needs neither

if TYPE_CHECKING:
    from activities.rows import CaseRow
    from integrations.destinations import Destination
    from storage.payees import Owed, PayeeStore


class Method(StrEnum):
    """Destinations as they are typed."""

    BANK = "bank"
    ALIPAY = "alipay"
    WECHAT = "wechat"
    STORE_CREDIT = "store-credit"

    @property
    def meant(self) -> PayoutMethod:
        return _METHODS[self]


_METHODS: Final = {
    Method.BANK: PayoutMethod.BANK_TRANSFER,
    Method.ALIPAY: PayoutMethod.ALIPAY,
    Method.WECHAT: PayoutMethod.WECHAT_PAY,
    Method.STORE_CREDIT: PayoutMethod.STORE_CREDIT,
}
_ASKED_FOR: Final = {
    "account": {
        Method.BANK: "IBAN, account number or UnionPay card number",
        Method.ALIPAY: "Phone number or mail address of the Alipay account",
        Method.WECHAT: "WeChat ID, or the phone number that it is bound to",
    },
    "holder": dict.fromkeys(Method, "Name of the account's holder"),
    "bank": {Method.BANK: "The bank's CNAPS code or BIC (empty with an IBAN or a UnionPay card)"},
}

MethodOption = Annotated[Method, typer.Option("--method", help=f"How: {', '.join(Method)}.", prompt="How")]
AccountOption = Annotated[
    str | None,
    typer.Option(
        "--account",
        "--iban",
        metavar="ACCOUNT",
        help="The account. Leave it out to be asked for it: the shell's history keeps what stands here.",
    ),
]
HolderOption = Annotated[str | None, typer.Option("--holder", metavar="NAME", help="The account's holder.")]
BankOption = Annotated[
    str | None, typer.Option("--bank", metavar="CODE", help="The bank's CNAPS code or BIC, where the account needs it.")
]


@dataclass(frozen=True)
class Spokesman:
    """Who names a destination for the customer on the phone."""

    number: NumberArgument
    actor: StaffActorOption = None
    role: StaffRoleOption = None
    message_id: MessageIdOption = None
    home: HomeOption = DEFAULT_HOME


@spoken_by(Spokesman)
def choose(
    spokesman: Spokesman,
    *,
    method: MethodOption,
    account: AccountOption = None,
    holder: HolderOption = None,
    bank: BankOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="The customer has confirmed it; do not ask again.")] = False,
) -> None:
    """Name a destination in the customer's place; what is missing is asked for."""
    asyncio.run(_choose(spokesman, method, {"account": account, "holder": holder, "bank": bank}, yes=yes))


async def _choose(spokesman: Spokesman, method: Method, typed: dict[str, str | None], *, yes: bool) -> None:
    deployment, number = Deployment(spokesman.home), spokesman.number
    speaker = await speaker_of(deployment, spokesman.actor, spokesman.role, SPOKESMEN)
    case = await stored_case(deployment, number)
    async with deployment.payees() as payees:
        owed = await payees.owed(number)
    if owed is None:
        raise CommandError(
            f"Case {number} asks for no destination: `aftersales show {number}` says where it stands. Nothing was sent."
        )
    say(told(owed, number))
    found = _destination(method, typed, case.start.application.language)
    if not yes:
        _ask_whether_right(found)
    client = await deployment.client(speaker)  # while nothing is kept yet
    async with deployment.payees() as payees:
        choice, token = await _kept(payees, case, found, speaker.actor)
    message_id = spokesman.message_id or f"payout-{token}"
    answer = await client.choose_payout(number, choice, actor=speaker.actor, role=speaker.role, message_id=message_id)
    tell(number, answer)


def told(owed: Owed, number: str) -> str:
    """How much is owed elsewhere, why, and until when that is asked for: what an agent says on the phone."""
    from integrations.letters.failures import failure

    until = f", asked for until {moment(owed.until)}" if owed.until else ""
    arrived = f" {amount(owed.arrived)} was paid and is not affected." if owed.arrived else ""
    parts = (
        f"{amount(part.amount)} by {words(part.provider)} {'came back' if part.came_back else 'failed'}: "
        f"{failure(part.failure_code, Language.EN)}"
        for part in owed.parts
    )
    return f"{amount(owed.amount)} of case {number} is to go elsewhere{until} ({'; '.join(parts)}).{arrived}"


def _destination(method: Method, typed: dict[str, str | None], language: Language) -> Destination:
    """What was typed or is asked for now, checked; shown to the customer in their language."""
    from integrations.destinations import FIELDS, DestinationRefusedError, Entered, destination_of, shown

    if typed["account"] is not None:
        typed = typed | {"bank": typed["bank"] or ""}  # who typed the account and no bank's code means none
    entered = {name.value: _typed_or_asked(name.value, typed, method) for name in FIELDS[method.meant]}
    try:
        found = destination_of(Entered(method=method.meant, **entered), Language.EN)
    except DestinationRefusedError as why:
        wrong = " ".join(f"--{name}: {sentence}" for name, sentence in why.flaws.items())
        raise MistypedError(f"{wrong} Nothing was sent.") from None
    return found.model_copy(update={"masked": shown(found.method, found.account, language) if entered else ""})


def _typed_or_asked(name: str, typed: dict[str, str | None], method: Method) -> str:
    text = typed[name]
    if text is not None:
        return text
    try:
        answer: str = typer.prompt(_ASKED_FOR[name][method], default="" if name == "bank" else None, show_default=False)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        raise MistypedError(f"--{name} is missing, and nobody is there to be asked for it.") from None
    return answer


def _ask_whether_right(found: Destination) -> None:
    to = f"{found.masked} of {found.holder}" if found.masked else "store credit"
    try:
        typer.confirm(f"Read to the customer and confirmed: {to}?", abort=True)
    except typer.Abort:
        raise CommandError("It was not confirmed, so nothing was sent.") from None


async def _kept(payees: PayeeStore, case: CaseRow, found: Destination, actor: str) -> tuple[PayoutChoice, str]:
    from storage.payees import Payee, Taking, new_token

    token = new_token()
    if not found.account:
        return PayoutChoice(method=found.method), token
    payee = Payee(token=token, method=found.method, account=found.account, holder=found.holder, bank=found.bank)
    customer_id = case.start.application.customer_id
    taking = Taking(number=case.number, customer_id=customer_id, masked=found.masked, by=actor, at=datetime.now(UTC))
    await payees.keep(payee, taking)
    return PayoutChoice(method=found.method, payee=token, masked=found.masked), token
