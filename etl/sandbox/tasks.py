"""What happens to a task?"""

from __future__ import annotations

from datetime import datetime
from random import Random

from etl.sandbox.answers import bad_request
from etl.sandbox.records import Collection, Record
from etl.sandbox.schema import HAS_ONE, ObjectType
from etl.sandbox.validation import Changes, Draft

_ID_BITS = 80


class Tasks(Collection):
    """The tasks, in memory.

    Args:
        random: Makes ids. They are not counted up, so that no task of one sandbox is mistaken for one of another.
    """

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random

    def create(self, draft: Draft, now: datetime, *, creator: str | None) -> Record:
        """A new task.

        Args:
            draft: Its checked content.
            now: UTC.
            creator: Who made it where the draft does not say; None: its assignee.
        """
        related = dict(draft.relationships)
        if not related.get("$createdBy"):
            related["$createdBy"] = [creator] if creator else related["$assignedTo"]
        return self.add(Record(f"tsk_{self._random.getrandbits(_ID_BITS):020x}", now, dict(draft.fields), related))

    def update(self, task: Record, changes: Changes, kind: ObjectType, now: datetime) -> Record:
        """Change what was sent and nothing else.

        Raises:
            RefusalError: 400 ``parameter_missing`` when nobody would be assigned any more; nothing is changed then.
        """
        related = {**task.relationships}
        for key, operations in changes.operations.items():
            related[key] = _applied(related.get(key, []), operations, has_one=kind.relationships[key].cardinality == HAS_ONE)
        if not related["$assignedTo"]:
            raise bad_request("parameter_missing", "A task cannot be without '$assignedTo'.", "relationships.$assignedTo")
        task.relationships = related
        task.fields = {**task.fields, **changes.fields}
        task.updated_at = now
        return task

    def trash(self, task: Record, now: datetime, *, trashed: bool) -> Record:
        """Into the trash or out of it; where it is there already, nothing changes."""
        if task.trashed is not trashed:
            self.move(task, trashed=trashed)
            task.updated_at = now
        return task


def _applied(present: list[str], operations: dict[str, list[str]], *, has_one: bool) -> list[str]:
    ids = operations.get("replace", present)
    ids = [identifier for identifier in ids if identifier not in operations.get("remove", ())]
    added = operations.get("add", [])
    # A relationship that holds one id cannot hold a second: the new one takes its place.
    kept = [] if has_one and added else ids
    return list(dict.fromkeys([*kept, *added]))
