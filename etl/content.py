"""What does a task say, by meaning? However it is written, here and in Lightfield."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Protocol

from etl.task import DUE_AT, TASK_FIELDS

_ESCAPED = re.compile(r"\\([^a-zA-Z0-9\s])")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")

Meaning = tuple[tuple[str, Any], ...]
"""Pairs of target and value, equal where two contents mean the same; hashable."""


class Content(Protocol):
    """What shows a task's content: a ``lightfield.models.TaskView``."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """From key (``$title``) to value."""
        ...

    @property
    def relationships(self) -> Mapping[str, tuple[str, ...]]:
        """From key to ids."""
        ...


def moment(value: Any) -> datetime | None:
    """An ISO 8601 text to UTC; one without a zone is taken as UTC; None where it is no such text."""
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def differences(payload: Mapping[str, Any], task: Content) -> dict[str, Any]:
    """What the task holds otherwise than a create's ``payload`` says, by field key; only what was sent is compared.

    Equal are: the same instant in two notations, the same ids in any order, texts that differ in blanks at the ends of their
    lines or in how lines end, and nothing, null and an empty text.
    """
    fields = {
        key: task.fields.get(key)
        for key, sent in payload.get("fields", {}).items()
        if _field_meaning(key, sent) != _field_meaning(key, task.fields.get(key))
    }
    relationships = {
        key: list(task.relationships.get(key, ()))
        for key, sent in payload.get("relationships", {}).items()
        if id_set(sent) != id_set(task.relationships.get(key))
    }
    return {**fields, **relationships}


def value_meaning(target: str, value: Any) -> Any:
    """What one field's value, or one relationship's ids, mean: equal where the two say the same; nothing is None."""
    return _hashable(_field_meaning(target, value)) if target in TASK_FIELDS else tuple(sorted(id_set(value))) or None


def id_set(ids: Any) -> frozenset[str]:
    """A relationship's ids: one alone, several, or none."""
    if ids is None:
        return frozenset()
    return frozenset((ids,)) if isinstance(ids, str) else frozenset(ids)


def body_meaning(payload: Mapping[str, Any], fields: Iterable[str], relationships: Iterable[str]) -> Meaning:
    """What a create's body says of these fields and relationships; what it leaves out counts as empty."""
    return _meaning(payload.get("fields", {}), payload.get("relationships", {}), fields, relationships)


def task_meaning(task: Content, fields: Iterable[str], relationships: Iterable[str]) -> Meaning:
    """What a task says of them: equal to the ``body_meaning`` of the create that made it, until somebody changes it."""
    return _meaning(task.fields, task.relationships, fields, relationships)


def digest(meaning: Meaning) -> int:
    """64 bits that stand for a meaning."""
    text = json.dumps(meaning, ensure_ascii=True, default=str)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def stamp_prefix(name: str) -> str:
    """What stands before the source key in the last paragraph of a stamped description."""
    return f"Source: {name} "


def fold_stamped(source_key: str) -> str:
    """A source key as it is compared with the key of a stamp: Lightfield may escape its signs, or break its line."""
    return _ESCAPED.sub(r"\1", " ".join(source_key.split()))


def stamped_keys(description: Any, name: str) -> frozenset[str]:
    """The folded source key that a description's last stamp of the import ``name`` names; none where it has no stamp.

    People write below a stamp: what follows it in its own paragraph may be the key's or theirs, so both readings are given.
    """
    prefix = fold_stamped(stamp_prefix(name)) + " "
    for paragraph in reversed(_PARAGRAPHS.split(description if isinstance(description, str) else "")):
        lines = paragraph.splitlines()
        for place in range(len(lines) - 1, -1, -1):
            if (fold_stamped(lines[place]) + " ").startswith(prefix):
                readings = (fold_stamped(lines[place]), fold_stamped("\n".join(lines[place:])))
                return frozenset(reading.removeprefix(prefix) for reading in readings)
    return frozenset()


def _meaning(held: Mapping[str, Any], related: Mapping[str, Any], fields: Iterable[str], relationships: Iterable[str]) -> Meaning:
    values = [(key, value_meaning(key, held.get(key))) for key in fields]
    ids = [(key, value_meaning(key, related.get(key))) for key in relationships]
    return tuple(sorted([*values, *ids], key=lambda pair: pair[0]))


def _field_meaning(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if key == DUE_AT and (instant := moment(value.strip())):
        return instant
    return "\n".join(line.rstrip() for line in value.splitlines()).strip() or None


def _hashable(value: Any) -> Any:
    return value if value is None or isinstance(value, str | datetime) else json.dumps(value, sort_keys=True, default=str)
