"""`aftersales apply`: an application for a refund, from the command line (P1.2)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from aftersales.contract.guests import contact_digest
from aftersales.contract.messages import Application
from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseKind, Channel, EvidenceRef, Language, Money, Reason, Role
from cli.commands.deployment import CALLER, Deployment
from cli.commands.errors import CommandError, MistypedError
from cli.commands.identity import APPLICANTS, spokesman_of
from cli.commands.parameters import (
    DEFAULT_HOME,
    AmountOption,
    CustomerRoleOption,
    EvidenceOption,
    HomeOption,
    ItemsOption,
    TypedAmount,
    items_of,
    said_in,
    typed_amount,
)
from cli.commands.screen import say
from cli.commands.show import write_case, write_changes


def apply(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order number.")],
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer who bought it.")],
    *,
    reason: Annotated[Reason, typer.Option(metavar="REASON", help=f"Why: {', '.join(Reason)}.")],
    item: ItemsOption = None,
    description: Annotated[str, typer.Option(help="What is wrong, in the customer's words.")] = "",
    amount: AmountOption = None,
    goods_back: Annotated[bool, typer.Option("--goods-back", help="The goods have been given back.")] = False,
    unused: Annotated[bool, typer.Option("--unused", help="The goods are unused, as the customer declares.")] = False,
    packaging_intact: Annotated[
        bool, typer.Option("--packaging-intact", help="The packaging is intact, as the customer declares.")
    ] = False,
    wanted: Annotated[str, typer.Option(metavar="SKU", help="What should have come instead, for a wrong size.")] = "",
    contact: Annotated[
        str, typer.Option(metavar="MAIL|PHONE", help="What a guest gave with the order; only a digest of it is sent.")
    ] = "",
    evidence: EvidenceOption = None,
    kind: Annotated[
        CaseKind, typer.Option(metavar="KIND", help=f"What is wanted: {', '.join(CaseKind)}.", show_default=True)
    ] = CaseKind.REFUND_ONLY,
    channel: Annotated[Channel, typer.Option(help="Where it came in.", show_default=True)] = Channel.ONLINE,
    language: Annotated[Language, typer.Option(help="What the customer reads.", show_default=True)] = Language.ZH_CN,
    actor: Annotated[
        str | None, typer.Option(metavar="ID", help="Who enters it; by default the customer, or who is logged in.")
    ] = None,
    role: CustomerRoleOption = None,
    request_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The same key again gives the same application, not another one.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Write each change until there is an outcome.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Apply for a refund; prints the application number.

    For example: aftersales apply ORDER-1 CUSTOMER-7 --item mugs=2 --reason quality_problem --evidence crack.jpg
    """
    if not item:
        raise MistypedError("Say with --item LINE or --item LINE=QTY what of the order the refund is for.")
    said = {
        "order_id": order,
        "customer_id": customer,
        "items": items_of(item),
        "reason": reason,
        "description": description,
        "goods_back": goods_back,
        "unused": unused,
        "packaging_intact": packaging_intact,
        "wanted_sku": wanted,
        "contact_digest": contact_digest(order, contact) if contact else "",
        "kind": kind,
        "channel": channel,
        "language": language,
    }
    application = Application.model_validate(said)
    # An empty key, such as of a script's unset variable, would make another case each time.
    key = secrets.token_hex(16) if request_key is None else said_in("--request-key", request_key)
    sender = _Sender(Deployment(home), key, actor, role)
    asyncio.run(sender.send(application, typed_amount(amount), evidence or (), follow=follow))


class _Sender:
    """Sends one application, and says under which number it can be found."""

    def __init__(self, deployment: Deployment, request_key: str, actor: str | None, role: Role | None) -> None:
        self._deployment = deployment
        self._request_key = request_key
        self._actor = actor
        self._role = role

    async def send(
        self, application: Application, amount: TypedAmount | None, files: Sequence[Path], *, follow: bool
    ) -> None:
        changes = {
            "amount": await self._money(application.order_id, amount) if amount else None,
            "evidence": await self._uploaded(application.customer_id, files) if files else (),
        }
        application = Application.model_validate(application.model_dump() | changes)
        speaker = await spokesman_of(self._deployment, self._actor, self._role, APPLICANTS)
        client = await self._deployment.client(speaker)
        actor, role = speaker[:2] if speaker else (self._actor, Role.CUSTOMER)
        number = await client.apply(application, request_key=self._request_key, actor=actor, role=role)
        say(f"Application number: {number}")
        if follow:
            await write_changes(self._deployment, number)
            await write_case(self._deployment, number)

    async def _money(self, order_id: str, amount: TypedAmount) -> Money:
        """The amount in its own currency, or in the order's."""
        if amount.currency:
            return amount.money(amount.currency)
        from storage.store import SqlStore  # noqa: PLC0415 - loaded only where an amount needs it

        async with self._deployment.database() as engine, SqlStore(engine).begin() as unit:
            order = await unit.order(order_id)
        if order is None:
            raise CommandError(
                f"Order {order_id} is not known here, so neither is the currency of the amount. Correct the order "
                'number, or write the currency with the amount, such as --amount "12.30 CNY".'
            )
        return amount.money(order.currency)

    async def _uploaded(self, customer_id: str, files: Sequence[Path]) -> tuple[EvidenceRef, ...]:
        from cli.commands.evidence import upload  # noqa: PLC0415 - loaded only where there is evidence

        number = number_for(CALLER, self._request_key)
        return await upload(self._deployment, number, customer_id, files)
