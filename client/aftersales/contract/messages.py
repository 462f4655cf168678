"""What is said to a case: the application, messages from people, hints from providers, and the answer.

One frozen model in, one out; later fields have defaults, so that old callers and new workers understand each
other. `schema.lock.json` holds the shape of all of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from aftersales.contract.numbers import NUMBER_PATTERN
from aftersales.contract.values import (
    CaseKind,
    CaseStatus,
    Channel,
    DecisionKind,
    ErrorCode,
    EvidenceRef,
    Frozen,
    HandPaymentAct,
    Language,
    Money,
    OpaqueId,
    PayoutMethod,
    Reason,
    Role,
    Text,
)

Number = Annotated[str, Field(pattern=NUMBER_PATTERN, description="application number")]
MASK = "[card number]"
"""Not longer than the shortest card number, so that masked text keeps within a field's limit."""

_DIGIT_GROUPS = re.compile(r"\d+(?:[ \-]\d+)*")
_SHORTEST_CARD, _LONGEST_CARD = 13, 19
_ISSUER_PREFIXES = frozenset({*range(22, 28), *range(30, 70)})


def mask_card_numbers(text: str) -> str:
    """Replace what looks like a card number: 13-19 digits, an issuer's prefix and a valid Luhn sum."""
    return _DIGIT_GROUPS.sub(lambda found: _without_cards(found.group()), text)


def _without_cards(run: str) -> str:
    """Mask cards in digit groups; other numbers, an expiry say, may stand directly before and after."""
    parts = re.split(r"([ \-])", run)
    kept, first = "", 0
    while first < len(parts):
        last = _end_of_card(parts, first)
        kept += "".join(parts[first : first + 2]) if last is None else MASK + "".join(parts[last : last + 1])
        first = first + 2 if last is None else last + 1
    return kept


def _end_of_card(parts: list[str], first: int) -> int | None:
    """Groups and separators alternate: the index after the groups that, from `first` on, form a card."""
    digits = ""
    for place in range(first, len(parts), 2):
        digits += parts[place]
        if len(digits) > _LONGEST_CARD:
            return None
        if len(digits) >= _SHORTEST_CARD and int(digits[:2]) in _ISSUER_PREFIXES and _luhn_holds(digits):
            return place + 1
    return None


def _luhn_holds(digits: str) -> bool:
    values = [int(c) for c in reversed(digits)]
    doubled = (sum(divmod(2 * d, 10)) for d in values[1::2])
    return (sum(values[::2]) + sum(doubled)) % 10 == 0


FreeText = Annotated[Text, Field(max_length=4000), AfterValidator(mask_card_numbers)]


class Proof(Frozen):
    """Who says it, vouched for by the service that authenticated them. Times are in seconds since 1970, UTC.

    `at`: when it was said; `authenticated_at`: when the person last logged in with all that it takes, 0 if whoever
    vouches does not tell (ASVS 7.5.3).
    """

    key_id: Annotated[Text, Field(max_length=64)]
    actor: OpaqueId
    role: Role
    at: int
    nonce: Annotated[Text, Field(min_length=16, max_length=64)]
    mac: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    authenticated_at: Annotated[int, Field(ge=0)] = 0


class Proven(Frozen):
    """Base of what a person says. A message without a proof is carried, recorded and counts for nothing."""

    proof: Proof | None = None

    def body_digest(self) -> str:
        """SHA-256 of the content without the proof; fields at their default do not count.

        So a field that a newer version adds leaves the digests of older messages as they were.
        """
        body = self.model_dump(mode="json", exclude={"proof"}, exclude_defaults=True)
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


class Item(Frozen):
    """Some units of one order line."""

    line_id: OpaqueId
    quantity: Annotated[int, Field(strict=True, ge=1, le=100_000)]


Items = Annotated[tuple[Item, ...], Field(max_length=500)]
EvidenceRefs = Annotated[tuple[EvidenceRef, ...], Field(max_length=20)]


