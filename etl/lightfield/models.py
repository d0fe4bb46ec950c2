"""What does the API give? Read leniently: unknown parts are ignored, and what is missing is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeGuard

from etl.content import moment

_LONGEST_ID = 255


class ApiSurpriseError(Exception):
    """An answer of the API lacks what its documentation promises; the message says what and where."""


def is_identity(value: Any) -> TypeGuard[str]:
    """Can this be an id: a text that may stand in an address? Dots alone would mean a folder there."""
    return isinstance(value, str) and bool(value.strip(".")) and len(value) <= _LONGEST_ID


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as the API shows it.

    Attributes:
        id: Its identity.
        created_at, updated_at: UTC, None where absent or odd.
        http_link: Where people see it.
        fields: From key (``$title``) to value.
        relationships: From key to ids.
    """

    id: str
    created_at: datetime | None
    updated_at: datetime | None
    http_link: str | None
    fields: Mapping[str, Any]
    relationships: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, body: Any) -> Self:
        """From a response's JSON.

        Raises:
            ApiSurpriseError: It is no object, or has no id.
        """
        record = _object(body, "a task")
        return cls(
            id=_identity(record, "a task"),
            created_at=moment(record.get("createdAt")),
            updated_at=moment(record.get("updatedAt")),
            http_link=_text(record.get("httpLink")),
            fields=_values(record),
            relationships=_relationships(record),
        )


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the workspace."""

    id: str
    email: str | None
    name: str | None
    role: str | None

    @classmethod
    def read(cls, body: Any) -> Self:
        """From one record of a list.

        Raises:
            ApiSurpriseError: It is no object, or has no id.
        """
        record = _object(body, "a member")
        fields = _values(record)
        return cls(_identity(record, "a member"), _text(fields.get("$email")), _full_name(fields.get("$name")), _text(fields.get("$role")))


@dataclass(frozen=True, slots=True)
class NamedObject:
    """An account, opportunity or contact.

    Attributes:
        id: Its identity.
        name: Its name, if it has one.
        texts: Each text of its fields (a URL list holds several).
        http_link: Where people see it.
    """

    id: str
    name: str | None
    texts: Mapping[str, tuple[str, ...]]
    http_link: str | None = None

    @classmethod
    def read(cls, body: Any) -> Self:
        """From one record of a list.

        Raises:
            ApiSurpriseError: It is no object, or has no id.
        """
        record = _object(body, "a record")
        fields = _values(record)
        return cls(
            _identity(record, "a record"),
            _full_name(fields.get("$name")),
            {key: _texts(key, value) for key, value in fields.items()},
            _text(record.get("httpLink")),
        )


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A field of tasks."""

    value_type: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class RelationshipDefinition:
    """A relationship of tasks; ``object_type`` such as ``account``."""

    many: bool
    object_type: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class Definitions:
    """Which fields and relationships the workspace's tasks have, by key or slug."""

    fields: Mapping[str, FieldDefinition]
    relationships: Mapping[str, RelationshipDefinition]

    @classmethod
    def read(cls, body: Any) -> Self:
        """From ``GET /v1/tasks/definitions``.

        Raises:
            ApiSurpriseError: The two lists are missing.
        """
        record = _object(body, "the task definitions")
        fields = _object(record.get("fieldDefinitions"), "fieldDefinitions")
        relationships = _object(record.get("relationshipDefinitions"), "relationshipDefinitions")
        return cls(
            {key: _field_definition(value) for key, value in fields.items()},
            {key: _relationship_definition(value) for key, value in relationships.items()},
        )


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What the API key may do; no scopes at all means full access. ``subject_type`` is ``user`` or ``workspace``."""

    active: bool
    scopes: frozenset[str]
    subject_type: str | None

    @classmethod
    def read(cls, body: Any) -> Self:
        """From ``GET /v1/auth/validate``.

        Raises:
            ApiSurpriseError: It is no object, or its scopes are no list.
        """
        record = _object(body, "the key's description")
        scopes = record.get("scopes")
        if not isinstance(scopes, list):
            raise ApiSurpriseError("the key's description has no list of scopes")
        return cls(record.get("active") is not False, frozenset(str(scope) for scope in scopes), _text(record.get("subjectType")))

    def allows(self, scope: str) -> bool:
        """May the key do what ``scope`` names?"""
        return not self.scopes or scope in self.scopes


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ApiSurpriseError(f"{what} is no JSON object but {type(value).__name__}")
    return value


def _identity(record: dict[str, Any], what: str) -> str:
    found = record.get("id")
    if not is_identity(found):
        raise ApiSurpriseError(f"{what} has no id")
    return found


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _values(record: dict[str, Any]) -> dict[str, Any]:
    fields = record.get("fields")
    if not isinstance(fields, dict):
        return {}
    return {key: entry.get("value") for key, entry in fields.items() if isinstance(entry, dict)}


def _relationships(record: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    found = record.get("relationships")
    if not isinstance(found, dict):
        return {}
    return {key: tuple(str(item) for item in _list(entry.get("values"))) for key, entry in found.items() if isinstance(entry, dict)}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(key: str, value: Any) -> tuple[str, ...]:
    if key == "$name":
        name = _full_name(value)
        return (name,) if name else ()
    if isinstance(value, list):
        return tuple(item for item in value if isinstance(item, str))
    return (value,) if isinstance(value, str) else ()


def _full_name(value: Any) -> str | None:
    if isinstance(value, dict):
        parts = (_text(value.get("firstName")), _text(value.get("lastName")))
        return " ".join(part.strip() for part in parts if part and part.strip()) or None
    return _text(value)


def _field_definition(value: Any) -> FieldDefinition:
    parts = value if isinstance(value, dict) else {}
    return FieldDefinition(str(parts.get("valueType") or "TEXT"), parts.get("readOnly") is True)


def _relationship_definition(value: Any) -> RelationshipDefinition:
    parts = value if isinstance(value, dict) else {}
    many = str(parts.get("cardinality")).upper() == "HAS_MANY"
    return RelationshipDefinition(many, str(parts.get("objectType") or "unknown"), parts.get("readOnly") is True)
