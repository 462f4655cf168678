from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from aftersales.contract.numbers import number_for
from aftersales.contract.values import Language, PayoutMethod
from integrations.links import (
    LinkInvalidError,
    LinkKey,
    LinkSigner,
    PayoutLink,
    SurveyLink,
    UploadTicket,
    asking_for,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NUMBER = number_for("shop", "links")
OLD = LinkKey(key_id="2026a", secret=SecretStr("o" * 32))
NEW = LinkKey(key_id="2026b", secret=SecretStr("n" * 32))
SURVEY = SurveyLink(
    number=NUMBER,
    customer_id="c-1",
    language=Language.EN,
    expires_at=int((NOW + timedelta(days=7)).timestamp()),
)
TICKET = UploadTicket(
    number=NUMBER,
    customer_id="c-1",
    expires_at=SURVEY.expires_at,
    ticket_id="0" * 32,
    max_bytes=1000,
    media_types=("image/png",),
)

PAYOUT = PayoutLink(
    number=NUMBER,
    customer_id="c-1",
    asking=asking_for([f"{NUMBER}-1-1"]),
    methods=(PayoutMethod.BANK_TRANSFER, PayoutMethod.STORE_CREDIT),
    expires_at=SURVEY.expires_at,
)


def test_a_link_says_what_was_signed_into_it() -> None:
    signer = LinkSigner([NEW])
    assert signer.read_survey(signer.survey_token(SURVEY), NOW) == SURVEY
    assert signer.read_upload(signer.upload_token(TICKET), NOW) == TICKET
    assert signer.read_payout(signer.payout_token(PAYOUT), NOW) == PAYOUT


def test_a_token_can_stand_in_an_address_and_is_short_enough_for_a_mail() -> None:
    token = LinkSigner([NEW]).upload_token(TICKET)
    assert all(c.isalnum() or c in "-_." for c in token)
    assert len(token) < 500


def test_a_link_for_one_purpose_is_good_for_no_other() -> None:
    signer = LinkSigner([NEW])
    with pytest.raises(LinkInvalidError):
        signer.read_upload(signer.survey_token(SURVEY), NOW)
    with pytest.raises(LinkInvalidError):
        signer.read_survey(signer.upload_token(TICKET), NOW)
    with pytest.raises(LinkInvalidError):
        signer.read_payout(signer.survey_token(SURVEY), NOW)


def test_letters_about_the_same_failed_payments_ask_for_the_same_thing_and_later_ones_for_another() -> None:
    first, second, again = f"{NUMBER}-1-1", f"{NUMBER}-2-1", f"{NUMBER}-1-2"
    assert asking_for([first, second]) == asking_for([second, first])
    assert len({asking_for(numbers) for numbers in ([first], [second], [again], [first, second])}) == 4


def test_a_link_ends_at_its_expiry() -> None:
    signer = LinkSigner([NEW])
    token = signer.survey_token(SURVEY)
    assert signer.read_survey(token, NOW + timedelta(days=6, hours=23))
    with pytest.raises(LinkInvalidError, match="expired"):
        signer.read_survey(token, NOW + timedelta(days=7))


@pytest.mark.parametrize("forged", ["", ".", "2026b.", "2026b.x.y", "x" * 3000, "2026b.eyJ9.AAAA", "没有"])
def test_what_was_not_signed_does_not_hold(forged: str) -> None:
    with pytest.raises(LinkInvalidError):
        LinkSigner([NEW]).read_survey(forged, NOW)


def test_any_changed_character_breaks_the_link() -> None:
    signer = LinkSigner([NEW])
    token = signer.survey_token(SURVEY)
    for place in range(len(token) - 1):  # the last one holds bits that base64 leaves unused
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(LinkInvalidError):
            signer.read_survey(changed, NOW)


def test_links_of_the_old_key_hold_while_keys_are_rolled_and_not_after() -> None:
    token = LinkSigner([OLD]).survey_token(SURVEY)
    assert LinkSigner([NEW, OLD]).read_survey(token, NOW) == SURVEY
    assert LinkSigner([NEW, OLD]).survey_token(SURVEY).startswith("2026b.")
    with pytest.raises(LinkInvalidError):
        LinkSigner([NEW]).read_survey(token, NOW)


def test_a_key_id_cannot_be_put_in_front_of_another_keys_signature() -> None:
    token = LinkSigner([OLD]).survey_token(SURVEY)
    with pytest.raises(LinkInvalidError):
        LinkSigner([NEW, OLD]).read_survey(token.replace("2026a.", "2026b."), NOW)


def test_a_secret_that_anybody_could_guess_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        LinkSigner([LinkKey(key_id="k", secret=SecretStr("short"))])
    with pytest.raises(ValueError, match="at least one"):
        LinkSigner([])