class Application(Proven):
    """An application for a refund, return or exchange (P1.2).

    `amount` asks for less than the items are worth; without it the whole share of the items is meant.
    `goods_back`, `unused` and `packaging_intact` are the customer's declarations (P2.4). `wanted_sku`: what should have
    come instead, for a wrong size (P2.5). `contact_digest`: how a guest shows that the order is theirs, see
    `aftersales.contract.guests` (P6.1).
    """

    order_id: OpaqueId
    customer_id: OpaqueId
    items: Annotated[Items, Field(min_length=1)]
    reason: Reason
    kind: CaseKind = CaseKind.REFUND_ONLY
    description: FreeText = ""
    channel: Channel = Channel.ONLINE
    language: Language = Language.ZH_CN
    amount: Money | None = None
    goods_back: bool = False
    unused: bool = False
    packaging_intact: bool = False
    wanted_sku: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._:@/\-]*$")] = ""
    contact_digest: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    evidence: EvidenceRefs = ()

    @model_validator(mode="after")
    def _each_line_once(self) -> Application:
        ids = [item.line_id for item in self.items]
        if len(ids) != len(set(ids)):
            raise ValueError("items: each order line may appear once; add the quantities up")
        return self

    @model_validator(mode="after")
    def _amount_above_zero(self) -> Application:
        if self.amount is not None and self.amount.minor <= 0:
            raise ValueError("amount: must be above zero")
        return self


class CaseStart(Frozen):
    """The one input of the refund workflow. (caller, request_key) is claimed once for ever."""

    number: Number
    caller: OpaqueId
    request_key: Annotated[Text, Field(min_length=1, max_length=200)]
    application: Application


class Decision(Proven):
    """What a reviewer decides (P2.6). Which fields a kind needs is said in `missing_field`."""

    kind: DecisionKind
    items: Items = ()
    amount: Money | None = None
    reason_code: Annotated[Text, Field(max_length=64)] = ""
    explanation: FreeText = ""
    handling_hours: Annotated[int, Field(ge=0, le=24 * 30)] = 0
    hand_to: Annotated[Text, Field(max_length=64)] = ""

    def missing_field(self) -> str | None:
        """The field this kind of decision cannot do without and that is empty."""
        match self.kind:
            case DecisionKind.APPROVE_PART if not self.items and self.amount is None:
                return "items or amount"
            case DecisionKind.REJECT if not self.explanation.strip():
                return "explanation"
            case DecisionKind.ASK if not self.explanation.strip():
                return "explanation"
            case DecisionKind.EXTEND if not self.handling_hours:
                return "handling_hours"
            case DecisionKind.HAND_OVER if not self.hand_to:
                return "hand_to"
            case _:
                return None


class EvidenceSupplied(Proven):
    """The customer's answer to a request for evidence, or to a reviewer's question."""

    evidence: EvidenceRefs = ()
    note: FreeText = ""


class Withdrawal(Proven):
    explanation: FreeText = ""


class Appeal(Proven):
    """A rejected customer asks once for another look (P2.8)."""

    explanation: Annotated[FreeText, Field(min_length=1)]
    evidence: EvidenceRefs = ()


class SurveyAnswer(Proven):
    """Score from 1 (bad) to 5 (good) (P4.2)."""

    score: Annotated[int, Field(ge=1, le=5)]
    comment: FreeText = ""


class PayoutChoice(Proven):
    """Where money goes that cannot go back the way it came (P3.2).

    `payee`: the token under which the account's details were taken in, apart and encrypted; never the details
    themselves. `masked`: how the account is shown, such as `Bank account •••• 3000`. Store credit needs neither.
    """

    method: PayoutMethod
    payee: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._:@/\-]*$")] = ""
    masked: Annotated[Text, Field(max_length=80)] = ""


class HandPayment(Proven):
    """What a finance person did about a payment without an interface (P3.3). Two of them, never the same.

    `reference`: the bank's or the wallet's own number of the payment, the proof beside `evidence`.
    """

    provider_number: Annotated[Text, Field(min_length=1, max_length=64)]
    act: HandPaymentAct
    reference: Annotated[FreeText, Field(max_length=140)] = ""
    evidence: EvidenceRefs = ()
    explanation: FreeText = ""


class Claim(Proven):
    """Somebody of the staff works on the case; for so many minutes nobody else decides it. 0 lets it go."""

    minutes: Annotated[int, Field(ge=0, le=480)] = 30


class PaymentChanged(Frozen):
    """A hint that a provider has news; the case asks the provider and believes only that."""

    provider: Annotated[Text, Field(max_length=32)]
    provider_number: Annotated[Text, Field(max_length=64)] = ""


class Answer(Frozen):
    """What became of a message. A refusal is an answer, not an exception, and is recorded."""

    accepted: bool
    status: CaseStatus
    code: ErrorCode | None = None
    sentence: str = ""


class CaseResult(Frozen):
    """The one output of the refund workflow, when nothing can happen to the case any more."""

    number: Number
    status: CaseStatus
    refunded: Money | None = None
    closed_at: datetime | None = None
