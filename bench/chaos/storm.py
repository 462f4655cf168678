"""How hard a run is: everything that two runs of one seed have in common."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final


class Database(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


FAULT_RATE: Final = 0.2
SHORTEST_S: Final = 20.0
REFUND_EVERY_S: Final = 0.4
"""How fast applications come: slow enough for two busy cores, so that kills find work in every state."""


@dataclass(frozen=True)
class Storm:
    """Times in seconds. What is killed stays away so long; a database on SQLite is a file that nobody can kill."""

    seed: int
    refunds: int = 500
    kill_every_s: float = 10.0
    database: Database = Database.POSTGRESQL
    temporal_away_s: tuple[float, float] = (1.0, 20.0)
    database_away_s: float = 10.0
    calm_within_s: float = 300.0

    @property
    def applications_s(self) -> float:
        """Over this time the applications come."""
        return max(SHORTEST_S, self.refunds * REFUND_EVERY_S)

    def chance(self, of: str) -> Random:
        """Draws for one purpose, the same ones in each run of the seed."""
        return Random(f"{self.seed} {of}")  # noqa: S311 - chances of a trial, not a secret

    def again(self) -> str:
        """How this run is played again."""
        chosen = f"--refunds {self.refunds} --seconds-between-kills {self.kill_every_s:g} --seed {self.seed}"
        return f"python -m bench.chaos {chosen} --database {self.database.value}"
