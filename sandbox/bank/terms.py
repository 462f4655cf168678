"""The terms in force: those of the settings until a test changes them."""

from sandbox.bank.settings import BankTerms
from sandbox.store import Store

TERMS = "bank_terms"


class TermsKept:
    """Terms in the store, so that they outlive the process and end with a reset."""

    def __init__(self, store: Store, at_start: BankTerms) -> None:
        self._store = store
        self._at_start = at_start

    def now(self) -> BankTerms:
        """The terms in force."""
        kept = self._store.fact(TERMS)
        return self._at_start if kept is None else BankTerms.model_validate(kept)

    def set(self, terms: BankTerms) -> None:
        """Other terms from now on."""
        self._store.set_fact(TERMS, terms.model_dump(mode="json"))
