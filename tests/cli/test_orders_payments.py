"""An imported order can be refunded at once: the stack's sandbox knows its payments."""

from pathlib import Path

import pytest

from cli.commands.errors import CommandError
from cli.orders.payments import seed_payments_at
from cli.stack import Stack
from tests.integrations.shop.statements import json_lines, order
from tests.storage.builders import order_record
from tests.support.program import Program

BACK = ("--goods-back", "--unused", "--packaging-intact")


async def test_an_imported_order_is_refunded(aftersales: Program, tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    example = (await aftersales.ok("orders", "example")).out
    file.write_text(example)
    await aftersales.ok("orders", "import", str(file))
    await aftersales.ok("orders", "import", str(file))
    first = example.partition('"order_id":"')[2].partition('"')[0]
    wanted = ("--item", "1", "--reason", "changed_mind", *BACK, "--follow")
    assert "refunded  49.00 CNY" in (await aftersales.ok("apply", first, "customer-mug", *wanted)).out


async def test_without_the_stack_the_orders_come_in_all_the_same(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_bytes(json_lines(order(order_id="elsewhere")))
    elsewhere = f"sqlite:///{tmp_path / 'other.db'}"
    program = Program(stack.options.home.folder, {"AFTERSALES_DATABASE_URL": elsewhere})
    await program.ok("db", "upgrade")
    await program.ok("orders", "import", str(file))


async def test_a_sandbox_that_does_not_answer_is_named_with_what_helps() -> None:
    record = order_record()
    (tender,) = record.tenders
    record = record.model_copy(update={"tenders": (tender.model_copy(update={"reference": "ch_1"}),)})
    with pytest.raises(CommandError, match="Import the file again"):
        await seed_payments_at("http://127.0.0.1:1", [record])


async def test_payments_of_other_providers_are_none_of_the_sandboxs_business() -> None:
    record = order_record()
    (tender,) = record.tenders
    others = tuple(tender.model_copy(update=other) for other in ({"provider": "gift_card"}, {"reference": "pi_1"}))
    await seed_payments_at("http://127.0.0.1:1", [record.model_copy(update={"tenders": others})])
