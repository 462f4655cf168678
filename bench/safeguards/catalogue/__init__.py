"""Every safeguard of money, messages and secrets, with the text that it consists of and the tests that must miss it."""

from __future__ import annotations

from typing import Final

from bench.safeguards.catalogue.books import BOOKS
from bench.safeguards.catalogue.ceilings import CEILINGS
from bench.safeguards.catalogue.gates import GATES
from bench.safeguards.catalogue.hearing import HEARING
from bench.safeguards.catalogue.log import LOG
from bench.safeguards.catalogue.people import PEOPLE
from bench.safeguards.catalogue.policies import POLICIES
from bench.safeguards.catalogue.providers import PROVIDERS
from bench.safeguards.catalogue.sending import SENDING
from bench.safeguards.safeguard import Safeguard

SAFEGUARDS: Final[tuple[Safeguard, ...]] = (
    *SENDING,
    *BOOKS,
    *PROVIDERS,
    *HEARING,
    *PEOPLE,
    *GATES,
    *CEILINGS,
    *LOG,
    *POLICIES,
)
