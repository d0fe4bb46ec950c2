"""What does a task's request body look like?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etl.task import TASK_FIELDS


def task_body(values: Mapping[str, str | list[str] | None]) -> dict[str, Any]:
    """A create's JSON body from a row's target values; what is None is left out (Lightfield, ``POST /v1/tasks``)."""
    return body_of({target: value for target, value in values.items() if value is not None})


def body_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Target values in the form of a create's body, nulls included."""
    return {
        "fields": {target: value for target, value in values.items() if target in TASK_FIELDS},
        "relationships": {target: value for target, value in values.items() if target not in TASK_FIELDS},
    }


def value_in(body: Mapping[str, Any], target: str) -> Any:
    """What a create's body says of a target; None where it leaves it out."""
    part = body.get("fields" if target in TASK_FIELDS else "relationships")
    return None if part is None else part.get(target)
