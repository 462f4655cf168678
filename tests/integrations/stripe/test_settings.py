"""Settings that cannot work are refused at the start, with where to find the right ones."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.provider import ProviderSettingsError
from integrations.stripe import StripeSettings


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"api_key": ""}, r"dashboard\.stripe\.com/apikeys"),
        ({"api_key": "  "}, "AFTERSALES_STRIPE_API_KEY is missing"),
        ({"api_key": "pk_live_1"}, "publishable"),
        ({"api_base": "api.stripe.com"}, "AFTERSALES_STRIPE_API_BASE.*no address"),
        ({"timeout_s": 0}, "above 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ProviderSettingsError, match=sentence):
        StripeSettings(**{"api_key": "sk_test_1", **wrong})


def test_no_secret_is_shown_when_settings_are_printed() -> None:
    assert "secret" not in repr(StripeSettings("sk_live_secret"))
