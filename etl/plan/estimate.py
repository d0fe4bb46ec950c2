"""What would a run do, how long would it take, and do the guards allow it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etl.config.model import GuardsConfig
from etl.plan.choose import CREATE, UPDATE
from etl.records import Action

QUESTION_SHARE = 0.05
"""A person is asked when a larger share of the rows would be rejected."""


def load_seconds(writes: int, writes_per_second: float) -> float:
    """How long so many writes take at the write limit."""
    return writes / writes_per_second


def considered_rows(counts: Mapping[str, int]) -> int:
    """Rows that are meant to become tasks: all but the excluded ones."""
    return sum(counts.values()) - counts.get(Action.EXCLUDED, 0)


def many_rejected(counts: Mapping[str, int]) -> bool:
    """Would more than 5 % be rejected?"""
    considered = considered_rows(counts)
    return considered > 0 and counts.get(Action.REJECTED, 0) / considered > QUESTION_SHARE


@dataclass(frozen=True, slots=True)
class BrokenGuard:
    """A guard that is not met: its key below ``guards``, and a sentence with what was found and what is expected."""

    guard: str
    sentence: str


def broken_rows(guards: GuardsConfig, rows: int) -> list[BrokenGuard]:
    """``rows`` and ``min_rows``, where they are not met; every row of the input counts, the excluded ones too, as in a spreadsheet."""
    broken = []
    if guards.min_rows is not None and rows < guards.min_rows:
        sentence = f"guards.min_rows: the input has {rows:,} rows, at least {guards.min_rows:,} are expected"
        broken.append(BrokenGuard("min_rows", sentence))
    if guards.rows is not None and rows != guards.rows:
        broken.append(BrokenGuard("rows", f"guards.rows: the input has {rows:,} rows, exactly {guards.rows:,} are expected"))
    return broken


def broken_counts(guards: GuardsConfig, counts: Mapping[str, int]) -> list[BrokenGuard]:
    """``max_rejected``, where the look ahead does not meet it."""
    rejected, considered, limit = counts.get(Action.REJECTED, 0), considered_rows(counts), guards.max_rejected
    if limit is None or not limit.exceeded_by(rejected, considered):
        return []
    sentence = f"guards.max_rejected: {rejected:,} of {considered:,} rows would be rejected, at most {limit} are allowed"
    return [BrokenGuard("max_rejected", sentence)]


def to_write(counts: Mapping[str, int]) -> int:
    """Rows that need a call."""
    return counts.get(CREATE, 0) + counts.get(UPDATE, 0)
