"""Which fields and relationships do the objects have?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HAS_ONE = "HAS_ONE"
HAS_MANY = "HAS_MANY"


@dataclass(frozen=True, slots=True)
class FieldType:
    """One field.

    Attributes:
        label: What people see.
        value_type: The API's ``valueType``.
        options: Of a ``SINGLE_SELECT``: option id to label.
        multiple: The value is a list.
    """

    label: str
    value_type: str
    options: Mapping[str, str] = field(default_factory=dict)
    multiple: bool = False

    def definition(self, key: str) -> dict[str, Any]:
        """Its entry in a definitions answer."""
        options = [{"id": option, "label": label, "description": None} for option, label in self.options.items()]
        configuration = {"options": options} if options else {"multipleValues": True} if self.multiple else {}
        return {
            "id": f"ad_{key.lstrip('$')}",
            "label": self.label,
            "description": None,
            "valueType": self.value_type,
            "readOnly": False,
            "typeConfiguration": configuration,
        }


@dataclass(frozen=True, slots=True)
class RelationshipType:
    """One relationship.

    Attributes:
        label: What people see.
        cardinality: ``HAS_ONE`` or ``HAS_MANY``.
        object_type: What it points to: ``member``, ``account``, …
        read_only: Refused in a create and an update; the API's definitions do not tell.
    """

    label: str
    cardinality: str
    object_type: str
    read_only: bool = False

    def definition(self, key: str) -> dict[str, Any]:
        """Its entry in a definitions answer."""
        return {
            "id": f"rd_{key.lstrip('$')}",
            "label": self.label,
            "description": None,
            "cardinality": self.cardinality,
            "objectType": self.object_type,
        }


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One kind of object.

    Attributes:
        name: Singular, as in ``objectType``.
        plural: As in its path.
        prefix: Of its ids, without the underscore.
        fields: Field types by key.
        relationships: Relationship types by key.
        required_fields: Keys that a create must have.
        required_relationships: Likewise.
        extra_keys: Keys of a create's body beside ``fields`` and ``relationships``; they have no effect here.
    """

    name: str
    plural: str
    prefix: str
    fields: Mapping[str, FieldType]
    relationships: Mapping[str, RelationshipType] = field(default_factory=dict)
    required_fields: frozenset[str] = frozenset()
    required_relationships: frozenset[str] = frozenset()
    extra_keys: frozenset[str] = frozenset()

    def definitions(self) -> dict[str, Any]:
        """The answer of its definitions endpoint."""
        return {
            "objectType": self.name,
            "fieldDefinitions": {key: item.definition(key) for key, item in self.fields.items()},
            "relationshipDefinitions": {key: item.definition(key) for key, item in self.relationships.items()},
        }


TASK = ObjectType(
    name="task",
    plural="tasks",
    prefix="tsk",
    fields={
        "$title": FieldType("Title", "TEXT"),
        "$status": FieldType(
            "Status",
            "SINGLE_SELECT",
            {"TODO": "To do", "IN_PROGRESS": "In progress", "COMPLETE": "Complete", "CANCELLED": "Cancelled"},
        ),
        "$description": FieldType("Description", "MARKDOWN"),
        "$dueAt": FieldType("Due", "DATETIME"),
    },
    relationships={
        "$assignedTo": RelationshipType("Assigned to", HAS_ONE, "member"),
        "$createdBy": RelationshipType("Created by", HAS_ONE, "member"),
        "$account": RelationshipType("Account", HAS_ONE, "account"),
        "$opportunity": RelationshipType("Opportunity", HAS_ONE, "opportunity"),
        "$note": RelationshipType("Notes", HAS_MANY, "note", read_only=True),
    },
    required_fields=frozenset({"$title", "$status"}),
    required_relationships=frozenset({"$assignedTo"}),
)

MEMBER = ObjectType(
    name="member",
    plural="members",
    prefix="mem",
    fields={
        "$email": FieldType("Email", "EMAIL"),
        "$name": FieldType("Name", "FULL_NAME"),
        "$profileImage": FieldType("Profile image", "URL"),
        "$role": FieldType("Role", "TEXT"),
    },
)

ACCOUNT = ObjectType(
    name="account",
    plural="accounts",
    prefix="acc",
    fields={"$name": FieldType("Name", "TEXT"), "$website": FieldType("Website", "URL", multiple=True)},
    relationships={
        "$owner": RelationshipType("Owner", HAS_ONE, "member"),
        "$contact": RelationshipType("Contacts", HAS_MANY, "contact"),
    },
    required_fields=frozenset({"$name"}),
    extra_keys=frozenset({"skipEnrichment"}),
)

CONTACT = ObjectType(
    name="contact",
    plural="contacts",
    prefix="con",
    fields={
        "$email": FieldType("Email", "EMAIL", multiple=True),
        "$name": FieldType("Name", "FULL_NAME"),
        "$profilePhotoUrl": FieldType("Photo", "URL"),
    },
    relationships={"$account": RelationshipType("Accounts", HAS_MANY, "account")},
    extra_keys=frozenset({"skipEnrichment"}),
)

OPPORTUNITY = ObjectType(
    name="opportunity",
    plural="opportunities",
    prefix="opp",
    fields={
        "$name": FieldType("Name", "TEXT"),
        "$stage": FieldType(
            "Stage",
            "SINGLE_SELECT",
            {"opt_prospecting": "Prospecting", "opt_proposal": "Proposal", "opt_won": "Closed Won", "opt_lost": "Closed Lost"},
        ),
    },
    relationships={
        "$account": RelationshipType("Account", HAS_ONE, "account"),
        "$owner": RelationshipType("Owner", HAS_ONE, "member"),
        "$createdBy": RelationshipType("Created by", HAS_ONE, "member"),
        "$champion": RelationshipType("Champion", HAS_ONE, "contact"),
        "$evaluator": RelationshipType("Evaluator", HAS_ONE, "contact"),
    },
    required_fields=frozenset({"$name", "$stage"}),
    required_relationships=frozenset({"$account"}),
)
