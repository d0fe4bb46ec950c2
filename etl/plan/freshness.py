"""Is the newest value of a column new enough?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from etl.config.model import MaxAge

_HOUR, _DAY = 3600.0, 86400.0
_HOURS_ARE_TOLD_UP_TO = 4 * _DAY


@dataclass(frozen=True, slots=True)
class SeenDates:
    """What a look at the whole column has found; each text names rows and values.

    Attributes:
        rows: Rows of the input.
        filled: Cells of the column with something in them.
        newest_at, newest: The newest moment (UTC) that is not in the future; None where there is none.
        ahead: The newest one that is in the future; None where there is none.
        unread: Values that are no date; None where there are none.
        zoneless: Values without a zone, where none is configured; None where there are none.
    """

    rows: int
    filled: int
    newest_at: datetime | None = None
    newest: str | None = None
    ahead: str | None = None
    unread: str | None = None
    zoneless: str | None = None


def stale(guard: MaxAge, seen: SeenDates, now: datetime) -> str | None:
    """Why the data is too old, or why nobody can tell; None where it is new enough.

    A value that cannot be read does no harm where another one is new enough. Values in the future say nothing of the data's age.
    """
    if seen.newest_at is not None and (now - seen.newest_at).total_seconds() <= guard.is_seconds:
        return None
    found = _found(guard, seen, now)
    if found is None:
        return None
    kinds = (("values that are no date", seen.unread), ("times without a zone, and none is configured", seen.zoneless))
    doubts = [f"{what} ({examples})" for what, examples in kinds if examples]
    return f"guards.max_age: {found}" + (f"; not counted: {', '.join(doubts)}" if doubts else "")


def only_ahead(seen: SeenDates) -> bool:
    """Do all of its dates lie in the future, so that they say nothing of the data's age?"""
    return seen.newest_at is None and seen.ahead is not None and seen.unread is None and seen.zoneless is None


def _found(guard: MaxAge, seen: SeenDates, now: datetime) -> str | None:
    allowed = f"at most {age_text(guard.is_seconds)} are allowed"
    if seen.newest_at is not None:
        age = age_text((now - seen.newest_at).total_seconds())
        return f"the newest {guard.column!r} is {age} old ({seen.newest}), {allowed}"
    if not seen.filled:
        holds = f"is empty in all {seen.rows:,} rows" if seen.rows else "has no rows"
        return f"the age of the data cannot be told: {guard.column!r} {holds}"
    if only_ahead(seen):
        return None
    return f"the age of the data cannot be told by {guard.column!r}"


def age_text(seconds: float) -> str:
    """A duration in the unit that people say it in."""
    if seconds < 2 * _HOUR:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / _HOUR:.4g} h" if seconds <= _HOURS_ARE_TOLD_UP_TO else f"{seconds / _DAY:.4g} days"
