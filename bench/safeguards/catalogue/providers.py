"""What the adapters know of their providers: when money has moved for certain, and when it has not."""

from __future__ import annotations

from typing import Final

from bench.safeguards.safeguard import Edit, Safeguard

_STRIPE: Final = "integrations/stripe/adapter.py"
_ALIPAY: Final = "integrations/alipay/adapter.py"
_WECHAT: Final = "integrations/wechat/adapter.py"
_BANK: Final = "integrations/bank/adapter.py"
_LOST_ANSWERS: Final = "tests/integrations/contract/test_lost_answers.py"
_UNSURE: Final = "        if found.kind is OutcomeKind.NOT_FOUND:\n            return outcome\n"
_SURE: Final = "        if found.kind in OutcomeKind:\n            return outcome\n"

PROVIDERS: Final = (
    Safeguard(
        name="stripe-refusal-is-made-sure",
        taken_away="Stripe's refusal is believed although our own refund of before is its reason",
        edits=(Edit(_STRIPE, _UNSURE, _SURE),),
        tests=(
            "tests/integrations/stripe/test_refunding.py"
            "::test_already_refunded_by_ourselves_is_a_success_and_no_rejection",
        ),
    ),
    Safeguard(
        name="alipay-refusal-is-made-sure",
        taken_away="Alipay's refusal is believed although our own refund of before is its reason",
        edits=(Edit(_ALIPAY, _UNSURE, _SURE),),
        tests=(
            "tests/integrations/alipay/test_refunding.py"
            "::test_a_refusal_after_our_own_refund_was_executed_is_its_success",
        ),
    ),
    Safeguard(
        name="wechat-refusal-is-made-sure",
        taken_away="WeChat Pay's refusal is believed although our own refund of before is its reason",
        edits=(Edit(_WECHAT, _UNSURE, _SURE),),
        tests=("tests/integrations/wechat/test_refusals.py::test_a_refusal_beside_our_own_refund_is_that_refund",),
    ),
    Safeguard(
        name="bank-refusal-is-made-sure",
        taken_away="the bank's refusal is believed although our own payout of before is its reason",
        edits=(Edit(_BANK, _UNSURE, _SURE),),
        tests=("tests/integrations/bank/test_reasons.py::test_a_refusal_beside_our_own_payout_is_that_payout",),
    ),
    Safeguard(
        name="alipay-change-of-funds",
        taken_away="code 10000 alone counts as a refund",
        edits=(Edit(_ALIPAY, '        if done.fund_change != "Y":\n', "        if not done:\n"),),
        tests=("tests/integrations/alipay/test_refunding.py::test_code_10000_alone_is_looked_into",),
    ),
    Safeguard(
        name="alipay-signature-of-an-answer",
        taken_away="an answer that Alipay did not sign is believed",
        edits=(
            Edit(
                "integrations/alipay/gateway.py",
                "if not isinstance(signature, str) or not is_signed(node_text.encode(), signature, keys):",
                "if keys is None:",
            ),
        ),
        tests=(
            "tests/integrations/alipay/test_gateway.py::test_what_alipay_did_not_sign_is_not_believed",
            "tests/integrations/alipay/test_gateway.py::test_a_forged_success_is_unknown",
        ),
    ),
    Safeguard(
        name="wechat-404-of-a-look",
        taken_away="any 404 to a look, an unknown merchant's too, says that no refund is there",
        edits=(
            Edit(
                _WECHAT,
                "if answer.status == HTTPStatus.NOT_FOUND and refusal is not None and refusal.code == NOT_THERE:",
                "if answer.status == HTTPStatus.NOT_FOUND:",
            ),
        ),
        tests=("tests/integrations/wechat/test_refusals.py::test_only_no_such_refund_says_that_nothing_is_there",),
    ),
    Safeguard(
        name="wechat-404-of-an-order",
        taken_away="404 to an order counts as a look that found nothing",
        edits=(
            Edit(
                "integrations/wechat/outcomes.py",
                '    "RESOURCE_NOT_EXISTS": Meaning(OutcomeKind.REJECTED),',
                '    "RESOURCE_NOT_EXISTS": Meaning(OutcomeKind.NOT_FOUND),',
            ),
        ),
        tests=(
            "tests/integrations/wechat/test_refusals.py"
            "::test_nothing_is_ordered_a_second_time_and_what_ends_a_number_is_looked_for",
        ),
    ),
    Safeguard(
        name="bank-look-that-failed",
        taken_away="a look that the bank refuses says that no payout is there",
        edits=(
            Edit(
                "integrations/bank/outcomes.py",
                "kind = refusal.kind if refusal.kind is OutcomeKind.NEEDS_MERCHANT else OutcomeKind.UNKNOWN",
                "kind = refusal.kind if refusal.kind is OutcomeKind.NEEDS_MERCHANT else OutcomeKind.NOT_FOUND",
            ),
        ),
        tests=("tests/integrations/bank/test_wire.py::test_a_look_that_fails_says_nothing_about_the_leg",),
    ),
    Safeguard(
        name="stripe-list-to-its-end",
        taken_away="our refund is looked for on the first page alone",
        edits=(
            Edit(_STRIPE, "            if not page.has_more:\n", "            if page.data or not page.has_more:\n"),
        ),
        tests=("tests/integrations/stripe/test_looking.py::test_our_refund_is_found_behind_a_hundred_others",),
    ),
    Safeguard(
        name="lost-answer-is-unknown",
        taken_away="an answer that is late or lost counts as a refused connection",
        edits=(
            Edit(
                "integrations/stripe/outcomes.py",
                "    if isinstance(cause, _NEVER_SENT):\n",
                "    if cause is not None:\n",
            ),
        ),
        tests=(
            f"{_LOST_ANSWERS}::test_a_lost_or_spoilt_answer_is_unknown_and_the_look_tells_what_happened[stripe-execute_then_drop]",
        ),
    ),
    Safeguard(
        name="amount-that-was-found",
        taken_away="a refund of another amount under our number is taken for ours",
        edits=(
            Edit(
                "integrations/stripe/outcomes.py",
                "!= (stripe_minor(leg.leg.amount), leg.leg.amount.currency):",
                "!= (refund.amount, refund.currency.upper()):",
            ),
            Edit(
                _ALIPAY,
                "        if read_yuan(seen.refund_amount) != leg.leg.amount:\n",
                "        if not read_yuan(seen.refund_amount).minor:\n",
            ),
            Edit(
                "integrations/wechat/outcomes.py",
                "!= (leg.leg.amount.minor, leg.leg.amount.currency):",
                "!= (refund.amount.refund, refund.amount.currency):",
            ),
        ),
        tests=(
            "tests/integrations/contract/test_numbers.py"
            "::test_an_amount_that_somebody_else_moved_under_our_number_is_a_conflict[stripe]",
            "tests/integrations/contract/test_numbers.py"
            "::test_an_amount_that_somebody_else_moved_under_our_number_is_a_conflict[alipay]",
            "tests/integrations/contract/test_numbers.py"
            "::test_an_amount_that_somebody_else_moved_under_our_number_is_a_conflict[wechat]",
        ),
    ),
    Safeguard(
        name="reversal-is-no-rejection",
        taken_away="a success that Stripe takes back counts as one that never was",
        edits=(
            Edit(
                "integrations/stripe/outcomes.py",
                "        kind = OutcomeKind.REVERSED\n    if kind is OutcomeKind.SUCCEEDED:",
                "        kind = OutcomeKind.REJECTED\n    if kind is OutcomeKind.SUCCEEDED:",
            ),
        ),
        tests=(
            "tests/integrations/contract/test_endings.py"
            "::test_a_success_taken_back_days_later_is_reversed_and_never_rejected[stripe]",
        ),
    ),
    Safeguard(
        name="stripes-own-exponents",
        taken_away="Stripe is sent kronur by the standard's digits instead of its own",
        edits=(Edit("integrations/stripe/amounts.py", '{"ISK": 2, "UGX": 2, "MGA": 0}', "{}"),),
        tests=(
            "tests/integrations/stripe/test_amounts.py::test_an_amount_goes_into_stripes_minor_units_and_comes_back",
        ),
    ),
    Safeguard(
        name="disputed-is-rejected-for-good",
        taken_away="a disputed payment is refunded elsewhere, beside the chargeback",
        edits=(
            Edit(
                "integrations/stripe/outcomes.py",
                '_OTHER_WAY_WANTED: Final = "charge_not_refundable"',
                '_OTHER_WAY_WANTED: Final = "charge_disputed"',
            ),
        ),
        tests=("tests/integrations/stripe/test_refusals.py::test_only_a_closed_way_is_left_for_another_destination",),
    ),
)
