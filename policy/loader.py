"""Loading a policy version: read every file, refuse what is doubtful, name the version by its content."""

from __future__ import annotations

import hashlib
import json
import logging
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from activities.types import Timings
from policy.answers import CheckedTimings, sentence_of
from policy.checks import check_document
from policy.document import Document, canonical
from policy.engine import REFUND_TABLE, ZenPolicy
from policy.errors import PolicyError

PACKAGED: Final = Path(__file__).parent / "tables"
TIMINGS: Final = "timings"

_log = logging.getLogger(__name__)


def load_policy(version: Path | str = "v1", time_scale: float = 1.0, order_lookup_s: int | None = None) -> ZenPolicy:
    """Load a version by its folder, or a packaged one by its name (such as "v1").

    `time_scale` multiplies every wait for people and windows (demo and tests), never below a second. Machines are no
    quicker where days are short: the look-up of an unknown order takes the policy's seconds, or `order_lookup_s`.
    Both are settings of the process and no part of the policy, so the content hash stays the same.
    The version knows the others, packaged or in folders beside its own: cases stay under the one they began with.
    Raises PolicyError naming table, row and column.
    """
    if not 0 < time_scale <= 1:
        raise PolicyError(f"a time scale of {time_scale} makes no sense; it must be above 0 and at most 1.")
    return _load(_folder_of(version), time_scale, order_lookup_s)


def _load(folder: Path, time_scale: float, order_lookup_s: int | None) -> ZenPolicy:
    files = _read_folder(folder)
    timings = _timings_of(files.pop(TIMINGS))
    table = canonical(files[REFUND_TABLE])
    check_document(REFUND_TABLE, _document_of(REFUND_TABLE, table))
    content_hash = hashlib.sha256(canonical({**files, TIMINGS: timings.model_dump()}).encode()).hexdigest()
    others = partial(_find, folder, time_scale, order_lookup_s)
    return ZenPolicy({REFUND_TABLE: table}, content_hash, _as_set(timings, time_scale, order_lookup_s), others)


def _find(folder: Path, time_scale: float, order_lookup_s: int | None, content_hash: str) -> ZenPolicy | None:
    """The version with that content; a folder that holds no sound version is passed over, and said to be."""
    for beside in (PACKAGED, folder.resolve().parent):
        for table in sorted(beside.glob(f"*/{REFUND_TABLE}.json")):
            try:
                found = _load(table.parent, time_scale, order_lookup_s)
            except (PolicyError, OSError) as error:
                _log.warning("the policy version in %s cannot be used: %s", table.parent, error)
                continue
            if found.content_hash == content_hash:
                return found
    return None


def _folder_of(version: Path | str) -> Path:
    packaged = PACKAGED / str(version)
    folder = packaged if isinstance(version, str) and packaged.is_dir() else Path(version)
    if not folder.is_dir():
        known = ", ".join(sorted(path.name for path in PACKAGED.iterdir() if path.is_dir()))
        raise PolicyError(f"there is no policy version {str(version)!r}; name a folder, or one of: {known}.")
    return folder


def _read_folder(folder: Path) -> dict[str, object]:
    names = {path.stem for path in folder.glob("*.json")}
    expected = {REFUND_TABLE, TIMINGS}
    if names != expected:
        wanted = " and ".join(f"{name}.json" for name in sorted(expected))
        raise PolicyError(f"a policy version holds {wanted}; this one holds {', '.join(sorted(names)) or 'none'}.")
    return {name: _read_json(name, folder / f"{name}.json") for name in sorted(names)}


def _read_json(name: str, path: Path) -> object:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_each_key_once)
    except ValueError as error:
        raise PolicyError(f"the file is no sound JSON: {error}.", table=name) from error
    return content


def _each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Of two equal keys JSON keeps the last in silence; in a table that is a cell nobody sees."""
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} stands twice in one object")
    return dict(pairs)


def _document_of(name: str, text: str) -> Document:
    try:
        return Document.model_validate_json(text)
    except ValidationError as error:
        raise PolicyError(sentence_of(error), table=name) from error


def _timings_of(content: object) -> Timings:
    try:
        return CheckedTimings.model_validate(content)
    except ValidationError as error:
        raise PolicyError(sentence_of(error), table=TIMINGS) from error


def _as_set(timings: Timings, time_scale: float, order_lookup_s: int | None) -> Timings:
    scaled = {name: max(1, round(s * time_scale)) for name, s in timings.model_dump().items()}
    return Timings(**scaled | {"order_lookup_s": order_lookup_s or timings.order_lookup_s})
