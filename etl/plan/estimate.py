"""What would a run do, how long would it take, and do the guards allow it?"""

from __future__ import annotations

from collections.abc import Mapping

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


def broken_guards(guards: GuardsConfig, counts: Mapping[str, int]) -> list[str]:
    """A sentence for every guard that the look ahead does not meet.

    ``rows`` and ``min_rows`` count every row of the input, the excluded ones too, as a spreadsheet would.
    """
    rows = sum(counts.values())
    rejected = counts.get(Action.REJECTED, 0)
    sentences = []
    if guards.min_rows is not None and rows < guards.min_rows:
        sentences.append(f"guards.min_rows: the input has {rows:,} rows, at least {guards.min_rows:,} are expected")
    if guards.rows is not None and rows != guards.rows:
        sentences.append(f"guards.rows: the input has {rows:,} rows, exactly {guards.rows:,} are expected")
    limit = guards.max_rejected
    if limit is not None and limit.exceeded_by(rejected, considered_rows(counts)):
        sentences.append(
            f"guards.max_rejected: {rejected:,} of {considered_rows(counts):,} rows would be rejected, at most {limit} are allowed"
        )
    return sentences


def to_write(counts: Mapping[str, int]) -> int:
    """Rows that need a call."""
    return counts.get(CREATE, 0) + counts.get(UPDATE, 0)
