"""All that must hold before a decision table is believed; each check raises PolicyError naming the place."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ValidationError

from activities.ports import Action, Facts, Ruling
from aftersales.contract.values import CaseKind, Frozen, Reason
from domain.promotions import PromotionChoice
from domain.tenders import TenderOrder
from policy.answers import CheckedRuling, sentence_of
from policy.cells import value_of, why_condition_refused, why_value_refused
from policy.document import ROW_DESCRIPTION, ROW_ID, Column, Document, FactType, Schema, TableContent
from policy.errors import PolicyError

ROW_FIELD: Final = "row"
_TYPES: Final[dict[object, FactType]] = {bool: "boolean", int: "integer"}
_CLOSED_FACTS: Final[dict[str, type[StrEnum]]] = {"reason": Reason, "kind": CaseKind}
_CLOSED_PARTS: Final[dict[str, type[StrEnum]]] = {
    "action": Action,
    "promotion": PromotionChoice,
    "tender_order": TenderOrder,
}
Rule = dict[str, str]


def check_document(name: str, document: Document) -> None:
    """Refuse a table that could decide otherwise than it reads. Raises PolicyError."""
    if not document.is_joined():
        raise PolicyError("the edges must lead from the facts to the table and on to the ruling.", table=name)
    _check_schema(name, document.facts, Facts, _CLOSED_FACTS)
    _check_schema(name, document.ruling, Ruling, _CLOSED_PARTS)
    _check_columns(name, document)
    _check_row_ids(name, document.table)
    for rule in document.table.rules:
        _check_rule(name, rule, document)
    _check_catch_all(name, document.table)


def _check_schema(name: str, schema: Schema, model: type[Frozen], closed: dict[str, type[StrEnum]]) -> None:
    _same_names(name, f"the schema of {model.__name__}", schema.properties, model.model_fields)
    _same_names(name, f"the required part of {model.__name__}", schema.required, model.model_fields)
    for field, prop in schema.properties.items():
        expected = _type_of(model, field)
        if prop.type != expected:
            raise PolicyError(f"the schema says {prop.type}, it is {expected}.", table=name, column=field)
        if field in closed:
            _same_names(name, f"the schema's values of {field}", prop.enum, closed[field])


def _type_of(model: type[BaseModel], field: str) -> FactType:
    return _TYPES.get(model.model_fields[field].annotation, "string")


def _same_names(table: str, what: str, found: Iterable[str], expected: Iterable[str]) -> None:
    found, expected = list(found), [str(each) for each in expected]
    missing, unknown = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing or unknown or len(found) != len(set(found)):
        raise PolicyError(
            f"{what} is wrong: missing {', '.join(missing) or 'none'}, "
            f"not known {', '.join(unknown) or 'none'}, each must be there once.",
            table=table,
        )


def _check_columns(name: str, document: Document) -> None:
    table = document.table
    ids = [column.id for column in (*table.inputs, *table.outputs)]
    if len(set(ids) - {ROW_ID, ROW_DESCRIPTION}) != len(ids):
        raise PolicyError("every column needs an id of its own.", table=name)
    for column in table.inputs:
        if column.field not in document.facts.properties:
            raise PolicyError(f"there is no fact {column.field!r}.", table=name, column=column.id)
    _same_names(name, "the list of output columns", (c.field for c in table.outputs), Ruling.model_fields)


def _check_row_ids(name: str, table: TableContent) -> None:
    seen: set[str] = set()
    for position, rule in enumerate(table.rules, start=1):
        row = rule.get(ROW_ID, "")
        if not row:
            raise PolicyError(f"row number {position} has no {ROW_ID}.", table=name)
        if row in seen:
            raise PolicyError("two rows have this id; a trace must name one.", table=name, row=row)
        seen.add(row)


def _check_rule(name: str, rule: Rule, document: Document) -> None:
    row, table = rule[ROW_ID], document.table
    columns = {column.id for column in (*table.inputs, *table.outputs)}
    # A key that is missing or misspelt would be an empty condition: the row would win where it must not.
    for key in sorted(columns ^ (rule.keys() - {ROW_ID, ROW_DESCRIPTION})):
        why = "the cell is missing." if key in columns else "the table has no such column."
        raise PolicyError(why, table=name, row=row, column=key)
    for column in table.inputs:
        why_not = why_condition_refused(rule[column.id], document.facts.properties[column.field])
        _refuse_cell(why_not, name, row, column)
    for column in table.outputs:
        _refuse_cell(_why_output_refused(rule, column, document.ruling), name, row, column)
    _check_ruling(name, rule, table.outputs)


def _why_output_refused(rule: Rule, column: Column, ruling: Schema) -> str | None:
    cell = rule[column.id]
    if column.field == ROW_FIELD:
        wanted = json.dumps(rule[ROW_ID])
        return None if cell == wanted else f"{cell!r} must name its own row: {wanted}."
    return why_value_refused(cell, ruling.properties[column.field])


def _refuse_cell(why: str | None, table: str, row: str, column: Column) -> None:
    if why is not None:
        raise PolicyError(why, table=table, row=row, column=column.id)


def _check_ruling(name: str, rule: Rule, outputs: tuple[Column, ...]) -> None:
    try:
        CheckedRuling.model_validate({column.field: value_of(rule[column.id]) for column in outputs})
    except ValidationError as error:
        raise PolicyError(sentence_of(error), table=name, row=rule[ROW_ID]) from error


def _check_catch_all(name: str, table: TableContent) -> None:
    catch_all = [rule for rule in table.rules if not any(rule[column.id] for column in table.inputs)]
    if not catch_all:
        raise PolicyError("the last row must hold for everything and send the case to review.", table=name)
    first = catch_all[0]
    if first is not table.rules[-1]:
        raise PolicyError(
            "this row holds for everything, so the rows below it never apply.", table=name, row=first[ROW_ID]
        )
    action = next(column.id for column in table.outputs if column.field == "action")
    if value_of(first[action]) != Action.REVIEW:
        raise PolicyError("what no rule decides must go to review.", table=name, row=first[ROW_ID], column=action)
