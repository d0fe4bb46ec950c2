"""What does this version understand, but not do yet? Refused aloud, because an ignored wish is worse than a missing feature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from etl.config.faults import Fault, KeyPath
from etl.config.model import SyncConfig, parse_duration_seconds

NOT_YET: tuple[tuple[KeyPath, str], ...] = (
    (("notify",), "messages cannot be sent yet; let whatever starts the command look at its exit code, and leave this out"),
    (("guards", "max_age"), "the age of the data cannot be guarded yet; leave this out"),
)
"""Keys that are refused whenever they are given, with the reason. Whoever builds one deletes its line."""

NOT_YET_VALUES: tuple[tuple[KeyPath, str, str], ...] = (
    (("mode",), "sync", "rows that changed cannot be updated yet; leave this out, or write create: rows that are new will be created"),
)
"""Values that are refused, with the reason."""


_RETAIN = "90d"
"""The default may be written down."""


def not_yet_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A fault for each wish of a config (nested dicts, long forms) that this version would have to ignore."""
    for path, reason in NOT_YET:
        if _at(data, path) is not None:
            yield Fault(path, f"not in this version: {reason}")
    for path, value, reason in NOT_YET_VALUES:
        if _at(data, path) == value:
            yield Fault(path, f"{value}: not in this version: {reason}")
    yield from _sync_faults(data.get("sync"))
    if str(data.get("retain", _RETAIN)) != _RETAIN and _is_duration(data["retain"]):
        yield Fault(("retain",), "not in this version: the ledger keeps everything; leave this out")


def _sync_faults(sync: Any) -> Iterator[Fault]:
    """Defaults of ``sync`` may be written down: they say nothing new."""
    if not isinstance(sync, dict):
        return
    defaults = SyncConfig()
    for key in set(sync) & set(SyncConfig.model_fields):
        if sync[key] not in (getattr(defaults, key), "10%" if key == "max_missing" else None):
            yield Fault(("sync", key), "not in this version: nothing is synced yet; leave this out")


def _is_duration(value: Any) -> bool:
    try:
        return isinstance(parse_duration_seconds(value), int | float)
    except ValueError:
        # Its shape is told elsewhere.
        return False


def _at(data: Any, path: KeyPath) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data
