"""What keeps messages of providers honest: who sent them, when, how often, and that they only hint."""

from __future__ import annotations

from typing import Final

from bench.safeguards.safeguard import Edit, Safeguard

_STRIPE: Final = "integrations/stripe/webhook.py"
_ALIPAY: Final = "integrations/alipay/webhook.py"
_WECHAT: Final = "integrations/wechat/webhook.py"
_BANK: Final = "integrations/bank/webhook.py"
_TOO_FAR: Final = "abs(now.timestamp() - stamp) > TOLERANCE_S"
_TOO_OLD: Final = "now.timestamp() - stamp > TOLERANCE_S"
_TOO_YOUNG: Final = "stamp - now.timestamp() > TOLERANCE_S"
_OF_STRIPE: Final = "tests/integrations/stripe/test_webhook.py::test_an_old_or_a_future_signature_is_refused"
_OF_ALIPAY: Final = "tests/integrations/alipay/test_webhook.py::test_an_old_or_a_future_stamp_is_refused"
_OF_WECHAT: Final = "tests/integrations/wechat/test_webhook.py::test_an_old_or_a_future_signature_is_refused"
_OF_BANK: Final = (
    "tests/integrations/bank/test_webhook.py::test_an_old_signature_is_refused_and_so_is_one_from_the_future"
)

HEARING: Final = (
    Safeguard(
        name="webhook-signature",
        taken_away="anybody may speak for a provider",
        edits=(
            Edit(_STRIPE, 'if not _is_signed(f"{stamp}.".encode() + body, signatures, secrets):', "if not body:"),
            Edit(_ALIPAY, 'if not is_signed(text.encode(), params.get("sign", ""), self._keys):', "if not text:"),
            Edit(
                _WECHAT,
                'if not _is_signed(f"{stamp}\\n{nonce}\\n".encode() + body + b"\\n", signature, key):',
                "if not body:",
            ),
            Edit(_BANK, 'if not self._is_signed(f"{stamp}.".encode() + body, signatures):', "if not body:"),
        ),
        tests=(
            "tests/integrations/stripe/test_webhook.py::test_what_stripe_did_not_sign_is_refused",
            "tests/integrations/alipay/test_webhook.py::test_what_alipay_did_not_say_to_us_is_refused",
            "tests/integrations/wechat/test_webhook.py::test_another_body_or_another_key_is_refused",
            "tests/integrations/bank/test_webhook.py::test_a_body_that_was_touched_is_refused",
            "tests/portal/test_any_order.py::test_what_is_not_believed_is_refused_in_the_providers_words_and_not_kept",
        ),
    ),
    Safeguard(
        name="webhook-from-the-past",
        taken_away="a message that was recorded long ago can be played again",
        edits=(
            Edit(_STRIPE, _TOO_FAR, _TOO_YOUNG),
            Edit(_ALIPAY, "if not -YOUNGEST <= now - at <= OLDEST:", "if not -YOUNGEST <= now - at:"),
            Edit(
                _WECHAT, "abs(now.timestamp() - int(stamp)) > TOLERANCE_S", "int(stamp) - now.timestamp() > TOLERANCE_S"
            ),
            Edit(_BANK, _TOO_FAR, _TOO_YOUNG),
        ),
        tests=(_OF_STRIPE, _OF_ALIPAY, _OF_WECHAT, _OF_BANK),
    ),
    Safeguard(
        name="webhook-from-the-future",
        taken_away="a message stamped for later stays good until then",
        edits=(
            Edit(_STRIPE, _TOO_FAR, _TOO_OLD),
            Edit(_ALIPAY, "if not -YOUNGEST <= now - at <= OLDEST:", "if not now - at <= OLDEST:"),
            Edit(
                _WECHAT, "abs(now.timestamp() - int(stamp)) > TOLERANCE_S", "now.timestamp() - int(stamp) > TOLERANCE_S"
            ),
            Edit(_BANK, _TOO_FAR, _TOO_OLD),
        ),
        tests=(_OF_STRIPE, _OF_ALIPAY, _OF_WECHAT, _OF_BANK),
    ),
    Safeguard(
        name="webhook-probe",
        taken_away="WeChat Pay's wrongly signed probes go further than the door",
        edits=(
            Edit(_WECHAT, "        if signature.startswith(PROBE):\n", "        if not signature.isprintable():\n"),
        ),
        tests=("tests/integrations/wechat/test_webhook.py::test_a_probe_is_refused_though_its_rest_would_verify",),
    ),
    Safeguard(
        name="event-counts-once",
        taken_away="an event that is delivered again is a new event",
        edits=(
            Edit(
                "storage/portal.py",
                "    return [coming[key] for key in sorted(coming) if key not in stored]",
                "    return [coming[key] for key in sorted(coming) if key or stored]",
            ),
            Edit(
                "storage/migrations/versions/0001_first_schema.py",
                '        sa.PrimaryKeyConstraint("provider", "event_id", name=op.f("pk_webhook_inbox")),\n',
                "",
            ),
        ),
        tests=("tests/storage/test_portal.py::test_an_event_that_comes_ten_times_is_new_once",),
    ),
    Safeguard(
        name="event-id-of-one-event",
        taken_away="two processes may store one event twice",
        edits=(
            Edit(
                "storage/migrations/versions/0001_first_schema.py",
                '        sa.PrimaryKeyConstraint("provider", "event_id", name=op.f("pk_webhook_inbox")),\n',
                "",
            ),
        ),
        tests=("tests/storage/test_portal.py::test_groups_that_cross_store_each_event_once",),
        on_postgres=True,
    ),
    Safeguard(
        name="webhooks-only-hint",
        taken_away="a message is believed without asking the provider",
        edits=(
            Edit(
                "workflows/payment.py",
                "        outcome = await payment.learn()\n",
                '        outcome = (await payment.learn()).model_copy(update={"kind": OutcomeKind.REVERSED})\n',
            ),
        ),
        tests=("tests/workflows/test_payment.py::test_a_hint_without_a_reversal_changes_nothing",),
    ),
    Safeguard(
        name="amount-of-a-message",
        taken_away="a message that names another amount than ours is taken for known",
        edits=(
            Edit(
                "activities/ports.py",
                'same = provider_reference in ("", self.reference) and not self.amount_differs',
                'same = provider_reference in ("", self.reference)',
            ),
        ),
        tests=(
            "tests/storage/test_bearing.py::test_an_event_that_names_another_amount_than_the_leg_is_marked_and_never_known",
        ),
    ),
    Safeguard(
        name="event-without-a-case",
        taken_away="a message that comes before its case is never opened again",
        edits=(
            Edit(
                "storage/portal.py",
                "            .values(\n                number=leg",
                "            .where(_INBOX.number != '').values(\n                number=leg",
            ),
        ),
        tests=("tests/storage/test_portal.py::test_an_event_without_a_case_is_opened_again_when_its_case_appears",),
    ),
    Safeguard(
        name="readable-messages",
        taken_away="a signal without a body stops its case for good",
        edits=(Edit("workflows/refund_case.py", "        if _readable(said):\n", "        if said is not None:\n"),),
        tests=(
            "tests/workflows/test_unreadable.py::test_a_signal_that_cannot_be_read_is_dropped_and_the_next_is_heard",
        ),
    ),
)
