"""What did Lightfield's list show of the tasks that are asked about? Kept in 17 bytes a task, whatever the list holds besides."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

import polars as pl

_SLICE = 50_000
_UNSEEN, _SEEN, _AMBIGUOUS = range(3)


class AskedTasks:
    """The ids of the tasks that will be asked about; 8 bytes each."""

    def __init__(self) -> None:
        self._parts: list[pl.Series] = []

    def add(self, task_ids: pl.Series) -> None:
        """Take in more (String; nulls are left out)."""
        self._parts.append(_hashes(task_ids.drop_nulls()))

    def close(self) -> pl.Series:
        """Their hashes (UInt64), each once, sorted; frees what was held."""
        hashes = pl.concat(self._parts) if self._parts else pl.Series("task", dtype=pl.UInt64)
        self._parts = []
        hashes = hashes.sort()
        # Compared with its neighbour: a table of all of them would take three times their memory.
        return hashes.filter(hashes.ne_missing(hashes.shift(1)))


class ListedTasks:
    """What the list said of each of these tasks, as a digest of its meaning.

    64 bits stand for an id: should two tasks ever share them, they are ambiguous and shown as none.

    Args:
        asked: As ``AskedTasks.close`` gives it.
    """

    def __init__(self, asked: pl.Series) -> None:
        self._ids = array("Q")
        for start in range(0, len(asked), _SLICE):
            self._ids.extend(asked[start : start + _SLICE].to_list())
        self._digests = array("Q", [0]) * len(self._ids)
        self._states = bytearray(len(self._ids))

    def see(self, tasks: Iterable[tuple[str, int]]) -> None:
        """Take in tasks of the list, id and digest; what is not asked about is let go of."""
        pairs = list(tasks)
        hashes = _hashes(pl.Series([task_id for task_id, _ in pairs], dtype=pl.String)).to_list()
        for hashed, (_, digest) in zip(hashes, pairs, strict=True):
            place = self._place(hashed)
            if place is None:
                continue
            if self._states[place] == _UNSEEN:
                self._states[place], self._digests[place] = _SEEN, digest
            elif self._digests[place] != digest:
                self._states[place] = _AMBIGUOUS

    def shown(self, task_ids: Sequence[str]) -> list[int | None]:
        """The digest of each; None of those that the list did not show, or showed with two meanings."""
        hashes = _hashes(pl.Series(task_ids, dtype=pl.String)).to_list()
        return [self._digest(self._place(hashed)) for hashed in hashes]

    def _digest(self, place: int | None) -> int | None:
        return None if place is None or self._states[place] != _SEEN else self._digests[place]

    def _place(self, hashed: int) -> int | None:
        place = bisect_left(self._ids, hashed)
        return place if place < len(self._ids) and self._ids[place] == hashed else None


def _hashes(task_ids: pl.Series) -> pl.Series:
    return task_ids.hash().alias("task")
