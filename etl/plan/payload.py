"""What does a task's request body look like?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etl.config.model import TASK_FIELDS


def task_body(values: Mapping[str, str | list[str] | None]) -> dict[str, Any]:
    """A create's JSON body from a row's target values; what is None is left out (Lightfield, ``POST /v1/tasks``)."""
    given = {target: value for target, value in values.items() if value is not None}
    return {
        "fields": {target: value for target, value in given.items() if target in TASK_FIELDS},
        "relationships": {target: value for target, value in given.items() if target not in TASK_FIELDS},
    }
