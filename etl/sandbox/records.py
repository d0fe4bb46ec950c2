"""What is in the workspace, newest first?"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from etl.sandbox.clock import iso
from etl.sandbox.schema import ObjectType

Rank = tuple[datetime, int]


@dataclass(slots=True)
class Record:
    """A task, member, account, opportunity or contact.

    Attributes:
        id: Prefix and the rest, like ``acc_000001``.
        created_at: UTC.
        fields: Value by field key; a key that is absent is unset.
        relationships: Ids by relationship key.
        updated_at: UTC, None before the first change.
        trashed: In the trash.
        active: False for a member who was deactivated.
        sequence: Orders records of one instant; set by the collection.
    """

    id: str
    created_at: datetime
    fields: dict[str, Any]
    relationships: dict[str, list[str]]
    updated_at: datetime | None = None
    trashed: bool = False
    active: bool = True
    sequence: int = 0

    def shown(self, kind: ObjectType) -> dict[str, Any]:
        """The record as the API answers it."""
        fields = self.fields
        related = self.relationships
        return {
            "id": self.id,
            "createdAt": iso(self.created_at),
            "updatedAt": None if self.updated_at is None else iso(self.updated_at),
            # .invalid is reserved (RFC 2606): a link of a practice task must not open anything real.
            "httpLink": f"https://sandbox.invalid/{kind.plural}/{self.id}",
            "fields": {key: {"value": fields.get(key), "valueType": item.value_type} for key, item in kind.fields.items()},
            "relationships": {
                key: {"cardinality": item.cardinality, "objectType": item.object_type, "values": related.get(key, [])}
                for key, item in kind.relationships.items()
            },
        }


def _rank(record: Record) -> Rank:
    return record.created_at, record.sequence


class Collection:
    """Records of one kind, found by id or listed newest ``createdAt`` first."""

    def __init__(self) -> None:
        self._by_id: dict[str, Record] = {}
        self._shelves: dict[bool, list[Record]] = {False: [], True: []}
        self._added = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Record]:
        """Every record, trashed ones too, in the order of their making."""
        return iter(list(self._by_id.values()))

    def add(self, record: Record) -> Record:
        """Put a new record in.

        Args:
            record: Its id must be new.
        """
        self._added += 1
        record.sequence = self._added
        self._by_id[record.id] = record
        insort(self._shelves[record.trashed], record, key=_rank)
        return record

    def get(self, identifier: str) -> Record | None:
        """The record of that id, trashed or not."""
        return self._by_id.get(identifier)

    def move(self, record: Record, *, trashed: bool) -> None:
        """Into the trash or out of it; a no-op where it is there already."""
        if record.trashed is trashed:
            return
        shelf = self._shelves[record.trashed]
        del shelf[bisect_left(shelf, _rank(record), key=_rank)]
        record.trashed = trashed
        insort(self._shelves[trashed], record, key=_rank)

    def page(
        self,
        offset: int,
        limit: int,
        *,
        trashed: bool = False,
        until: datetime | None = None,
        wanted: Callable[[Record], bool] | None = None,
    ) -> tuple[list[Record], int]:
        """Some records, newest first.

        Args:
            offset: How many to skip.
            limit: How many at most.
            trashed: Those in the trash instead of the others.
            until: Only those created by then: a search index that lags behind.
            wanted: The filter; None for all.

        Returns:
            The page, and how many records there are over all pages.
        """
        shelf = self._shelves[trashed]
        size = len(shelf) if until is None else bisect_right(shelf, until, key=lambda record: record.created_at)
        if wanted is None:
            newest = range(size - 1 - offset, max(size - 1 - offset - limit, -1), -1)
            return [shelf[index] for index in newest], size
        found = [shelf[index] for index in range(size - 1, -1, -1) if wanted(shelf[index])]
        return list(islice(found, offset, offset + limit)), len(found)
