"""What an order file says of the buyer: contact, guest, age of the account (P6.1)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.shop.outcomes import LeftOut
from tests.integrations.shop.statements import order, read, the_order, the_problem


def customer(**facts: object) -> dict[str, object]:
    return order(customer={"customer_id": "c-1", **facts})


def test_of_a_buyer_of_whom_nothing_is_said_nothing_is_verified() -> None:
    account = the_order(read(customer())).record.account
    assert (account.contact_verified, account.guest, account.phone, account.since) == (False, False, "", None)


def test_contact_guest_and_age_are_kept() -> None:
    stated = customer(contact_verified=True, guest=True, phone="+86 138-0000-0000", since="2024-01-01T08:00:00+08:00")
    account = the_order(read(stated)).record.account
    assert (account.contact_verified, account.guest, account.phone) == (True, True, "+86 138-0000-0000")
    assert account.since == datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("number", ["call me", "12", "+86\n138", "1" * 40, "９９９９９"])
def test_what_is_no_telephone_number_is_left_out(number: str) -> None:
    problem = the_problem(read(customer(phone=number)))
    assert (problem.reason, problem.field) == (LeftOut.BAD_VALUE, "customer.phone")


@pytest.mark.parametrize("fact", [{"guest": "yes"}, {"contact_verified": 1}, {"since": "2024-01-01"}])
def test_nothing_is_guessed(fact: dict[str, object]) -> None:
    assert the_problem(read(customer(**fact))).reason is LeftOut.BAD_VALUE
