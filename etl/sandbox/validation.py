"""Is this body what the API takes?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from etl.sandbox.answers import bad_request, unprocessable
from etl.sandbox.schema import HAS_ONE, ObjectType, RelationshipType
from etl.sandbox.values import checked_value
from etl.sandbox.workspace import Standing

OPERATIONS = ("replace", "remove", "add")


class Directory(Protocol):
    """Tells which ids there are."""

    def standing(self, object_type: str, identifier: str) -> Standing:
        """Whether a relationship to objects of that type may hold this id."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked create.

    Attributes:
        fields: Value by key, normalized.
        relationships: Ids by key, each id once.
    """

    fields: dict[str, Any]
    relationships: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Changes:
    """A checked update.

    Attributes:
        fields: The values to set.
        operations: By relationship: ``add``, ``remove`` or ``replace`` with ids.
    """

    fields: dict[str, Any]
    operations: dict[str, dict[str, list[str]]]


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object of a request.

    Raises:
        RefusalError: 400 ``invalid_type``: no JSON, or no object.
    """
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise bad_request("invalid_type", "The body is not valid JSON.", "body") from None
    if not isinstance(value, dict):
        raise bad_request("invalid_type", "The body must be a JSON object.", "body")
    return value


def checked_create(body: Mapping[str, Any], kind: ObjectType, directory: Directory) -> Draft:
    """Hold a create's body against the documents.

    Args:
        body: The parsed JSON.
        kind: What is to be created.
        directory: Knows the ids that relationships may hold.

    Raises:
        RefusalError: 400 or 422, with the first fault's code and place.
    """
    _refuse_unknown_keys(body, {"fields", "relationships", *kind.extra_keys})
    fields = _section(body, "fields", required=True)
    related = _section(body, "relationships", required=bool(kind.required_relationships))
    for key in sorted(kind.required_fields):
        if fields.get(key) is None:
            raise bad_request("parameter_missing", f"'{key}' is required.", f"fields.{key}")
    for key in sorted(kind.required_relationships):
        if key not in related:
            raise bad_request("parameter_missing", f"'{key}' is required.", f"relationships.{key}")
    ids = {key: _ids(value, _relationship(kind, key), key, directory) for key, value in related.items()}
    return Draft(_checked_fields(fields, kind), ids)


def checked_update(body: Mapping[str, Any], kind: ObjectType, directory: Directory) -> Changes:
    """Hold an update's body against the documents; arguments and errors as for a create."""
    _refuse_unknown_keys(body, {"fields", "relationships"})
    fields = _section(body, "fields", required=False)
    related = _section(body, "relationships", required=False)
    operations = {key: _operations(value, _relationship(kind, key), key, directory) for key, value in related.items()}
    for key in kind.required_fields & fields.keys():
        if fields[key] is None:
            raise unprocessable(f"A {kind.name} cannot be without '{key}'.", f"fields.{key}")
    return Changes(_checked_fields(fields, kind), operations)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse_unknown_keys(body: Mapping[str, Any], allowed: set[str]) -> None:
    for key in body:
        if key not in allowed:
            raise bad_request("unknown_field", f"Unrecognized key '{key}'.", key)


def _section(body: Mapping[str, Any], name: str, *, required: bool) -> dict[str, Any]:
    if name not in body:
        if required:
            raise bad_request("parameter_missing", f"'{name}' is required.", name)
        return {}
    section = body[name]
    if not isinstance(section, dict):
        raise bad_request("invalid_type", f"'{name}' must be an object.", name)
    return section


def _checked_fields(fields: Mapping[str, Any], kind: ObjectType) -> dict[str, Any]:
    checked = {}
    for key, value in fields.items():
        param = f"fields.{key}"
        item = kind.fields.get(key)
        if item is None:
            raise bad_request("unknown_field", f"Unrecognized field '{key}' for '{kind.plural}'.", param)
        checked[key] = checked_value(item, value, param)
        if key in kind.required_fields and not checked[key].strip():
            raise unprocessable(f"A {kind.name} cannot have a blank '{key}'.", param)
    return checked


def _relationship(kind: ObjectType, key: str) -> RelationshipType:
    found = kind.relationships.get(key)
    if found is None:
        raise bad_request("unknown_relationship", f"Unrecognized relationship '{key}' for '{kind.plural}'.", f"relationships.{key}")
    if found.read_only:
        raise bad_request("invalid_configuration", f"Relationship '{key}' is read-only.", f"relationships.{key}")
    return found


def _ids(value: Any, item: RelationshipType, key: str, directory: Directory) -> list[str]:
    param = f"relationships.{key}"
    ids = [value] if isinstance(value, str) else value
    if not isinstance(ids, list) or not all(isinstance(identifier, str) for identifier in ids):
        raise bad_request("invalid_type", f"'{param}' must be an id or a list of ids.", param)
    once = list(dict.fromkeys(ids))
    if item.cardinality == HAS_ONE and len(once) > 1:
        raise bad_request("invalid_type", f"'{param}' holds one id, not {len(once)}.", param)
    for identifier in once:
        _refuse_dead_end(identifier, item, param, directory)
    if key == "$assignedTo" and not once:
        raise bad_request("parameter_missing", f"'{param}' cannot be empty.", param)
    return once


def _refuse_dead_end(identifier: str, item: RelationshipType, param: str, directory: Directory) -> None:
    standing = directory.standing(item.object_type, identifier)
    if standing is Standing.MISSING:
        raise bad_request("relationship_entity_missing", f"There is no {item.object_type} '{identifier}'.", param)
    if standing is Standing.INACTIVE:
        raise bad_request("relationship_entity_inactive", f"The {item.object_type} '{identifier}' is not active.", param)


def _operations(value: Any, item: RelationshipType, key: str, directory: Directory) -> dict[str, list[str]]:
    param = f"relationships.{key}"
    if not isinstance(value, dict) or not value or not set(value) <= set(OPERATIONS):
        raise bad_request("invalid_type", f"'{param}' must be an object with add, remove or replace.", param)
    return {name: _operand(name, value[name], item, key, directory) for name in OPERATIONS if name in value}


def _operand(name: str, value: Any, item: RelationshipType, key: str, directory: Directory) -> list[str]:
    if name == "replace" and value is None:
        return []
    if name == "remove":
        # What is to go may be gone already: its id is not looked up.
        return [value] if isinstance(value, str) else _ids(value, item, key, _Anything())
    return _ids(value, item, key, directory)


class _Anything:
    def standing(self, object_type: str, identifier: str) -> Standing:  # noqa: ARG002  the protocol's arguments
        return Standing.ACTIVE
