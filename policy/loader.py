"""Loading a policy version: read every file, refuse what is doubtful, name the version by its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from activities.rulings import Breaking, RiskRules
from policy.answers import CheckedBreaking, CheckedRiskRules, complaints
from policy.bounds import refuse_deep, text_of
from policy.checks import faults_in
from policy.document import Document, canonical
from policy.engine import Tables, ZenPolicy
from policy.errors import PolicyError
from policy.pace import REAL, Pace
from policy.sheets import (
    AFTERCARE,
    AMOUNTS,
    BREAKING,
    CEILINGS,
    DECISION,
    ELIGIBILITY,
    EVIDENCE,
    LADDER,
    NAMES,
    RISK,
    ROUTING,
    SHEETS,
    AnswerT_co,
    Sheet,
)
from policy.table import Table

PACKAGED: Final = Path(__file__).parent / "tables"
Files = Mapping[str, object]
"""The files of a version by their names without `.json`, parsed."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def load_policy(version: Path | str = "v1", time_scale: float = 1.0, order_lookup_s: int | None = None) -> ZenPolicy:
    """Load a version by its folder, or a packaged one by its name (such as "v1"), at a pace (see `Pace`).

    Raises PolicyError naming table, row and column.
    """
    pace = Pace(time_scale, order_lookup_s).checked()
    return compile_version(read_folder(folder_of(version)), pace)


def compile_version(files: Files, pace: Pace = REAL) -> ZenPolicy:
    """Check all files of a version and make it ready. Raises PolicyError for the first thing that is wrong."""
    tables = _tables(files)
    for fault in _strange_codes(tables):
        raise fault
    risk = _model(RISK, CheckedRiskRules, files)
    breaking = _model(BREAKING, CheckedBreaking, files)
    return ZenPolicy(hash_of(files), tables, RiskRules(**dict(risk)), Breaking(**dict(breaking)), pace)


def faults_of(files: Files) -> list[PolicyError]:
    """All that is wrong with a version, as far as it can be told: where a table's form is wrong its cells are not
    looked at, and where a cell is wrong its rows are not compared. Empty if the version is sound."""
    faults = [fault for sheet in SHEETS for fault in _faults_of_table(sheet, files)]
    faults += _faults_of_model(RISK, CheckedRiskRules, files)
    faults += _faults_of_model(BREAKING, CheckedBreaking, files)
    return faults or list(_strange_codes(_tables(files)))


def _tables(files: Files) -> Tables:
    """Raises PolicyError for the first thing that is wrong."""
    return Tables(
        eligibility=_table(ELIGIBILITY, files),
        evidence=_table(EVIDENCE, files),
        decision=_table(DECISION, files),
        amounts=_table(AMOUNTS, files),
        routing=_table(ROUTING, files),
        ladder=_table(LADDER, files),
        aftercare=_table(AFTERCARE, files),
        ceilings=_table(CEILINGS, files),
    )


def _faults_of_table(sheet: Sheet[AnswerT_co], files: Files) -> list[PolicyError]:
    faults = _faults_of_model(sheet.name, Document, files)
    return faults or list(faults_in(sheet, document_of(sheet.name, files)))


def hash_of(files: Files) -> str:
    """What a version is known by: SHA-256 over its canonical content, so that layout does not count."""
    return hashlib.sha256(canonical(files).encode()).hexdigest()


def folder_of(version: Path | str) -> Path:
    """Raises PolicyError for a version that is neither packaged nor a folder."""
    folder = PACKAGED / version if version in packaged_names() else Path(version)
    if not folder.is_dir():
        known = ", ".join(packaged_names())
        raise PolicyError(f"There is no policy version {str(version)!r}; name a folder, or one of: {known}.")
    return folder


def packaged_names() -> list[str]:
    return sorted(path.name for path in PACKAGED.iterdir() if path.is_dir())


def read_folder(folder: Path) -> Files:
    """The files of a version, parsed and not yet checked. Raises PolicyError."""
    names = {path.stem for path in folder.glob("*.json")}
    if names != set(NAMES):
        missing, unknown = sorted(set(NAMES) - names), sorted(names - set(NAMES))
        raise PolicyError(
            f"A policy version holds {', '.join(f'{name}.json' for name in NAMES)}; in this folder are missing "
            f"{', '.join(missing) or 'none'}, not known {', '.join(unknown) or 'none'}."
        )
    return {name: _parsed(name, text_of(folder / f"{name}.json")) for name in NAMES}


def files_of(content: str) -> Files:
    """A stored version's files. Raises PolicyError."""
    files = _parsed("", content)
    if not isinstance(files, dict) or set(files) != set(NAMES):
        raise PolicyError(f"the stored content is not that of a version of today: it must hold {', '.join(NAMES)}.")
    return files


def _parsed(name: str, text: str) -> object:
    try:
        content: object = json.loads(text, object_pairs_hook=_each_key_once)
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"the file is no sound JSON: {error}.", table=name) from error
    refuse_deep(name, content)
    return content


def _each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Of two equal keys JSON keeps the last in silence; in a table that is a cell nobody sees."""
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} stands twice in one object")
    return dict(pairs)


def document_of(name: str, files: Files) -> Document:
    """A table as it is written down, its cells not checked. Raises PolicyError."""
    return _model(name, Document, files)


def _table(sheet: Sheet[AnswerT_co], files: Files) -> Table[AnswerT_co]:
    return Table(sheet, document_of(sheet.name, files), canonical(files[sheet.name]))


def _model(name: str, model: type[ModelT], files: Files) -> ModelT:
    try:
        return model.model_validate_json(canonical(files[name]))
    except ValidationError as error:
        raise _as_faults(name, error)[0] from error


def _faults_of_model(name: str, model: type[BaseModel], files: Files) -> list[PolicyError]:
    try:
        model.model_validate_json(canonical(files[name]))
    except ValidationError as error:
        return _as_faults(name, error)
    return []


def _as_faults(name: str, error: ValidationError) -> list[PolicyError]:
    return [PolicyError(each.sentence, table=name, column=each.column) for each in complaints(error)]


def _strange_codes(tables: Tables) -> Iterator[PolicyError]:
    """Routing asks for reason codes; one that no decision gives is a slip."""
    given = {row.answer.reason_code for row in tables.decision.rows.values()}
    for name, row in tables.routing.rows.items():
        asked = row.asks.get("reason_code")
        for code in asked.turns() if asked else ():
            if code not in given:
                why = f"no row of the decision table gives the reason code {code!r}."
                yield PolicyError(why, table=ROUTING.name, row=name, column="reason_code")
