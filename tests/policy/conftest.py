"""Properties are judged as in `tests/domain`: by what holds, not by how long a busy machine takes to find out."""

from __future__ import annotations

import tests.domain.conftest  # noqa: F401 - loads the profile
