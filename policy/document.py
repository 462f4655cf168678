"""The shape of a decision table's file: the JSON of the GoRules editor, and of it no more than is understood.

An unknown key is refused: in these files a misspelt key is a rule that never applies.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Json

ROW_ID = "_id"
ROW_DESCRIPTION = "_description"
FactType = Literal["string", "integer", "boolean"]
Text = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Property(Strict):
    """One fact or one part of an answer. `enum` closes the list of values; `examples` leaves it open, but a cell
    may name only what either of them lists."""

    type: FactType
    enum: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What a cell may name."""
        return (*self.enum, *self.examples)


class Schema(Strict):
    """What goes in or comes out; every property is required and none may be added."""

    type: Literal["object"]
    properties: dict[str, Property]
    required: tuple[str, ...]
    additional_properties: Literal[False] = Field(alias="additionalProperties")


class SchemaContent(Strict):
    """The editor keeps a schema as text."""

    schema_: Json[Schema] = Field(alias="schema")


class Column(Strict):
    id: Text
    name: str = ""
    field: Text


class TableContent(Strict):
    hit_policy: Literal["first"] = Field(alias="hitPolicy")
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    rules: tuple[dict[str, str], ...]
    pass_through: Literal[False] = Field(alias="passThrough")
    input_field: None = Field(alias="inputField")
    output_path: None = Field(alias="outputPath")
    execution_mode: Literal["single"] = Field(alias="executionMode")


class Place(Strict):
    """Where the editor draws a node."""

    x: int
    y: int


class Node(Strict):
    id: Text
    name: str
    position: Place


class InputNode(Node):
    type: Literal["inputNode"]
    content: SchemaContent


class TableNode(Node):
    type: Literal["decisionTableNode"]
    content: TableContent


class OutputNode(Node):
    type: Literal["outputNode"]
    content: SchemaContent


class Edge(Strict):
    id: Text
    type: Literal["edge"]
    source_id: Text = Field(alias="sourceId")
    target_id: Text = Field(alias="targetId")


class Document(Strict):
    """Facts, one table, an answer: in this order and joined by two edges."""

    content_type: Literal["application/vnd.gorules.decision"] = Field(alias="contentType")
    nodes: tuple[InputNode, TableNode, OutputNode]
    edges: tuple[Edge, Edge]

    @property
    def facts(self) -> Schema:
        return self.nodes[0].content.schema_

    @property
    def table(self) -> TableContent:
        return self.nodes[1].content

    @property
    def answer(self) -> Schema:
        return self.nodes[2].content.schema_

    def is_joined(self) -> bool:
        """Whether the facts lead into the table and the table into the answer."""
        facts, table, answer = (node.id for node in self.nodes)
        return [(edge.source_id, edge.target_id) for edge in self.edges] == [(facts, table), (table, answer)]


def canonical(content: object) -> str:
    """The one spelling of a JSON value: sorted keys, no white space."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
