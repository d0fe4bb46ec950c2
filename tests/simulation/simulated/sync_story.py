"""What happened to each task, by whose hand, and who had looked at it before?

Kept at the server: every write that is carried out, ours and people's, in one order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulated.network import SERVED, Wire
from simulated.sync_source import FIELDS

from etl.sandbox.app import Sandbox

Values = dict[str, Any]


@dataclass(slots=True)
class Commit:
    """One write that was carried out.

    Attributes:
        tick: Its place in the order of everything.
        kind: ``create``, ``update``, ``trash`` or ``restore``.
        wire: The request; None where people did it.
        before, after: The task's values.
        sent: The fields that it spoke of.
    """

    tick: int
    kind: str
    wire: Wire | None
    before: Values
    after: Values
    sent: tuple[str, ...] = ()


@dataclass(slots=True)
class TaskStory:
    """One task.

    Attributes:
        key: Of the row that it was made for; None: people's own.
        commits: All, in order.
        ours: By field, what we put there last, or found there saying what the source says.
        put_by: By field, the commit of ours that did.
        edited_at: By field, the tick at which people changed it last; absent where the last writer is we.
        people_at: Every tick at which people did anything to it.
    """

    key: str | None
    commits: list[Commit] = field(default_factory=list)
    ours: Values = field(default_factory=dict)
    put_by: dict[str, Commit] = field(default_factory=dict)
    edited_at: dict[str, int] = field(default_factory=dict)
    people_at: list[int] = field(default_factory=list)

    def edited(self, values: Values) -> list[str]:
        """The fields that say what people made them say."""
        return [name for name in self.edited_at if values[name] != self.ours.get(name)]


class Chronicle:
    """Writes it all down.

    Args:
        sandbox: The server.
        judge: Hears of every write of ours, before it is written down.
        looked: Hears of every look of ours at a task.
    """

    def __init__(self, sandbox: Sandbox, judge: Callable[[str, TaskStory, Commit], None], looked: Callable[[Wire, Any], None]) -> None:
        self.tick = 0
        self.stories: dict[str, TaskStory] = {}
        self.looks: dict[tuple[Any, str], int] = {}
        self._sandbox = sandbox
        self._judge = judge
        self._looked = looked
        self._listen()

    def of_row(self, key: str) -> list[str]:
        """The tasks that were made for a row, the oldest first."""
        return [task_id for task_id, story in self.stories.items() if story.key == key]

    def people_edit(self, task: Any, changes: Values, now: Any) -> None:
        """Somebody changes a task."""
        before = values_of(task)
        task.fields = {**task.fields, **{name: value for name, value in changes.items() if name != "$assignedTo"}}
        if "$assignedTo" in changes:
            task.relationships = {**task.relationships, "$assignedTo": list(changes["$assignedTo"])}
        task.updated_at = now
        self._people(task, Commit(self._next(), "update", None, before, values_of(task), tuple(changes)))

    def people_move(self, task: Any, now: Any, *, trashed: bool) -> None:
        """Somebody puts a task into the trash, or takes it out."""
        before = values_of(task)
        self._trash(task, now, trashed=trashed)
        self._people(task, Commit(self._next(), "trash" if trashed else "restore", None, before, values_of(task)))

    def _people(self, task: Any, commit: Commit) -> None:
        story = self.stories[task.id]
        story.commits.append(commit)
        story.people_at.append(commit.tick)
        for name in commit.sent:
            if commit.after[name] != commit.before[name]:
                story.edited_at[name] = commit.tick

    def _next(self) -> int:
        self.tick += 1
        return self.tick

    def _listen(self) -> None:
        tasks = self._sandbox.tasks
        create, update, trash, get = tasks.create, tasks.update, tasks.trash, tasks.get
        self._trash = trash

        def created(*args: Any, **more: Any) -> Any:
            task = create(*args, **more)
            wire, values = SERVED.get(), values_of(task)
            key = task.fields["$title"].split()[1] if wire is not None and task.fields["$title"].startswith("Row ") else None
            story = self.stories[task.id] = TaskStory(key)
            self._ours(task.id, story, Commit(self._next(), "create", wire, values, values, FIELDS))
            return task

        def updated(task: Any, changes: Any, *args: Any) -> Any:
            before = values_of(task)
            update(task, changes, *args)
            sent = tuple(name for name in FIELDS if name in changes.fields or name in changes.operations)
            self._ours(task.id, self.stories[task.id], Commit(self._next(), "update", SERVED.get(), before, values_of(task), sent))
            return task

        def moved(task: Any, now: Any, *, trashed: bool) -> Any:
            before, was = values_of(task), task.trashed
            trash(task, now, trashed=trashed)
            if was is not trashed:
                kind = "trash" if trashed else "restore"
                self._ours(task.id, self.stories[task.id], Commit(self._next(), kind, SERVED.get(), before, before))
            return task

        def got(identifier: str) -> Any:
            task, wire = get(identifier), SERVED.get()
            if task is not None and wire is not None and wire.method == "GET":
                self.looks[wire.process, identifier] = self._next()
                self._looked(wire, task)
            return task

        tasks.create, tasks.update, tasks.trash, tasks.get = created, updated, moved, got  # type: ignore[method-assign]

    def _ours(self, task_id: str, story: TaskStory, commit: Commit) -> None:
        self._judge(task_id, story, commit)
        story.commits.append(commit)
        for name in commit.sent:
            story.ours[name], story.put_by[name] = commit.after[name], commit
            story.edited_at.pop(name, None)


def values_of(task: Any) -> Values:
    """What a task says, with nothing for an empty text."""
    values: Values = {name: task.fields.get(name) or None for name in FIELDS if name != "$assignedTo"}
    return values | {"$assignedTo": tuple(task.relationships.get("$assignedTo", ()))}
