"""How many rows became what, and what does that mean for the exit code?"""

from __future__ import annotations

from collections.abc import Mapping

from etl.records import NEEDS_A_PERSON, Action

Counts = Mapping[Action, int]
"""Rows by action; every action is there, zeros too."""


def no_rows() -> dict[Action, int]:
    """Zero of every action, in the order in which reports name them."""
    return dict.fromkeys(Action, 0)


def all_counts(counts: Counts) -> dict[Action, int]:
    """The counts, with zero for the actions that they lack."""
    return {**no_rows(), **counts}


def rows_for_a_person(counts: Counts) -> int:
    """How many rows stand in ``failures.csv``."""
    return sum(counts.get(action, 0) for action in NEEDS_A_PERSON)


def exit_code_for(counts: Counts) -> int:
    """Of a run that went to its end: 1 when rows need a person, else 0."""
    return 1 if rows_for_a_person(counts) else 0
