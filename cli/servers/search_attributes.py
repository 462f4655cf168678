"""Search attributes: the columns by which cases are found in Temporal, registered by the product itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType, SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from cli.servers.errors import ServerUnavailableError
from cli.servers.probes import eventually

AttributeTypes = Mapping[str, SearchAttributeIndexedValueType]
"""Attribute name -> the server's index type."""

VISIBLE_LIMIT_SECONDS = 20.0


def attribute_types(keys: Iterable[SearchAttributeKey[Any]]) -> AttributeTypes:
    """The mapping for typed keys, as workflow code holds them."""
    return {key.name: key.indexed_value_type for key in keys}


def command_line_type(kind: SearchAttributeIndexedValueType) -> str:
    """The type as `--search-attribute Name=Type` spells it: KEYWORD_LIST -> KeywordList."""
    return kind.name.title().replace("_", "")


async def registered_search_attributes(client: Client) -> AttributeTypes:
    """The namespace's custom attributes."""
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    return {name: SearchAttributeIndexedValueType(kind) for name, kind in listed.custom_attributes.items()}


async def ensure_search_attributes(client: Client, wanted: AttributeTypes) -> None:
    """Register what is missing; again and at once from several processes is harmless.

    An attribute of another type raises: a server never changes it, and every start of a case would fail.
    """
    try:
        present = await registered_search_attributes(client)
    except RPCError as error:
        if error.status is not RPCStatusCode.UNIMPLEMENTED:
            raise
        # The time-skipping test server takes attributes but cannot list them.
        await _add(client, wanted)
        return
    _refuse_other_types(present, wanted)
    missing = {name: kind for name, kind in wanted.items() if name not in present}
    if missing:
        await _add(client, missing)
        await _until_visible(client, missing)


def _refuse_other_types(present: AttributeTypes, wanted: AttributeTypes) -> None:
    for name, kind in wanted.items():
        if (found := present.get(name, kind)) is not kind:
            raise ServerUnavailableError(
                f"The search attribute {name} is registered in this namespace as {command_line_type(found)}, "
                f"but the product needs {command_line_type(kind)}. Remove it with "
                f"`temporal operator search-attribute remove --name {name}`, or use another namespace."
            )


async def _add(client: Client, missing: AttributeTypes) -> None:
    request = AddSearchAttributesRequest(
        namespace=client.namespace,
        search_attributes={name: IndexedValueType.ValueType(kind) for name, kind in missing.items()},
    )
    try:
        await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        # Another process of ours was quicker.
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


async def _until_visible(client: Client, missing: AttributeTypes) -> None:
    async def listed() -> bool:
        return missing.keys() <= (await registered_search_attributes(client)).keys()

    # A cluster answers before it knows the new attributes itself; a case started meanwhile would be refused.
    if not await eventually(listed, VISIBLE_LIMIT_SECONDS):
        raise ServerUnavailableError(
            f"Temporal accepted the search attributes {', '.join(missing)} but did not list them within "
            f"{VISIBLE_LIMIT_SECONDS:g} seconds."
        )
