"""ISO 20022 in our words: what each status says of a payout, and what each reason code asks for.

https://www.iso20022.org/catalogue-messages/additional-content-messages/external-code-sets, the sets
ExternalPaymentTransactionStatus1Code, ExternalStatusReason1Code and ExternalReturnReason1Code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from activities.types import OutcomeKind

REJECTED: Final = frozenset({"RJCT", "CANC"})
"""The payout has ended and no money moved."""

STATUSES: Final[Mapping[str, OutcomeKind]] = MappingProxyType(
    {
        "RCVD": OutcomeKind.PENDING,  # received
        "ACTC": OutcomeKind.PENDING,  # technically valid
        "ACCP": OutcomeKind.PENDING,  # customer profile valid
        "ACFC": OutcomeKind.PENDING,  # funds checked
        "ACWC": OutcomeKind.PENDING,  # accepted with a change, of the day for example
        "ACWP": OutcomeKind.PENDING,  # accepted, not posted yet
        "PATC": OutcomeKind.PENDING,  # waits for another signature at the bank
        "PDNG": OutcomeKind.PENDING,  # waits for its day, or is being looked at
        "ACSP": OutcomeKind.PENDING,  # being settled
        "ACPD": OutcomeKind.PENDING,  # cleared
        "ACSC": OutcomeKind.SUCCEEDED,  # settled on our account
        "ACCC": OutcomeKind.SUCCEEDED,  # settled on the creditor's account
        "BLCK": OutcomeKind.CONFLICT,  # neither paid nor given back, as a sanctions officer decided: for a person
        "RJCT": OutcomeKind.REJECTED,  # more by its reason
        "CANC": OutcomeKind.REJECTED,  # called back before it was settled
    }
)


@dataclass(frozen=True)
class Meaning:
    """`words` complete "the bank says: …". `at_door`: the order was refused and nothing is kept, so its number can be
    sent again. `ended`: the payout of that number is rejected for ever. `elsewhere`: another destination would do."""

    words: str
    at_door: OutcomeKind
    ended: OutcomeKind
    elsewhere: bool


def _payee(words: str) -> Meaning:
    return Meaning(words, OutcomeKind.NEEDS_PAYEE, OutcomeKind.NEEDS_PAYEE, elsewhere=True)


def _merchant(words: str) -> Meaning:
    # A rejected number is not revived by money on the account: finance tries again, under a new one.
    return Meaning(words, OutcomeKind.NEEDS_MERCHANT, OutcomeKind.REJECTED, elsewhere=False)


def _rail(words: str) -> Meaning:
    return Meaning(words, OutcomeKind.REJECTED, OutcomeKind.REJECTED, elsewhere=True)


def _person(words: str) -> Meaning:
    return Meaning(words, OutcomeKind.REJECTED, OutcomeKind.REJECTED, elsewhere=False)


def _bank(words: str, *, elsewhere: bool = False) -> Meaning:
    return Meaning(words, OutcomeKind.UNKNOWN, OutcomeKind.REJECTED, elsewhere=elsewhere)


def _twice(words: str) -> Meaning:
    # Another payout may have moved the money: nothing is sent under a new number before somebody has looked.
    return Meaning(words, OutcomeKind.UNKNOWN, OutcomeKind.CONFLICT, elsewhere=False)


REASONS: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        "AC01": _payee("the account's number is wrong"),
        "AC03": _payee("the creditor's account number is wrong"),
        "AC04": _payee("the account is closed"),
        "AC06": _payee("the account is blocked"),
        "AC07": _payee("the creditor's account is closed"),
        "AC08": _payee("the branch code is wrong"),
        "AC11": _payee("the creditor's account is not kept in this currency"),
        "AC14": _payee("the creditor's account is of a type that takes no transfers"),
        "AC15": _payee("the account's details have changed"),
        "AC16": _payee("the account is in sequestration"),
        "AC17": _payee("the account is in liquidation"),
        "AG01": _payee("transfers to this type of account are forbidden"),
        "BE01": _payee("the name does not belong to the account"),
        "BE04": _payee("the creditor's address is missing"),
        "BE06": _payee("the creditor is not known at that bank"),
        "BE22": _payee("the creditor's name is missing"),
        "CNOR": _payee("the creditor's bank cannot be reached by this way"),
        "MD07": _payee("the account's holder has died"),
        "MS02": _payee("the creditor refuses the money"),
        "RC01": _payee("the code of the bank is wrong"),
        "RC04": _payee("the code of the creditor's bank is wrong"),
        "RC07": _payee("the BIC of the creditor's bank is wrong"),
        "RR03": _payee("the creditor's name or address is missing"),
        "RUTA": _payee("the payment could not be applied to the account"),
        "AC02": _merchant("our account's number is wrong"),
        "AC05": _merchant("our account is closed"),
        "AC13": _merchant("our account is of a type that sends no transfers"),
        "AG08": _merchant("our access has no right to this"),
        "AM04": _merchant("our account does not cover it"),
        "AM14": _merchant("the amount is over our agreed limit"),
        "AM21": _merchant("the amount is over our limit"),
        "BE05": _merchant("we are not known as the initiating party"),
        "DNOR": _merchant("our bank cannot be reached by this way"),
        "RC03": _merchant("the code of our bank is wrong"),
        "RR01": _merchant("our account or identification is missing"),
        "RR02": _merchant("our name or address is missing"),
        "AG03": _rail("this kind of transfer is not supported between the two accounts"),
        "AM02": _rail("the amount is not allowed"),
        "AM03": _rail("the currency is not allowed"),
        "AM06": _rail("the amount is too low"),
        "AM13": _rail("the amount is over the clearing system's limit"),
        "CURR": _rail("the currency is wrong"),
        "AG02": _person("the operation code is wrong"),
        "AM01": _person("the amount is zero"),
        "AM09": _person("the amount is not the agreed one"),
        "AM12": _person("the amount is not valid"),
        "CUST": _person("a customer of the bank asked for it back"),
        "DT01": _person("the date is wrong"),
        "FF01": _person("the order is not of the bank's format"),
        "FOCR": _person("it was called back"),
        "FR01": _person("fraud is suspected"),
        "FRAD": _person("fraud is reported"),
        "RR04": _person("a regulation forbids it"),
        "AB05": _bank("the creditor's bank did not answer in time"),
        "AB08": _bank("the creditor's bank is not online"),
        "AB09": _bank("the creditor's bank has an error"),
        "ED05": _bank("the settlement failed"),
        "TECH": _bank("a technical error"),
        "TM01": _bank("the bank's hours were over"),
        "MS03": _bank("the creditor's bank gives no reason", elsewhere=True),
        "NARR": _bank("the reason is a text for people; ask the bank", elsewhere=True),
        "AM05": _twice("it has been ordered before"),
        "DUPL": _twice("it has been paid before"),
        "RF01": _twice("its reference was used before"),
        "number_in_use": Meaning(
            "the number is another payout's", OutcomeKind.CONFLICT, OutcomeKind.CONFLICT, elsewhere=False
        ),
        "unauthorised": _merchant("our token is not valid"),
        "rate_limited": _bank("too many requests"),
        "internal_error": _bank("an internal error"),
    }
)
"""By code: ISO's, and behind them those of the payout interface itself."""

BY_HTTP_STATUS: Final[Mapping[int, OutcomeKind]] = MappingProxyType(
    {
        400: OutcomeKind.REJECTED,
        401: OutcomeKind.NEEDS_MERCHANT,
        403: OutcomeKind.NEEDS_MERCHANT,
        404: OutcomeKind.NEEDS_MERCHANT,  # the payout interface is not at this address, or not open to us
        409: OutcomeKind.CONFLICT,
        422: OutcomeKind.REJECTED,
    }
)
"""Refusals at the door whose code is not in the table; any other status may mean that the order was taken."""
