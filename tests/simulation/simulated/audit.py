"""Is the promise kept? Source, server, ledger and reports are held against each other, by nothing of ours.

What is known here comes from the server's own tasks, the line between client and server, the files that a user finds, and the ledger read
as plain SQLite. A task is told by its title: each content of each row has one of its own, twins share theirs.
"""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulated.network import Wire
from simulated.process import End
from simulated.schedule import HOUR, WINDOW, Go
from simulated.source import Row
from simulated.virtual_time import START

if TYPE_CHECKING:
    from simulated.play import World

HAS_TASK = {"created", "updated", "adopted", "unchanged", "changed"}
AS_IT_IS_NOW = HAS_TASK - {"changed"}
NO_TASK = {"failed", "rejected", "not_sent", "excluded"}
DOCUMENTED_RATE = 25.0
_FIELDS = ("$title", "$status", "$dueAt", "$description")
_RELATIONSHIPS = ("$assignedTo", "$account")


class Auditor:
    """Looks at a world, and writes down what must not be.

    Attributes:
        faults: What was found, a sentence each.
        touched: Tasks that people edited or trashed.
        uncertain_at_end: Rows that the last run called uncertain.
    """

    def __init__(self, world: World) -> None:
        self.faults: list[str] = []
        self.touched: set[str] = set()
        self.uncertain_at_end = 0
        self._world = world
        self._own = 0
        self._ledgers: dict[int, sqlite3.Connection] = {}
        self._born: dict[str, dict[str, Any]] = {}
        self._owner_of_title: dict[str, str] = {}
        self._intents: dict[str, tuple[float, float, float | None]] = {}
        world.network.watch = self._watch

    def peoples_own(self, title: str) -> None:
        """Somebody makes a task of their own."""
        world = self._world
        from etl.sandbox.validation import Draft

        self._own += 1
        title = f"{title} ({self._own})"
        draft = Draft({"$title": title, "$status": "TODO"}, {"$assignedTo": ["mem_000001"]})
        world.sandbox.tasks.create(draft, world.time.now(), creator=None)

    # --- on the line --------------------------------------------------------------------------------------------------------------

    def _watch(self, wire: Wire) -> None:
        """Before a create leaves, its intent is durable: another reader of the ledger sees it."""
        if not wire.is_create:
            return
        number = wire.process.number
        if number not in self._ledgers:
            self._ledgers[number] = sqlite3.connect(f"file:{wire.process.ledger}?mode=ro", uri=True)
        found = self._ledgers[number].execute("SELECT 1 FROM etl_intent WHERE idempotency_key = ?", (wire.key,)).fetchone()
        if found is None:
            self._fault(f"{self._title(wire)!r} left before its intent was durable", rule="intent")

    # --- at the server ------------------------------------------------------------------------------------------------------------

    def look_at_server(self) -> None:
        """No row has two tasks, and no task says what no row ever said."""
        for row in self._world.source.rows:
            if row.content is not None and row.kind != "twin":
                self._owner_of_title[row.content["$title"]] = row.key
        counts = Counter[str]()
        for task in self._world.sandbox.tasks:
            born = self._born.setdefault(task.id, dict(task.fields))
            counts[born["$title"]] += 1
        rows_with: Counter[str] = Counter()
        for title, number in counts.items():
            if title.startswith("Twin"):
                most = sum(row.kind == "twin" and row.cells["Title"] == title for row in self._world.source.rows)
                if number > most:
                    self._fault(f"{number} tasks say {title!r}, but only {most} rows do", rule="twice")
            elif title.startswith("Row"):
                rows_with[self._owner_of_title.get(title, f"nobody, as {title!r}")] += number
        for key, number in rows_with.items():
            if number > 1:
                self._fault(f"row {key} has {number} tasks: {self._tasks_of(key)}", rule="twice")

    def _tasks_of(self, key: str) -> list[str]:
        titles = {title for title, owner in self._owner_of_title.items() if owner == key}
        return [
            f"{task.id} {self._born[task.id]['$title']!r} made {task.created_at:%d %H:%M:%S.%f}{' (trash)' if task.trashed else ''}"
            for task in self._world.sandbox.tasks
            if self._born[task.id]["$title"] in titles
        ]

    # --- after a run --------------------------------------------------------------------------------------------------------------

    def look_at_run(self, end: End, step: Go) -> None:
        """What a process said, and what it left behind."""
        connection = self._ledgers.pop(end.process.number, None)
        if connection is not None:
            connection.close()
        if end.error is not None:
            self._fault(f"{end.process} raised {end.error!r}", rule="error")
        if end.summary is None:
            return
        summary = end.summary
        if summary.exit_code == 2 and not self._world.schedule.loses_ledger:
            self._fault(f"{end.process} ended with 2: {summary.message}", rule="exit")
        if step.final and summary.exit_code not in {0, 1} and not self._world.schedule.loses_ledger:
            self._fault(f"{end.process} had nothing in its way, and ended with {summary.exit_code}: {summary.message}", rule="exit")
        results = self._world.folder / end.process.request.out / summary.run_id / "results.csv"
        if results.exists():
            self._look_at_results(results, end, step)
        elif summary.exit_code in {0, 1} and step.job == "run":
            self._fault(f"{end.process} ended with {summary.exit_code} and left no results.csv", rule="report")

    def _look_at_results(self, path: Path, end: End, step: Go) -> None:
        with path.open(newline="", encoding="utf-8") as stream:
            lines = list(csv.DictReader(stream))
        rows = self._world.source.rows
        numbers = [int(line["row"]) for line in lines if line["row"]]
        complete = end.summary is not None and end.summary.exit_code in {0, 1}
        if (complete and numbers != [*_row_numbers(path.parent.parent.parent / "rows.csv")]) or numbers != sorted(set(numbers)):
            self._fault(f"results.csv has not one line a row: {len(numbers)} for {len(rows)}", rule="report")
            return
        told = Counter(line["action"] for line in lines)
        said = {action.value: number for action, number in (end.summary.counts if end.summary else {}).items() if number}
        if dict(told) != said:
            self._fault(f"results.csv says {dict(told)}, the summary {said}", rule="report")
        if step.job != "run" or not complete:
            lines = [line for line in lines if line["row"]]
        by_number = dict(zip(_row_numbers(self._world.folder / "rows.csv"), rows, strict=True))
        entries = _entries(end.ledger)
        self._intents = _intents(end.ledger)
        claimed: Counter[str] = Counter()
        for line in lines:
            row = by_number[int(line["row"])]
            self._look_at_line(line, row, entries, step)
            if line["action"] in HAS_TASK:
                claimed[line["task_id"]] += 1
        for task_id, number in claimed.items():
            if number > 1:
                self._fault(f"{number} rows claim the task {task_id}", rule="claim")
        if not (told["not_sent"] and self._forgot(step)):
            self._look_at_twins(lines, by_number)
        if step.final and step.job == "run":
            self.uncertain_at_end = told["uncertain"]

    def _look_at_line(self, line: dict[str, str], row: Row, entries: dict[str, tuple[str, str | None]], step: Go) -> None:
        action = line["action"]
        if row.kind in {"rejected", "keyless"} and action != "rejected":
            self._fault(f"row {row.key} cannot be a task, but is {action}", rule="claim")
        if row.kind == "repeat" and action != "duplicate":
            self._fault(f"row {row.key} repeats another, but is {action}", rule="claim")
        if action in HAS_TASK:
            self._look_at_claim(line, row, entries, step)
        elif action in {"failed", "not_sent"}:
            self._look_at_denial(line, row, step)
        elif action == "uncertain":
            self._look_at_doubt(line, row, step)

    def _look_at_claim(self, line: dict[str, str], row: Row, entries: dict[str, tuple[str, str | None]], step: Go) -> None:
        what = f"row {row.key} is {line['action']} as {line['task_id']}"
        task = self._world.sandbox.tasks.get(line["task_id"])
        if task is None:
            self._fault(f"{what}, which is no task", rule="claim")
            return
        if entries.get(row.key) != ("done", line["task_id"]):
            self._fault(f"{what}, but the ledger says {entries.get(row.key)}", rule="ledger")
        if task.id in self.touched:
            return
        wanted = row.contents if step.job == "reconcile" else [row.content] if line["action"] in AS_IT_IS_NOW else row.contents[:-1]
        holds = _content(task)
        if holds not in wanted:
            self._fault(f"{what}, which holds {holds} and not {wanted}", rule="content")

    def _look_at_denial(self, line: dict[str, str], row: Row, step: Go) -> None:
        """``failed`` and ``not_sent`` say that there is no task; nor may one be under way."""
        if row.kind == "twin" or (line["action"] == "not_sent" and self._forgot(step)):
            return
        made = [wire for wire in self._wires(row) if wire.task_id]
        if made:
            self._fault(f"row {row.key} is {line['action']} ({line['error_code']}), but {made[0].task_id} was made of it", rule="denial")
        row_is_denied = (row.key, line["action"])
        self._world.loop.call_later(3600, self._still_denied, row, row_is_denied, len(self._wires(row)))

    def _forgot(self, step: Go) -> bool:
        """A run whose ledger was lost says of itself alone that it sent nothing."""
        return self._world.schedule.loses_ledger and step.job == "run"

    def _still_denied(self, row: Row, said: tuple[str, str], sent: int) -> None:
        """An hour later: a request that had left when it was said has made a task since."""
        made = [wire for wire in self._wires(row)[:sent] if wire.task_id]
        if made:
            self._fault(
                f"row {said[0]} was {said[1]}, and later {made[0].task_id} was made of a request that had left by then", rule="denial"
            )

    def _look_at_doubt(self, line: dict[str, str], row: Row, step: Go) -> None:
        """``uncertain`` needs a request that may have been executed, or a process that died; and must end once it can be settled."""
        world = self._world
        wires = self._wires(row)
        open_ended = [wire for wire in wires if wire.kept is None or wire.kept >= 500 or wire.kept in {408, 409}]
        interrupted = any(end.died or (end.summary and end.summary.exit_code not in {0, 1}) for end in world.ends)
        if not open_ended and not interrupted and not world.schedule.loses_ledger:
            self._fault(f"row {row.key} is uncertain ({line['error_code']}), but nothing of it was ever in doubt", rule="doubt")
        if step.final and self._could_be_settled(row, wires):
            why = f"{line['error_code']}: {line['error_message']}"
            self._fault(f"row {row.key} is uncertain after a quiet {step.job}, and could be settled ({why})", rule="doubt")

    def _could_be_settled(self, row: Row, wires: list[Wire]) -> bool:
        """Nothing stands in the way of knowing what became of a row: not time, not people, not its twins."""
        world = self._world
        if None in row.contents or row.kind == "twin" or any(wire.task_id in self.touched for wire in wires):
            return False
        intent = self._intents.get(row.key)
        if intent is None:
            # Left so by reconcile: a task that people have edited could be its.
            return not world.schedule.loses_ledger or not self.touched
        first, begun, finished = intent
        now = world.loop.time()
        if now - first < WINDOW - 120:
            # Its key protects it, unless it is another task's by now.
            return not world.schedule.loses_ledger
        # A process that died may have sent until the window's end, what was sent lingers for an hour, and lists lag by a minute.
        last = begun + WINDOW if finished is None or finished < begun else min(finished, begun + WINDOW)
        known_at = last + HOUR + 60 + 30
        hidden = any(task.id in self.touched and first - 30 < self._made_at(task) < known_at for task in world.sandbox.tasks)
        return now > known_at and not hidden

    def _made_at(self, task: Any) -> float:
        return float((task.created_at - START).total_seconds())

    def _look_at_twins(self, lines: list[dict[str, str]], by_number: dict[int, Row]) -> None:
        told: dict[str, Counter[str]] = {}
        for line in lines:
            row = by_number[int(line["row"])]
            if row.kind == "twin":
                told.setdefault(row.cells["Title"], Counter())[line["action"]] += 1
        for title, actions in told.items():
            made = sum(self._born.get(task.id, task.fields)["$title"] == title for task in self._world.sandbox.tasks)
            sure, maybe = sum(actions[name] for name in HAS_TASK), actions["uncertain"]
            if not sure <= made <= sure + maybe:
                self._fault(f"{made} tasks say {title!r}, and of its rows {dict(actions)}", rule="claim")

    # --- at the end ---------------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """The write limit was kept all the time."""
        schedule = self._world.schedule
        writes = [wire for wire in self._world.network.log if wire.is_write]
        rates = [
            happening.amount for step in schedule.steps if isinstance(step, Go) for happening in step.happenings if happening.what == "rate"
        ]
        over = _beyond(sorted(wire.sent_at for wire in writes), max([DOCUMENTED_RATE, schedule.write_rate, *rates]))
        if over is not None:
            self._fault(f"a write at {over:.3f} s is more than the documented bucket lets through", rule="rate")

    # --- helpers ------------------------------------------------------------------------------------------------------------------

    def _wires(self, row: Row) -> list[Wire]:
        return [wire for wire in self._world.network.log if wire.is_create and self._title(wire) in row.titles]

    def _title(self, wire: Wire) -> str:
        return str(wire.body.get("fields", {}).get("$title"))

    def _fault(self, sentence: str, *, rule: str) -> None:
        fault = f"[{rule}] {sentence} (at {self._world.loop.time():.3f} s)"
        if len(self.faults) < 20 and not any(known.startswith(f"[{rule}] {sentence}") for known in self.faults):
            self.faults.append(fault)


