"""The file of rows that were left out: which row, why, and the row itself, so that it can be mended and sent again."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from cli.commands.errors import CommandError
from integrations.shop.outcomes import LeftOut, RowProblem

COLUMNS: Final = ("row", "reason", "field", "problem", "text")
SUFFIX: Final = ".left-out.csv"


def rejects_beside(path: Path) -> Path:
    """Beside the order file, or in the current folder if nothing may be written there."""
    name = path.name + SUFFIX
    return path.with_name(name) if os.access(path.parent, os.W_OK) else Path(name)


class Rejects:
    """Counts every row and writes it; the file is made with the first one, so a clean import leaves none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: Counter[LeftOut] = Counter()
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, problem: RowProblem) -> None:
        """Raises `CommandError` if the file cannot be written."""
        self.counts[problem.reason] += 1
        try:
            file = self._opened()
            csv.writer(file).writerow(problem)
        except OSError as error:
            raise CommandError(
                f"The rows that are left out cannot be written to {self.path} ({error.strerror}). Name another file "
                "for them with --left-out; what was imported so far stays, and importing again does not repeat it."
            ) from error

    @property
    def written_to(self) -> Path | None:
        return self.path if self._file is not None else None

    def _opened(self) -> TextIO:
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow(COLUMNS)
        return self._file
