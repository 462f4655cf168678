"""The bank's refusals at the door: nothing of the order is kept, and its number is as new."""

from dataclasses import dataclass

from sandbox.bank.objects import Json


@dataclass(eq=False)
class BankError(Exception):
    """One refusal; ``code`` is an ISO 20022 reason wherever there is one."""

    status: int
    code: str
    message: str

    def body(self) -> Json:
        """The error as it is sent."""
        return {"error": {"code": self.code, "message": self.message}}


def not_authorised() -> BankError:
    """No token, or a wrong one."""
    return BankError(401, "unauthorised", "The bearer token is missing or wrong.")


def too_many_requests() -> BankError:
    """The rate limit; nothing was looked at."""
    return BankError(429, "rate_limited", "Too many requests.")


def internal() -> BankError:
    """Whether anything was executed, the answer does not say."""
    return BankError(500, "internal_error", "An internal error.")


def not_found(what: str) -> BankError:
    """A path or an object that is not there."""
    return BankError(404, "not_found", f"There is no {what}.")


def malformed(field: str, rule: str) -> BankError:
    """A field that is missing or not of its form (FF01, invalid format)."""
    return BankError(400, "FF01", f"{field}: {rule}.")


def refused(code: str, message: str) -> BankError:
    """An order that the bank does not take."""
    return BankError(422, code, message)


def number_in_use(number: str) -> BankError:
    """The number was used for something else."""
    return BankError(409, "number_in_use", f"{number} is another payout: the amount or the creditor differs.")


def statement_not_ready(day: str) -> BankError:
    """A day that has not ended yet."""
    return BankError(404, "statement_not_ready", f"The statement of {day} is made after the day's end (UTC).")
