"""All that must hold before a decision table is believed; what does not is told with its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from pydantic import ValidationError

from activities.rulings import Action
from aftersales.contract.values import Frozen
from domain.currencies import EXPONENTS
from policy.answers import complaints
from policy.bounds import faults_of_size
from policy.cells import value_of, why_condition_refused, why_value_refused
from policy.document import ROW_DESCRIPTION, ROW_ID, Column, Document, FactType, Property, Schema, TableContent
from policy.errors import PolicyError
from policy.readings import Reading, read
from policy.sheets import LOWEST, ROW, AnswerT_co, Sheet

Rule = dict[str, str]
Faults = Iterator[PolicyError]
_TYPES: Final[dict[type, FactType]] = {bool: "boolean", int: "integer"}
_RISK_FACTS: Final = frozenset({"risk_level", "risk_score", "listed"})


def check_document(sheet: Sheet[AnswerT_co], document: Document) -> dict[str, AnswerT_co]:
    """Refuse a table that could decide otherwise than it reads; the answer of each row. Raises the first fault."""
    for fault in faults_in(sheet, document):
        raise fault
    return {rule[ROW_ID]: _answer_of(sheet, rule, document.table.outputs) for rule in document.table.rules}


def faults_in(sheet: Sheet[Frozen], document: Document) -> Faults:
    """All that is wrong with a table: its form; where that stands, its cells; where each of those does, its rows."""
    for look in (_faults_of_form, _faults_of_cells, _faults_of_rows):
        found = False
        for fault in look(sheet, document):
            found = True
            yield fault
        if found:
            return


def conditions(rule: Rule, document: Document) -> dict[str, Reading]:
    """What a sound row asks for, fact by fact; a fact that it does not ask for is not there."""
    return {
        column.field: read(rule[column.id], document.facts.properties[column.field].type)
        for column in document.table.inputs
        if rule[column.id]
    }


def _faults_of_form(sheet: Sheet[Frozen], document: Document) -> Faults:
    name = sheet.name
    if not document.is_joined():
        yield PolicyError("the edges must lead from the facts to the table and on to the answer.", table=name)
    yield from faults_of_size(name, document)
    yield from _faults_of_schema(name, "the facts", document.facts, sheet.inputs)
    yield from _faults_of_schema(name, "the answer", document.answer, sheet.outputs)
    yield from _faults_of_columns(name, document, sheet.outputs)
    yield from _faults_of_row_ids(name, document.table)


def _faults_of_cells(sheet: Sheet[Frozen], document: Document) -> Faults:
    for rule in document.table.rules:
        yield from _faults_of_rule(sheet, rule, document)


def _faults_of_rows(sheet: Sheet[Frozen], document: Document) -> Faults:
    last_row = list(_faults_of_last_row(sheet, document.table))
    yield from last_row or _faults_of_reach(sheet.name, document)
    yield from _faults_of_rejections_by_risk(sheet.name, document.table)


def _faults_of_schema(name: str, what: str, schema: Schema, types: Mapping[str, type]) -> Faults:
    yield from _other_names(name, f"the schema of {what}", schema.properties, types)
    yield from _other_names(name, f"the required part of {what}", schema.required, types)
    for field, prop in schema.properties.items():
        if field in types:
            yield from _faults_of_property(name, field, prop, types[field])


def _faults_of_property(name: str, field: str, prop: Property, annotation: type) -> Faults:
    expected = _TYPES.get(annotation, "string")
    if prop.type != expected:
        yield PolicyError(f"the schema says {prop.type}, it is {expected}.", table=name, column=field)
    closed = annotation if issubclass(annotation, StrEnum) else None
    yield from _other_names(name, f"the schema's closed list of {field}", prop.enum, closed or ())
    if prop.examples and (closed or expected != "string"):
        yield PolicyError("only an open list of words has examples.", table=name, column=field)
    for word in prop.examples:
        if field == "currency" and word not in EXPONENTS:
            yield PolicyError(f"{word!r} is no currency of ISO 4217.", table=name, column=field)


def _other_names(table: str, what: str, found: Iterable[str], expected: Iterable[str]) -> Faults:
    found, expected = list(found), [str(each) for each in expected]
    missing, unknown = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing or unknown or len(found) != len(set(found)):
        yield PolicyError(
            f"{what} is wrong: missing {', '.join(missing) or 'none'}, "
            f"not known {', '.join(unknown) or 'none'}, each must be there once.",
            table=table,
        )


def _faults_of_columns(name: str, document: Document, answered: Iterable[str]) -> Faults:
    table = document.table
    ids = [column.id for column in (*table.inputs, *table.outputs)]
    if len(set(ids) - {ROW_ID, ROW_DESCRIPTION}) != len(ids):
        yield PolicyError("every column needs an id of its own.", table=name)
    for column in (*table.inputs, *table.outputs):
        if not column.name:
            yield PolicyError("the column has no name.", table=name, column=column.id)
    asked: set[str] = set()
    for column in table.inputs:
        if column.field not in document.facts.properties:
            yield PolicyError(f"there is no fact {column.field!r}.", table=name, column=column.id)
        if column.field in asked:
            why = f"another column asks for the fact {column.field!r} already; write both conditions into one cell."
            yield PolicyError(why, table=name, column=column.id)
        asked.add(column.field)
    yield from _other_names(name, "the list of output columns", (c.field for c in table.outputs), answered)


def _faults_of_row_ids(name: str, table: TableContent) -> Faults:
    seen: set[str] = set()
    for position, rule in enumerate(table.rules, start=1):
        row = rule.get(ROW_ID, "")
        if not row:
            yield PolicyError(f"row number {position} has no {ROW_ID}.", table=name)
        elif row in seen:
            yield PolicyError("two rows have this id; a trace must name one.", table=name, row=row)
        seen.add(row)


def _faults_of_rule(sheet: Sheet[Frozen], rule: Rule, document: Document) -> Faults:
    name, row, table = sheet.name, rule[ROW_ID], document.table
    columns = {column.id for column in (*table.inputs, *table.outputs)}
    # A key that is missing or misspelt would be an empty condition: the row would win where it must not.
    for key in sorted(columns ^ (rule.keys() - {ROW_ID, ROW_DESCRIPTION})):
        why = "the cell is missing." if key in columns else "the table has no such column."
        yield PolicyError(why, table=name, row=row, column=key)
    refused = [
        PolicyError(why, table=name, row=row, column=column.id)
        for column, why in _refused_cells(rule, document)
        if why is not None
    ]
    yield from refused
    if not refused and columns <= rule.keys():
        yield from _faults_of_answer(sheet, rule, table.outputs)


def _refused_cells(rule: Rule, document: Document) -> Iterator[tuple[Column, str | None]]:
    """Each cell that is there, with why it is refused, if it is."""
    for column in document.table.inputs:
        if column.id in rule:
            fact = document.facts.properties[column.field]
            yield column, why_condition_refused(rule[column.id], fact, LOWEST.get(column.field))
    for column in document.table.outputs:
        if column.id in rule:
            yield column, _why_output_refused(rule, column, document.answer)


def _why_output_refused(rule: Rule, column: Column, answer: Schema) -> str | None:
    cell = rule[column.id]
    if column.field == ROW:
        wanted = json.dumps(rule[ROW_ID])
        return None if cell == wanted else f"{cell!r} must name its own row: {wanted}."
    return why_value_refused(cell, answer.properties[column.field])


def _faults_of_answer(sheet: Sheet[Frozen], rule: Rule, outputs: tuple[Column, ...]) -> Faults:
    try:
        _answer_of(sheet, rule, outputs)
    except ValidationError as error:
        for each in complaints(error):
            column = next((column.id for column in outputs if column.field == each.column), "")
            yield PolicyError(each.sentence, table=sheet.name, row=rule[ROW_ID], column=column)


def _answer_of(sheet: Sheet[AnswerT_co], rule: Rule, outputs: tuple[Column, ...]) -> AnswerT_co:
    """Of sound cells. Raises ValidationError for an answer that is out of its bounds."""
    answer = {column.field: value_of(rule[column.id]) for column in outputs if column.field != ROW}
    # As JSON, in which a word of a closed list is a text and nothing else is converted.
    return sheet.answer(**dict(sheet.form.model_validate_json(json.dumps(answer))))


def _faults_of_last_row(sheet: Sheet[Frozen], table: TableContent) -> Faults:
    """The last row holds for everything, and says what is safe to say of what nobody thought of."""
    catch_all = [rule for rule in table.rules if not any(rule[column.id] for column in table.inputs)]
    if not catch_all:
        yield PolicyError("the last row must hold for everything: leave all its conditions empty.", table=sheet.name)
        return
    last = catch_all[0]
    if last is not table.rules[-1]:
        why = "this row holds for everything, so the rows below it never apply."
        yield PolicyError(why, table=sheet.name, row=last[ROW_ID])
        return
    for column in table.outputs:
        if column.field in sheet.otherwise and value_of(last[column.id]) != sheet.otherwise[column.field]:
            why = f"what no row knows must get {json.dumps(sheet.otherwise[column.field])} here."
            yield PolicyError(why, table=sheet.name, row=last[ROW_ID], column=column.id)


def _faults_of_reach(name: str, document: Document) -> Faults:
    """A row that an earlier one hides entirely was meant otherwise, one or the other."""
    earlier: list[tuple[str, dict[str, Reading]]] = []
    for rule in document.table.rules:
        asked = conditions(rule, document)
        for above, wider in earlier:
            if all(fact in asked and reading.covers(asked[fact]) for fact, reading in wider.items()):
                why = f"this row never applies: row {above!r} above it holds wherever this one does."
                yield PolicyError(why, table=name, row=rule[ROW_ID])
                break
        earlier.append((rule[ROW_ID], asked))


def _faults_of_rejections_by_risk(name: str, table: TableContent) -> Faults:
    """High risk goes to people, never straight to a rejection (P6.1)."""
    actions = [column.id for column in table.outputs if column.field == "action"]
    for rule in table.rules:
        if not any(value_of(rule[action]) == Action.REJECT for action in actions):
            continue
        for column in table.inputs:
            if column.field in _RISK_FACTS and rule[column.id]:
                why = "a row that asks for risk must not reject: a person decides (P6.1)."
                yield PolicyError(why, table=name, row=rule[ROW_ID], column=column.id)
