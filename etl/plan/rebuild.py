"""Which of Lightfield's tasks are the rows of this input, when no ledger says so?

Pure. A stamp is exact, whatever people made of its task since. Without one the content decides, and only tasks as they were created can
be told by it: a row without a match may be any of those that people have edited, unless they share nothing with it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from etl.content import Meaning, body_meaning, digest, fold_stamped, stamped_keys, task_meaning
from etl.plan.lost_ledger import resemblance, task_frame
from etl.plan.match import Task, is_edited
from etl.task import CREATED_BY, DESCRIPTION, STATUS, TASK_FIELDS

_CANDIDATES = 10
_SHORT = "rows of the same content have taken all such tasks, and one of these is younger than a day, so that it may still be this row's"


@dataclass(frozen=True, slots=True)
class KnownTask:
    """What is held of a task that no row owns.

    Attributes:
        content: Stands for what it says.
        resembles: Stands for what it says apart from its status (``lost_ledger.resemblance``).
        stamps: The folded source keys that its stamp names.
        told: What it says, where it was edited since its creation, its move to the trash included; else None.
    """

    id: str
    http_link: str | None
    created_at: datetime | None
    in_trash: bool
    content: int
    resembles: int
    stamps: frozenset[str]
    told: Meaning | None


class Fate(StrEnum):
    """What a row is."""

    FOUND = "found"
    """The task is the row's."""
    MISSING = "missing"
    """It is not in Lightfield."""
    UNCERTAIN = "uncertain"
    """Neither can be said."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about one row; ``candidates`` and ``why`` where it is uncertain.

    ``says_otherwise``: the row or its task has changed since the task was made of it.
    """

    fate: Fate
    task: KnownTask | None = None
    says_otherwise: bool = False
    candidates: tuple[KnownTask, ...] = ()
    why: str = ""


_MISSING = Verdict(Fate.MISSING)


