"""All that must hold before a decision table is believed; each check raises PolicyError naming the place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from pydantic import ValidationError

from activities.rulings import Action
from aftersales.contract.values import Frozen
from domain.currencies import EXPONENTS
from policy.answers import column_of, sentence_of
from policy.cells import value_of, why_condition_refused, why_value_refused
from policy.document import ROW_DESCRIPTION, ROW_ID, Column, Document, FactType, Property, Schema, TableContent
from policy.errors import PolicyError
from policy.readings import Reading, read
from policy.sheets import LOWEST, ROW, AnswerT_co, Sheet

Rule = dict[str, str]
_TYPES: Final[dict[type, FactType]] = {bool: "boolean", int: "integer"}
_RISK_FACTS: Final = frozenset({"risk_level", "risk_score", "listed"})


def check_document(sheet: Sheet[AnswerT_co], document: Document) -> dict[str, AnswerT_co]:
    """Refuse a table that could decide otherwise than it reads; the answer of each row. Raises PolicyError."""
    name = sheet.name
    if not document.is_joined():
        raise PolicyError("the edges must lead from the facts to the table and on to the answer.", table=name)
    _check_schema(name, "the facts", document.facts, sheet.inputs)
    _check_schema(name, "the answer", document.answer, sheet.outputs)
    _check_columns(name, document, sheet.outputs)
    _check_row_ids(name, document.table)
    answers = {rule[ROW_ID]: _check_rule(sheet, rule, document) for rule in document.table.rules}
    _check_last_row(sheet, document.table)
    _check_reach(name, document)
    _check_risk_alone_rejects_nobody(name, document.table, answers)
    return answers


def conditions(rule: Rule, document: Document) -> dict[str, Reading]:
    """What a sound row asks for, fact by fact; a fact that it does not ask for is not there."""
    return {
        column.field: read(rule[column.id], document.facts.properties[column.field].type)
        for column in document.table.inputs
        if rule[column.id]
    }


def _check_schema(name: str, what: str, schema: Schema, types: Mapping[str, type]) -> None:
    _same_names(name, f"the schema of {what}", schema.properties, types)
    _same_names(name, f"the required part of {what}", schema.required, types)
    for field, prop in schema.properties.items():
        _check_property(name, field, prop, types[field])


def _check_property(name: str, field: str, prop: Property, annotation: type) -> None:
    expected = _TYPES.get(annotation, "string")
    if prop.type != expected:
        raise PolicyError(f"the schema says {prop.type}, it is {expected}.", table=name, column=field)
    closed = annotation if issubclass(annotation, StrEnum) else None
    _same_names(name, f"the schema's closed list of {field}", prop.enum, closed or ())
    if prop.examples and (closed or expected != "string"):
        raise PolicyError("only an open list of words has examples.", table=name, column=field)
    unknown = [word for word in prop.examples if field == "currency" and word not in EXPONENTS]
    if unknown:
        raise PolicyError(f"{unknown[0]!r} is no currency of ISO 4217.", table=name, column=field)


def _same_names(table: str, what: str, found: Iterable[str], expected: Iterable[str]) -> None:
    found, expected = list(found), [str(each) for each in expected]
    missing, unknown = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing or unknown or len(found) != len(set(found)):
        raise PolicyError(
            f"{what} is wrong: missing {', '.join(missing) or 'none'}, "
            f"not known {', '.join(unknown) or 'none'}, each must be there once.",
            table=table,
        )


def _check_columns(name: str, document: Document, answered: Iterable[str]) -> None:
    table = document.table
    ids = [column.id for column in (*table.inputs, *table.outputs)]
    if len(set(ids) - {ROW_ID, ROW_DESCRIPTION}) != len(ids):
        raise PolicyError("every column needs an id of its own.", table=name)
    for column in (*table.inputs, *table.outputs):
        if not column.name:
            raise PolicyError("the column has no name.", table=name, column=column.id)
    for column in table.inputs:
        if column.field not in document.facts.properties:
            raise PolicyError(f"there is no fact {column.field!r}.", table=name, column=column.id)
    _same_names(name, "the list of output columns", (c.field for c in table.outputs), answered)


def _check_row_ids(name: str, table: TableContent) -> None:
    seen: set[str] = set()
    for position, rule in enumerate(table.rules, start=1):
        row = rule.get(ROW_ID, "")
        if not row:
            raise PolicyError(f"row number {position} has no {ROW_ID}.", table=name)
        if row in seen:
            raise PolicyError("two rows have this id; a trace must name one.", table=name, row=row)
        seen.add(row)


def _check_rule(sheet: Sheet[AnswerT_co], rule: Rule, document: Document) -> AnswerT_co:
    name, row, table = sheet.name, rule[ROW_ID], document.table
    columns = {column.id for column in (*table.inputs, *table.outputs)}
    # A key that is missing or misspelt would be an empty condition: the row would win where it must not.
    for key in sorted(columns ^ (rule.keys() - {ROW_ID, ROW_DESCRIPTION})):
        why = "the cell is missing." if key in columns else "the table has no such column."
        raise PolicyError(why, table=name, row=row, column=key)
    for column in table.inputs:
        fact = document.facts.properties[column.field]
        _refuse_cell(why_condition_refused(rule[column.id], fact, LOWEST.get(column.field)), name, row, column)
    for column in table.outputs:
        _refuse_cell(_why_output_refused(rule, column, document.answer), name, row, column)
    return _answer_of(sheet, rule, table.outputs)


def _why_output_refused(rule: Rule, column: Column, answer: Schema) -> str | None:
    cell = rule[column.id]
    if column.field == ROW:
        wanted = json.dumps(rule[ROW_ID])
        return None if cell == wanted else f"{cell!r} must name its own row: {wanted}."
    return why_value_refused(cell, answer.properties[column.field])


def _refuse_cell(why: str | None, table: str, row: str, column: Column) -> None:
    if why is not None:
        raise PolicyError(why, table=table, row=row, column=column.id)


def _answer_of(sheet: Sheet[AnswerT_co], rule: Rule, outputs: tuple[Column, ...]) -> AnswerT_co:
    answer = {column.field: value_of(rule[column.id]) for column in outputs if column.field != ROW}
    try:
        # As JSON, in which a word of a closed list is a text and nothing else is converted.
        return sheet.answer(**dict(sheet.form.model_validate_json(json.dumps(answer))))
    except ValidationError as error:
        column = next((each.id for each in outputs if each.field == column_of(error)), "")
        raise PolicyError(sentence_of(error), table=sheet.name, row=rule[ROW_ID], column=column) from error


def _check_last_row(sheet: Sheet[Frozen], table: TableContent) -> None:
    """The last row holds for everything, and says what is safe to say of what nobody thought of."""
    catch_all = [rule for rule in table.rules if not any(rule[column.id] for column in table.inputs)]
    if not catch_all:
        raise PolicyError("the last row must hold for everything: leave all its conditions empty.", table=sheet.name)
    last = catch_all[0]
    if last is not table.rules[-1]:
        why = "this row holds for everything, so the rows below it never apply."
        raise PolicyError(why, table=sheet.name, row=last[ROW_ID])
    for column in table.outputs:
        if column.field in sheet.otherwise and value_of(last[column.id]) != sheet.otherwise[column.field]:
            why = f"what no row knows must get {json.dumps(sheet.otherwise[column.field])} here."
            raise PolicyError(why, table=sheet.name, row=last[ROW_ID], column=column.id)


def _check_reach(name: str, document: Document) -> None:
    """A row that an earlier one hides entirely was meant otherwise, one or the other."""
    earlier: list[tuple[str, dict[str, Reading]]] = []
    for rule in document.table.rules:
        asked = conditions(rule, document)
        for above, wider in earlier:
            if all(fact in asked and reading.covers(asked[fact]) for fact, reading in wider.items()):
                why = f"this row never applies: row {above!r} above it holds wherever this one does."
                raise PolicyError(why, table=name, row=rule[ROW_ID])
        earlier.append((rule[ROW_ID], asked))


def _check_risk_alone_rejects_nobody(name: str, table: TableContent, answers: dict[str, AnswerT_co]) -> None:
    """High risk goes to people, never straight to a rejection (P6.1)."""
    for rule in table.rules:
        if getattr(answers[rule[ROW_ID]], "action", None) is not Action.REJECT:
            continue
        for column in table.inputs:
            if column.field in _RISK_FACTS and rule[column.id]:
                why = "a row that asks for risk must not reject: a person decides (P6.1)."
                raise PolicyError(why, table=name, row=rule[ROW_ID], column=column.id)
