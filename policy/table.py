"""One checked table, ready to be asked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any, Final, Generic, NamedTuple

import zen

from activities.rulings import Fired
from policy.cells import engine_words
from policy.checks import check_document, conditions
from policy.document import ROW_DESCRIPTION, ROW_ID, Document
from policy.errors import PolicyError
from policy.readings import Reading, Within
from policy.sheets import ROW, AnswerT_co, Sheet

MOST_KEPT: Final = 16_384
"""So many answers of a table are kept at most."""


class Row(NamedTuple, Generic[AnswerT_co]):
    """A row of a table: what is traced of it, what it answers, what it asks for, and why, in its author's words."""

    fired: Fired
    answer: AnswerT_co
    asks: Mapping[str, Reading]
    description: str

    def values_at_turns(self) -> Iterable[tuple[str, object]]:
        """Each fact with each value at which the row begins or ceases to hold."""
        for fact, reading in self.asks.items():
            yield from ((fact, value) for value in reading.turns())


class Table(Generic[AnswerT_co]):
    """Asks the engine which row holds; what the row answers was read and checked once, at load.

    Between two numbers at which some cell turns all numbers are alike, so the engine is asked once for each such span.

    The engine gets content that is compiled already: that is twenty times as fast as a decision made by
    `create_decision`.
    """

    def __init__(self, sheet: Sheet[AnswerT_co], document: Document, text: str) -> None:
        """`text`: the document's JSON. Raises PolicyError unless it passes every check."""
        answers = check_document(sheet, document)
        self.sheet = sheet
        self.document = document
        self.rows: dict[str, Row[AnswerT_co]] = {
            rule[ROW_ID]: Row(
                Fired(table=sheet.name, row=rule[ROW_ID]),
                answers[rule[ROW_ID]],
                conditions(rule, document),
                rule.get(ROW_DESCRIPTION, ""),
            )
            for rule in document.table.rules
        }
        self._asked = _turns_of(self.rows.values())
        self._engine = zen.ZenEngine({"loader": {sheet.name: zen.ZenDecisionContent(text)}.__getitem__})
        self._known: dict[tuple[object, ...], Row[AnswerT_co]] = {}

    def row_for(self, facts: Mapping[str, Any]) -> Row[AnswerT_co]:
        """The row that holds. Raises PolicyError when the facts do not fit the table's schema."""
        try:
            key = tuple([bisect_right(ends, facts[fact]) if ends else facts[fact] for fact, ends in self._asked])
        except TypeError:
            return self._ask(facts)  # a number that is none: the engine says so
        row = self._known.get(key)
        if row is None:
            row = self._ask(facts)
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[key] = row
        return row

    def _ask(self, facts: Mapping[str, Any]) -> Row[AnswerT_co]:
        name = self.sheet.name
        try:
            response = self._engine.evaluate(name, {fact: facts[fact] for fact in self.sheet.inputs})
            return self.rows[response["result"][ROW]]
        except RuntimeError as error:
            raise PolicyError(f"it cannot decide: {engine_words(error)}.", table=name) from error
        except (KeyError, TypeError) as error:
            raise PolicyError("it gave no answer that is a row of it.", table=name) from error


def _turns_of(rows: Iterable[Row[AnswerT_co]]) -> list[tuple[str, list[int]]]:
    """Each fact that some row asks for; a number with the values around which the answers to it turn, rising."""
    turns: dict[str, set[int]] = {}
    for row in rows:
        for fact, reading in row.asks.items():
            turns.setdefault(fact, set()).update(reading.ends() if isinstance(reading, Within) else ())
    return [(fact, sorted(ends)) for fact, ends in sorted(turns.items())]
