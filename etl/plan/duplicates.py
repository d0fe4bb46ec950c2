"""Which source keys occur more than once in one input, and do their rows agree?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import polars as pl

from etl.frames import CONTENT_HASH, EXCLUDED, KEY_HASH, PreparedBatch
from etl.plan.choose import CREATE, UPDATE
from etl.records import Action

_KEY = "key_hash"
_CONTENT = "content_hash"
_ACTION = "action"
_CONFLICT = "conflict"
_REPEAT = "repeat"
_ACTIONS = pl.Enum([CREATE, UPDATE, *(action.value for action in Action)])
_RANGES = 16
_WORTH_DIVIDING = 100_000
"""Rows; fewer are looked at in one step."""
_HELD: dict[str, pl.DataType | type[pl.DataType]] = {_KEY: pl.UInt64, _CONTENT: pl.UInt64, _ACTION: _ACTIONS}


def _hashes(prepared: PreparedBatch) -> pl.DataFrame:
    # 64 bits: a collision (1 in 10^7 at ten million rows) reports a duplicate, it never writes one.
    return prepared.frame.select(pl.when(~pl.col(EXCLUDED)).then(KEY_HASH).alias(_KEY), pl.col(CONTENT_HASH).alias(_CONTENT))


@dataclass(frozen=True, slots=True)
class Duplicates:
    """The keys that occur more than once: ``keys`` has ``key_hash`` UInt64 and ``conflict`` Boolean (their rows differ)."""

    keys: pl.DataFrame

    @property
    def any_conflict(self) -> bool:
        """Does some key stand in rows with different content?"""
        return bool(self.keys[_CONFLICT].any())


@dataclass(frozen=True, slots=True)
class Census:
    """The whole input, counted.

    Attributes:
        duplicates: Which keys occur more than once.
        counts: Rows by action, with the duplicates in their place.
        repeated: The rows of those keys, in input order: their hashes, and their actions before that; none where they were not kept.
        chosen: Rows by action before that.
    """

    duplicates: Duplicates
    counts: Mapping[str, int]
    repeated: pl.DataFrame
    chosen: Mapping[str, int]

    def with_contents(self, batches: Iterable[PreparedBatch]) -> Census:
        """The same, judged by the content that another pass over the same input finds in the rows of repeated keys, which were kept."""
        keys = self.repeated[_KEY].unique().implode()
        found = [_hashes(prepared).filter(pl.col(_KEY).is_in(keys))[_CONTENT] for prepared in batches]
        return _judged(self.chosen, self.repeated.with_columns(pl.concat(found)))


class KeyCensus:
    """Counts keys and actions over the first pass; holds 17 bytes a row until it is closed."""

    def __init__(self) -> None:
        self._parts: list[pl.DataFrame] = []

    def add(self, prepared: PreparedBatch, decided: pl.DataFrame) -> None:
        """Take in one batch and what was chosen for its rows (``action``, null where a call is needed, and then ``intention``)."""
        actions = decided.select(pl.coalesce(_ACTION, "intention").cast(_ACTIONS).alias(_ACTION))
        self._parts.append(pl.concat([_hashes(prepared), actions], how="horizontal"))

    def close(self, *, keep_repeated: bool = False) -> Census:
        """Find the duplicates and put every row in its place; frees what was held, but for rows of repeated keys if told to."""
        rows = pl.concat(self._parts) if self._parts else pl.DataFrame(schema=_HELD)
        self._parts = []
        repeated = rows.filter(pl.col(_KEY).is_in(_repeated(rows[_KEY]).implode()))
        census = _judged({str(action): int(count) for action, count in rows[_ACTION].value_counts().iter_rows()}, repeated)
        return census if keep_repeated else replace(census, repeated=repeated.clear())


def _repeated(keys: pl.Series) -> pl.Series:
    """The hashes that occur more than once, each once.

    They are looked for in one range after the other, so that no step copies more than a small part of what is held: a table of all of
    them would take three times their memory.
    """
    found = pl.Series(_KEY, dtype=pl.UInt64)
    width = (1 << 64) // (_RANGES if len(keys) > _WORTH_DIVIDING else 1)
    for lowest in range(0, 1 << 64, width):
        highest = lowest + width - 1
        of_range = keys.filter(keys.is_between(pl.lit(lowest, dtype=pl.UInt64), pl.lit(highest, dtype=pl.UInt64))).sort()
        found = pl.concat([found, of_range.filter(of_range == of_range.shift(1)).unique()])
    return found


def _judged(chosen: Mapping[str, int], repeated: pl.DataFrame) -> Census:
    keys = repeated.group_by(_KEY).agg((pl.col(_CONTENT).n_unique() > 1).alias(_CONFLICT))
    return Census(Duplicates(keys), _corrected(chosen, repeated, keys), repeated, chosen)


def _corrected(chosen: Mapping[str, int], repeated: pl.DataFrame, keys: pl.DataFrame) -> dict[str, int]:
    """Counts with repeats as ``duplicate`` and conflicts as ``rejected``: what the second pass will find."""
    counts = dict(chosen)
    rows = repeated.join(keys, on=_KEY, maintain_order="left").with_columns(
        pl.col(_KEY).is_first_distinct().alias("first"), (pl.col(_ACTION) == Action.REJECTED.value).alias("rejected")
    )
    moved = rows.with_columns(
        pl.when(_CONFLICT)
        .then(pl.lit(Action.REJECTED.value))
        .when(~pl.col("first") & ~pl.col("rejected"))
        .then(pl.lit(Action.DUPLICATE.value))
        .otherwise(pl.col(_ACTION).cast(pl.String))
        .alias("becomes")
    )
    for before, after, number in moved.group_by(_ACTION, "becomes").len().iter_rows():
        counts[before] -= number
        counts[after] = counts.get(after, 0) + number
    return {action: count for action, count in counts.items() if count}


class Marker(Protocol):
    """Says of each row of a pass, in input order, whether it conflicts with or repeats another."""

    def mark(self, prepared: PreparedBatch) -> pl.DataFrame:
        """Columns ``conflict`` and ``repeat`` (Boolean), one row a row of the batch, in its order."""
        ...


class NothingKnown:
    """The first pass: duplicates come to light at its end."""

    def mark(self, prepared: PreparedBatch) -> pl.DataFrame:
        """Nothing is marked."""
        nothing = pl.repeat(value=False, n=pl.len())
        return prepared.frame.select(nothing.alias(_CONFLICT), nothing.alias(_REPEAT))


class DuplicateMarker:
    """Marks by a census: the first row of a key goes on, the others repeat it; rows that differ conflict, all of them."""

    def __init__(self, duplicates: Duplicates) -> None:
        self._keys = duplicates.keys
        self._seen = pl.Series(dtype=pl.UInt64)

    def mark(self, prepared: PreparedBatch) -> pl.DataFrame:
        """Columns ``conflict`` and ``repeat`` (Boolean), one row a row of the batch, in its order."""
        if self._keys.height == 0:
            return NothingKnown().mark(prepared)
        marked = _hashes(prepared).join(self._keys, on=_KEY, how="left", maintain_order="left")
        agrees = pl.col(_CONFLICT).fill_null(value=True).not_()
        marked = marked.with_columns(
            (agrees & (pl.col(_KEY).is_in(self._seen.implode()) | ~pl.col(_KEY).is_first_distinct())).alias(_REPEAT)
        )
        self._seen = pl.concat([self._seen, marked.filter(agrees)[_KEY]]).unique()
        return marked.select(pl.col(_CONFLICT).fill_null(value=False), pl.col(_REPEAT))


class StreamMarker:
    """Marks without a census (``--stream``): a row is held against those before it; holds 16 bytes a row."""

    def __init__(self) -> None:
        self._seen = pl.DataFrame(schema={_KEY: pl.UInt64, "first_content": pl.UInt64})

    def mark(self, prepared: PreparedBatch) -> pl.DataFrame:
        """Columns ``conflict`` and ``repeat``; of rows that differ, the first was sent before the others were read."""
        hashes = _hashes(prepared)
        firsts = hashes.filter(pl.col(_KEY).is_not_null()).group_by(_KEY, maintain_order=True).agg(pl.col(_CONTENT).first())
        new = firsts.rename({_CONTENT: "first_content"}).join(self._seen, on=_KEY, how="anti")
        self._seen = pl.concat([self._seen, new])
        earlier = hashes.with_columns(pl.col(_KEY).is_first_distinct().alias("leads")).join(
            self._seen, on=_KEY, how="left", maintain_order="left"
        )
        fresh = pl.col(_KEY).is_in(new[_KEY].implode()) & pl.col("leads")
        differs = pl.col("first_content").is_not_null() & (pl.col("first_content") != pl.col(_CONTENT))
        return earlier.select(
            (differs & ~fresh).fill_null(value=False).alias(_CONFLICT),
            (pl.col("first_content").is_not_null() & ~differs & ~fresh).fill_null(value=False).alias(_REPEAT),
        )
