"""Stripe's refusals, with the status, type and code of its reference (https://docs.stripe.com/error-codes)."""

from dataclasses import dataclass

from sandbox.stripe.objects import Json


@dataclass(eq=False)
class StripeError(Exception):
    """One refusal. ``stored``: execution had begun, so the Idempotency-Key keeps this answer."""

    message: str
    status: int = 400
    type: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    stored: bool = False

    def body(self, request_id: str) -> Json:
        """The error object; fields without a value are left out, as Stripe leaves them out."""
        error: Json = {"message": self.message, "type": self.type}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


def no_api_key() -> StripeError:
    """No credentials in the request."""
    return StripeError("You did not provide an API key.", 401)


def invalid_api_key(key: str) -> StripeError:
    """Credentials that are not the sandbox's; like Stripe's, this answer has no code."""
    return StripeError(f"Invalid API Key provided: {key[:7]}****{key[-4:]}", 401)


def key_in_use(key: str) -> StripeError:
    """The same Idempotency-Key is being executed at this moment."""
    message = f"There is currently another in-progress request using this Idempotency Key: {key}."
    return StripeError(message, 409, "idempotency_error", "idempotency_key_in_use")


def key_of_other_parameters(key: str) -> StripeError:
    """The Idempotency-Key was first used with other parameters; Stripe gives it a type and no code."""
    return StripeError(
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request.",
        type="idempotency_error",
    )


def key_too_long() -> StripeError:
    """Idempotency keys have 255 characters at most."""
    return StripeError("Idempotency keys cannot be longer than 255 characters.", type="idempotency_error")


def too_many_requests() -> StripeError:
    """The rate limit."""
    return StripeError("Request rate limit exceeded.", 429, code="rate_limit")


def server_error() -> StripeError:
    """Something went wrong on Stripe's end: whether it executed, the answer does not say."""
    message = "An unknown error occurred. We have been notified of the problem."
    return StripeError(message, 500, "api_error", stored=True)


def no_such_path(method: str, path: str) -> StripeError:
    """A path this sandbox does not serve."""
    return StripeError(f"Unrecognized request URL ({method}: {path}).", 404)


def no_such(noun: str, id_: str, param: str, *, stored: bool = False) -> StripeError:
    """An object that does not exist."""
    return StripeError(f"No such {noun}: '{id_}'", 404, code="resource_missing", param=param, stored=stored)


def invalid_integer(value: str, param: str) -> StripeError:
    """A parameter that is no whole number."""
    return StripeError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=param)


def not_positive(param: str) -> StripeError:
    """A number that must be at least 1."""
    message = "This value must be greater than or equal to 1."
    return StripeError(message, code="parameter_invalid_integer", param=param)


def too_great(most: int, param: str) -> StripeError:
    """A number over its limit."""
    message = f"This value must be less than or equal to {most}."
    return StripeError(message, code="parameter_invalid_integer", param=param)


def invalid_value(param: str, allowed: str) -> StripeError:
    """A word outside the list, or text over its length."""
    return StripeError(f"Invalid {param}: must be {allowed}", param=param)


def unknown_parameter(param: str) -> StripeError:
    """A parameter the endpoint does not have."""
    return StripeError(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def missing_payment() -> StripeError:
    """Neither charge nor payment_intent."""
    message = "One of the following params should be provided for this request: payment_intent or charge."
    return StripeError(message, code="parameter_missing", param="payment_intent")


def both_payments() -> StripeError:
    """Charge and payment_intent together."""
    message = "You may only specify one of these parameters: charge, payment_intent."
    return StripeError(message, code="parameters_exclusive", param="charge")


def already_refunded(charge: str) -> StripeError:
    """Nothing of the charge is left to refund."""
    message = f"Charge {charge} has already been refunded."
    return StripeError(message, code="charge_already_refunded", stored=True)


def charge_disputed(charge: str) -> StripeError:
    """A dispute is open: the bank has taken the money already."""
    message = f"Charge {charge} has been charged back; cannot issue a refund."
    return StripeError(message, code="charge_disputed", stored=True)


def over_amount(asked: int, left: int, code: str | None) -> StripeError:
    """More than the charge has left; minor units."""
    message = f"Refund amount ({asked}) is greater than unrefunded amount on charge ({left})"
    return StripeError(message, code=code, param="amount", stored=True)


def insufficient_balance() -> StripeError:
    """The merchant's balance does not cover the refund."""
    message = "Insufficient funds in your Stripe balance to refund this amount."
    return StripeError(message, code="balance_insufficient", stored=True)
