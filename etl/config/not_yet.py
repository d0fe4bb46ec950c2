"""What does this version understand, but not do yet? Refused aloud, because an ignored wish is worse than a missing feature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from etl.config.faults import Fault, KeyPath

NOT_YET: tuple[tuple[KeyPath, str], ...] = (
    (("notify",), "messages cannot be sent yet; let whatever starts the command look at its exit code, and leave this out"),
    (("guards", "max_age"), "the age of the data cannot be guarded yet; leave this out"),
)
"""Keys that are refused whenever they are given, with the reason. Whoever builds one deletes its line."""


def not_yet_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A fault for each wish of a config (nested dicts, long forms) that this version would have to ignore."""
    for path, reason in NOT_YET:
        if _at(data, path) is not None:
            yield Fault(path, f"not in this version: {reason}")


def _at(data: Any, path: KeyPath) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data
