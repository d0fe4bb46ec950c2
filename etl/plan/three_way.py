"""A row changed: what has to be sent, given what was written last, what the source says, and what the task holds now?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from etl.content import Content, value_meaning
from etl.plan.payload import body_of, value_in
from etl.task import CREATED_BY, TASK_FIELDS

_NOT_UPDATED = frozenset({CREATED_BY})
"""Lightfield documents no update of it: who made a task is said when it is made."""


_SHOWN_CHARACTERS = 80


class Side(StrEnum):
    """Who changed a field since it was last written."""

    NOBODY = "nobody"
    SOURCE = "source"
    PEOPLE = "people"
    ALIKE = "alike"
    """Both, to the same value."""
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Written:
    """What was last written of a row.

    Attributes:
        content: In the form of a create's body.
        observed: What Lightfield was seen to make of it, by target, where that differed.
    """

    content: Mapping[str, Any]
    observed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a row: as last written, as the source has it, as the task holds it now; and who changed it."""

    target: str
    base: Any
    ours: Any
    theirs: Any
    side: Side


@dataclass(frozen=True, slots=True)
class Merge:
    """What a changed row comes to.

    Attributes:
        payload: The body of the update; None where nothing has to be sent.
        content: The row's whole content afterwards, in the form of a create's body.
        replaced: What the update puts out, in the same form; nulls where a field was empty.
        conflicts: Fields that both sides changed; where there are any, nothing of the row is sent.
    """

    payload: Mapping[str, Any] | None
    content: Mapping[str, Any]
    replaced: Mapping[str, Any]
    conflicts: tuple[Difference, ...]


def merge(written: Written, ours: Mapping[str, Any], theirs: Content, targets: Iterable[str], *, source_wins: bool = False) -> Merge:
    """Send what the source alone changed, leave what people alone changed, and tell of what both did.

    Args:
        written: The base.
        ours: The row's content by the source, in the form of a create's body; a target that is missing in it is empty.
        theirs: The task as it was retrieved just now.
        targets: Those that the map speaks of; what it does not speak of is left alone.
        source_wins: Where both sides changed a field, the source's value is sent.
    """
    found = [compare(target, written, ours, theirs) for target in targets]
    sent = [each for each in found if each.side is Side.SOURCE or (source_wins and each.side is Side.BOTH)]
    sent = [each for each in sent if each.target not in _NOT_UPDATED]
    conflicts = () if source_wins else tuple(each for each in found if each.side is Side.BOTH and each.target not in _NOT_UPDATED)
    content = {each.target: each.ours for each in found}
    return Merge(
        payload=update_body({each.target: each.ours for each in sent}) if sent and not conflicts else None,
        content=_with_values(written.content, content),
        replaced=body_of({each.target: each.theirs for each in sent}),
        conflicts=conflicts,
    )


def compare(target: str, written: Written, ours: Mapping[str, Any], theirs: Content) -> Difference:
    """Who changed one field since it was last written?"""
    base, wanted, held = value_in(written.content, target), value_in(ours, target), held_value(theirs, target)
    said, present = value_meaning(target, wanted), value_meaning(target, held)
    by_source = said != value_meaning(target, base)
    by_people = present not in {value_meaning(target, base), value_meaning(target, written.observed.get(target, base))}
    if by_source and by_people:
        side = Side.ALIKE if said == present else Side.BOTH
    elif by_source:
        side = Side.ALIKE if said == present else Side.SOURCE
    else:
        side = Side.PEOPLE if by_people else Side.NOBODY
    return Difference(target, base, wanted, held, side)


def touched(written: Written, theirs: Content, left: Mapping[str, Any] = MappingProxyType({})) -> tuple[Difference, ...]:
    """What people changed since: every field that tasks have, and every relationship that was written.

    What was left out of the request counts as empty; ``$createdBy`` is Lightfield's to fill in.

    Args:
        written: What was written last.
        theirs: The task now.
        left: What people had changed by then already, by target; as long as it says the same, nobody touched it since.
    """
    related = [target for target in written.content.get("relationships", {}) if target not in _NOT_UPDATED]
    found = [compare(target, written, written.content, theirs) for target in (*TASK_FIELDS, *related)]
    return tuple(each for each in found if each.side is Side.PEOPLE and not _is_left(each, left))


def left_alone(written: Written, theirs: Content, sent: Collection[str]) -> dict[str, Any]:
    """What people have changed of a task and a write leaves as it is, by target.

    Args:
        written: What was written before.
        theirs: The task just before the write.
        sent: The targets that the write speaks of.
    """
    return {each.target: each.theirs for each in touched(written, theirs) if each.target not in sent}


def update_body(values: Mapping[str, Any]) -> dict[str, Any]:
    """An update's body from target values; None empties (Lightfield, ``POST /v1/tasks/{id}``)."""
    body = body_of(values)
    related = {slug: {"replace": ids} for slug, ids in body.get("relationships", {}).items()}
    return ({"fields": body["fields"]} if body.get("fields") else {}) | ({"relationships": related} if related else {})


def held_value(task: Content, target: str) -> Any:
    """What a task holds: a field's value, or a relationship's ids (one alone as text, none as None)."""
    if target in TASK_FIELDS:
        return task.fields.get(target)
    ids = list(task.relationships.get(target, ()))
    return None if not ids else ids[0] if len(ids) == 1 else ids


def differences_shown(found: Iterable[Difference]) -> str:
    """Base, ours and theirs of each field, in a sentence."""
    return "; ".join(
        f"{each.target} was {_shown(each.base)}, is {_shown(each.ours)} in the source and {_shown(each.theirs)} in Lightfield"
        for each in found
    )


def edits_shown(found: Iterable[Difference]) -> str:
    """What we wrote and what is there now of each field."""
    return "; ".join(f"{each.target} was {_shown(each.base)}, is {_shown(each.theirs)}" for each in found)


def _is_left(found: Difference, left: Mapping[str, Any]) -> bool:
    return found.target in left and value_meaning(found.target, left[found.target]) == value_meaning(found.target, found.theirs)


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")


def _with_values(content: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The content with these values in it, the empty ones left out, as a create leaves them out."""
    both = {**content.get("fields", {}), **content.get("relationships", {}), **values}
    return body_of({target: value for target, value in both.items() if value is not None})
