"""Which rows that the ledger knows are no longer in the input, and is it allowed that so many are gone?"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from etl.config.model import SyncConfig
from etl.frames import KEY_HASH, SOURCE_KEY, PreparedBatch

_KEY = "key_hash"


class PresentKeys:
    """The keys of the whole input, whatever became of their rows; holds 8 bytes a row."""

    def __init__(self) -> None:
        self._parts: list[pl.Series] = []
        self._sorted = pl.Series(_KEY, [], dtype=pl.UInt64)
        self.unreadable = 0

    def add(self, prepared: PreparedBatch) -> None:
        """Take in one batch."""
        self.unreadable += prepared.frame[SOURCE_KEY].null_count()
        self._parts.append(prepared.frame[KEY_HASH].drop_nulls().alias(_KEY))

    def close(self) -> None:
        """The input is over."""
        if self._parts:
            self._sorted = pl.concat(self._parts).unique().sort()
        self._parts = []

    def lacks(self, hashes: pl.Series) -> pl.Series:
        """Boolean, one a hash (UInt64): it is none of the input's.

        64 bits: at ten million rows, one vanished row in a million is taken for present, which leaves its task alone.
        """
        if self._sorted.is_empty():
            return pl.repeat(value=True, n=len(hashes), dtype=pl.Boolean, eager=True)
        places = self._sorted.search_sorted(hashes).clip(upper_bound=len(self._sorted) - 1)
        return self._sorted.gather(places) != hashes


@dataclass(frozen=True, slots=True)
class InputView:
    """What tells whether an input is the whole source.

    Attributes:
        given_by_hand: DATA stands on the command line, without ``--complete``.
        limited: ``--limit``.
        failures_file: Some file is one.
        files: How many.
        files_before: Of the last complete one; None where there was none.
        unreadable: Rows without a key.
    """

    given_by_hand: bool
    limited: bool
    failures_file: bool
    files: int
    files_before: int | None
    unreadable: int


def why_not_known(view: InputView) -> str | None:
    """Why this input does not tell which rows vanished (rule 13, docs/rules.md), a clause; None where it does."""
    if view.failures_file:
        return "a failures file holds only some rows"
    if view.limited:
        return "--limit reads only the first rows"
    if view.given_by_hand:
        return "DATA on the command line may be a part of it: add --complete if it is not"
    if view.files_before is not None and view.files < view.files_before:
        return f"there are fewer files ({view.files}) than last time ({view.files_before})"
    if view.unreadable:
        return f"the key of {view.unreadable:,} row{'s' if view.unreadable > 1 else ''} cannot be read"
    return None


def too_many(gone: int, known: int, sync: SyncConfig) -> str | None:
    """The sentence that says that more rows vanished than may; None where it is allowed."""
    if gone == 0 or gone <= known * sync.max_missing:
        return None
    return (
        f"{gone:,} of the {known:,} rows that are known ({gone / known:.0%}) are not in the input; sync.max_missing allows "
        f"{sync.max_missing:.0%}: nothing was sent"
    )
