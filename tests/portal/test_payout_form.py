"""What the payout form keeps from one page to the next is readable by us alone, for this asking of this case alone."""

from urllib.parse import urlencode

import pytest

from aftersales.contract.numbers import number_for
from aftersales.contract.values import PayoutMethod
from integrations.links import PayoutLink, asking_for
from integrations.vault import Vault
from portal.payout_form import LONGEST_ENTRY, Draft, Drafts, Filled, Step, read_form
from tests.portal.conftest import NUMBER, PAYEE_KEY

LINK = PayoutLink(
    number=NUMBER,
    customer_id="c-7",
    asking=asking_for([f"{NUMBER}-1-1"]),
    methods=(PayoutMethod.BANK_TRANSFER,),
    expires_at=2_000_000_000,
)
DRAFT = Draft(method=PayoutMethod.BANK_TRANSFER, account="DE89370400440532013000", holder="Erika", token="4f" * 20)


@pytest.fixture
def drafts() -> Drafts:
    return Drafts(Vault([PAYEE_KEY]))


def sent(**fields: str) -> Filled | None:
    return read_form(urlencode(fields).encode())


def test_the_fields_of_the_chosen_method_are_read_and_those_of_others_are_not() -> None:
    filled = sent(method="alipay", account_alipay=" a@b.cn ", holder_alipay="李伟", account_bank_transfer="DE89")
    assert filled == Filled(Step.CHECK, PayoutMethod.ALIPAY, "a@b.cn", "李伟")


@pytest.mark.parametrize("method", ["", "card", "ALIPAY", "account"])
def test_a_method_that_there_is_not_is_none(method: str) -> None:
    filled = sent(method=method, account_alipay="a@b.cn")
    assert filled is not None
    assert (filled.method, filled.account) == (None, "")


def test_an_endless_entry_is_cut_to_what_is_still_too_long() -> None:
    filled = sent(method="alipay", account_alipay="x" * 5000)
    assert filled is not None
    assert len(filled.account) == LONGEST_ENTRY + 1


@pytest.mark.parametrize("body", [b"method=\xed\xa0\x80", b"x=1&" * 40, b"step=pay"])
def test_what_no_browser_sends_is_not_read(body: bytes) -> None:
    assert read_form(body) is None


def test_a_draft_comes_back_from_the_page_as_it_was_and_the_page_shows_nothing_of_it(drafts: Drafts) -> None:
    kept = drafts.shut(DRAFT, LINK)
    assert drafts.opened(kept, LINK) == DRAFT
    assert "DE89" not in kept


def test_a_draft_of_another_case_or_asking_does_not_open(drafts: Drafts) -> None:
    kept = drafts.shut(DRAFT, LINK)
    assert drafts.opened(kept, LINK.model_copy(update={"number": number_for("shop", "other")})) is None
    assert drafts.opened(kept, LINK.model_copy(update={"asking": "0" * 32})) is None


@pytest.mark.parametrize("kept", ["", "v1", "v1.", "v1.????", "v2.AAAA", "v1.AAAA", "没有.AAAA", "." * 3000])
def test_what_was_not_made_here_is_no_draft(drafts: Drafts, kept: str) -> None:
    assert drafts.opened(kept, LINK) is None


def test_no_printed_form_shows_an_account() -> None:
    assert "DE89" not in repr(DRAFT)
    assert "DE89" not in repr(sent(method="bank_transfer", account_bank_transfer="DE89"))
