"""Is the task in Lightfield the one that was sent, by meaning?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etl.config.model import DUE_AT
from etl.lightfield.models import TaskView, moment


def differences(payload: Mapping[str, Any], task: TaskView) -> dict[str, Any]:
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
        if _ids(sent) != frozenset(task.relationships.get(key, ()))
    }
    return {**fields, **relationships}


def _field_meaning(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if key == DUE_AT and (instant := moment(value.strip())):
        return instant
    return "\n".join(line.rstrip() for line in value.splitlines()).strip() or None


def _ids(sent: Any) -> frozenset[str]:
    if sent is None:
        return frozenset()
    return frozenset((sent,)) if isinstance(sent, str) else frozenset(sent)