def _content(task: Any) -> dict[str, Any]:
    fields = {name: task.fields.get(name) for name in _FIELDS}
    return fields | {name: task.relationships.get(name, []) for name in _RELATIONSHIPS}


def _row_numbers(path: Path) -> list[int]:
    """The line of each record, counting records and not lines; the header is row 1."""
    with path.open(newline="", encoding="utf-8") as stream:
        return [number for number, _ in enumerate(csv.DictReader(stream), 2)]


def _entries(ledger: Path) -> dict[str, tuple[str, str | None]]:
    with closing(sqlite3.connect(ledger)) as connection:
        return {key: (state, task_id) for key, state, task_id in connection.execute("SELECT source_key, state, task_id FROM etl_entry")}


def _intents(ledger: Path) -> dict[str, tuple[float, float, float | None]]:
    """Source key to when it was first sent, last begun and last heard of: seconds of the schedule."""
    with closing(sqlite3.connect(ledger)) as connection:
        rows = connection.execute("SELECT source_key, first_sent_at, begun_at, finished_at FROM etl_intent WHERE state = 'open'")
        return {
            key: (_seconds(first), _seconds(begun), None if finished is None else _seconds(finished))
            for key, first, begun, finished in rows
        }


def _seconds(microseconds: int) -> float:
    return microseconds / 1e6 - START.timestamp()


def _beyond(moments: list[float], rate: float) -> float | None:
    """The first moment at which a bucket of one second's requests, refilled continuously, has nothing left; None if it always has."""
    level, last = rate, 0.0
    for moment in moments:
        level = min(rate, level + (moment - last) * rate)
        last = moment
        if level < 1 - 1e-6:
            return moment
        level -= 1
    return None