class Rebuilding:
    """Takes in the tasks, then counts the rows, then says of each row what it is: in this order.

    Args:
        name: The import's, as it stands in stamps.
        targets: The target fields of the map.
        by_stamp: Rows are told by their stamps alone.
        keys_known_since: Of a task created later, Lightfield may still know the key, and answer its own row with it.
    """

    def __init__(self, name: str, targets: Sequence[str], *, by_stamp: bool, keys_known_since: datetime) -> None:
        self._name = name
        self._keys_known_since = keys_known_since
        self._by_stamp = by_stamp
        self._fields = [target for target in targets if target in TASK_FIELDS]
        # Who created a task is filled in by Lightfield where a row does not say it.
        self._relationships = [target for target in targets if target not in TASK_FIELDS and target != CREATED_BY]
        self._tasks: dict[str, KnownTask] = {}
        self._rows: Counter[int] = Counter()
        self._rivals: Counter[int] = Counter()
        self._why_incomplete: str | None = None
        self._suspects = 0
        self._by_key: dict[str, list[KnownTask]] = defaultdict(list)
        self._queues: dict[int, list[KnownTask]] = {}
        self._short: set[int] = set()
        self._sharing: dict[tuple[str, Any], list[KnownTask]] = defaultdict(list)
        self._near: dict[int, list[KnownTask]] = defaultdict(list)

    def add_tasks(self, tasks: Sequence[tuple[Task, bool]]) -> None:
        """Take in tasks that no row owns, and whether they are in the trash; one that comes again is taken as it was met last."""
        resembling = resemblance(task_frame(task for task, _ in tasks)).to_list()
        for (task, in_trash), resembles in zip(tasks, resembling, strict=True):
            said = task_meaning(task, self._fields, self._relationships)
            self._tasks[task.id] = KnownTask(
                id=task.id,
                http_link=task.http_link,
                created_at=task.created_at,
                in_trash=in_trash,
                content=digest(said),
                resembles=resembles,
                stamps=stamped_keys(task.fields.get(DESCRIPTION), self._name),
                told=said if is_edited(task) else None,
            )

    def drop_task(self, task_id: str) -> None:
        """A row owns it by now."""
        self._tasks.pop(task_id, None)

    def end_of_tasks(self, why_incomplete: str | None) -> None:
        """All were taken in; why there may be others, None where there are none."""
        self._why_incomplete = why_incomplete
        for task in self._tasks.values():
            for key in task.stamps:
                self._by_key[key].append(task)

    def count_rival(self, payload: Mapping[str, Any]) -> None:
        """A row that stays in doubt may own a task of this content."""
        self._rivals[self._digest(payload)] += 1

    def count_row(self, source_key: str, payload: Mapping[str, Any]) -> None:
        """A row is going to be asked about."""
        if not self._by_stamp and not self._by_key.get(fold_stamped(source_key)):
            self._rows[self._digest(payload)] += 1

    def end_of_rows(self) -> None:
        """All rows were counted: share out the tasks. Rows of equal content are interchangeable."""
        alike: dict[int, list[KnownTask]] = defaultdict(list)
        for task in sorted(self._tasks.values(), key=_age):
            if not task.stamps and task.content in self._rows:
                alike[task.content].append(task)
        self._short = {content for content, tasks in alike.items() if len(tasks) < self._rows[content] and self._any_young(tasks)}
        self._queues = {
            content: tasks[: self._rows[content]][::-1] for content, tasks in alike.items() if not self._contested(content, tasks)
        }
        taken = {task.id for tasks in self._queues.values() for task in tasks}
        for task in self._tasks.values():
            if task.id not in taken and not task.stamps:
                self._index(task)

    @property
    def suspects(self) -> int:
        """How many tasks that people have edited could be rows of this input."""
        return self._suspects

    def judge(self, source_key: str, payload: Mapping[str, Any], resembles: int) -> Verdict:
        """What a row is; each counted row once, in input order.

        Args:
            source_key: The row's.
            payload: Its create's body.
            resembles: ``lost_ledger.resemblance`` of it.
        """
        stamped = self._by_key.get(fold_stamped(source_key), [])
        if stamped:
            return self._by_its_stamp(stamped, self._digest(payload))
        if not self._by_stamp:
            content = self._digest(payload)
            if queue := self._queues.get(content):
                return Verdict(Fate.FOUND, queue.pop())
            if doubt := self._doubt(content, payload, resembles):
                return doubt
        if self._why_incomplete is not None:
            return Verdict(Fate.UNCERTAIN, why=self._why_incomplete)
        return _MISSING

    def _by_its_stamp(self, stamped: Sequence[KnownTask], content: int) -> Verdict:
        live = [task for task in stamped if not task.in_trash] or list(stamped)
        if len(live) == 1:
            return Verdict(Fate.FOUND, live[0], says_otherwise=live[0].content != content)
        return Verdict(Fate.UNCERTAIN, candidates=tuple(live[:_CANDIDATES]), why="more than one task is stamped with its key")

    def _doubt(self, content: int, payload: Mapping[str, Any], resembles: int) -> Verdict | None:
        if self._rivals[content]:
            return Verdict(Fate.UNCERTAIN, why="a row of the same content is in doubt too")
        if content in self._short:
            return Verdict(Fate.UNCERTAIN, why=_SHORT)
        found = {task.id: task for task in self._near.get(resembles, ())}
        for said in body_meaning(payload, self._fields, self._relationships):
            found.update((task.id, task) for task in self._sharing.get(said, ()))
        if not found:
            return None
        return Verdict(
            Fate.UNCERTAIN, candidates=tuple(found.values())[:_CANDIDATES], why="it could be a task that somebody has edited since"
        )

    def _any_young(self, tasks: Sequence[KnownTask]) -> bool:
        return any(task.created_at is None or task.created_at >= self._keys_known_since for task in tasks)

    def _contested(self, content: int, tasks: Sequence[KnownTask]) -> bool:
        return self._rivals[content] > 0 and len(tasks) < self._rows[content] + self._rivals[content]

    def _index(self, task: KnownTask) -> None:
        if len(self._near[task.resembles]) < _CANDIDATES:
            self._near[task.resembles].append(task)
        self._suspects += task.told is not None
        for target, value in task.told or ():
            # That both are open, or both done, tells nothing.
            if target != STATUS and value is not None and len(self._sharing[target, value]) < _CANDIDATES:
                self._sharing[target, value].append(task)

    def _digest(self, payload: Mapping[str, Any]) -> int:
        return digest(body_meaning(payload, self._fields, self._relationships))


def _age(task: KnownTask) -> tuple[bool, str, str]:
    """Those in the trash last, else the oldest first."""
    return task.in_trash, task.created_at.isoformat() if task.created_at else "", task.id
