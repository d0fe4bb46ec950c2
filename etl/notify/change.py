"""Is there something new to tell? Held against what was last told, so that the same three rows are not news every night."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from etl.records import JobState


class Event(StrEnum):
    """What there is to tell."""

    FAILED = "failed"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class News:
    """What a night has brought.

    Attributes:
        event: What to tell; None where nothing is new.
        state: What is known of the import from now on.
        new_rows: Rows that need a person and did not before; None where nobody can tell.
    """

    event: Event | None
    state: JobState
    new_rows: int | None = None


def news(before: JobState | None, found: JobState) -> News:
    """What is new in ``found``.

    Args:
        before: What was last told; None where nothing was, or nobody knows it any more.
        found: How the run ended, ``since`` its end. One that was stopped has not seen all rows: those that failed before are taken to
            fail still, and are no news when they are seen again.
    """
    if not found.failing:
        return News(Event.RECOVERED if before is not None and before.failing else None, _since(before, found))
    if before is None or not before.failing:
        return News(Event.FAILED, found, found.rows)
    state = _since(before, found)
    if found.stopped_by:
        # What a stopped run saw of the rows is a part of them.
        state = replace(state, codes=before.codes, rows=before.rows, row_digests=before.row_digests)
        return News(None if found.stopped_by == before.stopped_by else Event.FAILED, state)
    new_rows = _new_rows(before, found)
    is_news = bool(new_rows) or not set(found.codes) <= set(before.codes)
    return News(Event.FAILED if is_news else None, state, new_rows)


def _since(before: JobState | None, found: JobState) -> JobState:
    return replace(found, since=before.since) if before is not None and before.failing == found.failing else found


def _new_rows(before: JobState, found: JobState) -> int:
    """Rows that have no key have no identity: of them, and of more rows than are kept, only the number can be compared."""
    if before.row_digests is None or found.row_digests is None:
        return max(0, found.rows - before.rows)
    without_key = (found.rows - len(found.row_digests)) - (before.rows - len(before.row_digests))
    return len(found.row_digests - before.row_digests) + max(0, without_key)
