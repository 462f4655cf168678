"""How long the state machine is driven: bounded and always alike, unless a profile is asked for.

`pytest tests/payments --hypothesis-profile long` drives it for many minutes, differently each time.
"""

from __future__ import annotations

from typing import Final

from hypothesis import HealthCheck, settings

IN_CI: Final = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    max_examples=18,
    stateful_step_count=40,
    derandomize=True,
    database=None,
)

LONG: Final = "long"
settings.register_profile(LONG, parent=IN_CI, max_examples=400, stateful_step_count=80, derandomize=False)


def wanted() -> settings:
    """What the test runs by: its own bounds, whatever other tests chose for themselves, or the long profile."""
    return settings() if settings.get_current_profile_name() == LONG else IN_CI
