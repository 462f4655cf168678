"""Properties are judged by what holds, not by how long a busy machine takes to find out."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("patient", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
