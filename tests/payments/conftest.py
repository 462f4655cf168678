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

settings.register_profile("long", parent=IN_CI, max_examples=400, stateful_step_count=80, derandomize=False)


def wanted() -> settings:
    """What the test runs by: its own bounds, or the profile that was named on the command line."""
    return IN_CI if settings.get_current_profile_name() in ("default", "ci") else settings()
