"""Settings that cannot work are refused at the start, with where to find the right ones."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.stripe import StripeSettings, StripeSettingsError


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"api_key": ""}, r"dashboard\.stripe\.com/apikeys"),
        ({"api_key": "  "}, "missing"),
        ({"api_key": "pk_live_1"}, "publishable"),
        ({"api_base": "api.stripe.com"}, "no address"),
        ({"timeout_s": 0}, "above 0"),
        ({"webhook_secrets": ("whsec_1", "")}, "whsec_"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(StripeSettingsError, match=sentence):
        StripeSettings(**{"api_key": "sk_test_1", **wrong})


def test_no_secret_is_shown_when_settings_are_printed() -> None:
    shown = repr(StripeSettings("sk_live_secret", ("whsec_secret",)))
    assert "secret" not in shown.replace("webhook_secrets", "")
