"""Is the promise kept? Source, server, ledger and reports are held against each other, by nothing of ours.

What is known here comes from the server's own tasks, the line between client and server, the files that a user finds, and the ledger read
as plain SQL. A task is told by its title: each content of each row has one of its own, twins share theirs.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulated.bucket import arrival, beyond_bucket, ordinary_arrival
from simulated.network import Wire
from simulated.process import End, Process
from simulated.readings import entries_of, is_intended, open_intents_of, row_numbers, waiting_in
from simulated.schedule import HOUR, WINDOW, Go
from simulated.source import Row
from simulated.virtual_time import START

from etl.report.summary import Summary

if TYPE_CHECKING:
    from simulated.play import World

HAS_TASK = {"created", "updated", "adopted", "unchanged", "changed"}
AS_IT_IS_NOW = HAS_TASK - {"changed"}
NO_TASK = {"failed", "rejected", "not_sent", "excluded"}
DOCUMENTED_RATE = 25.0
EXIT_NOTHING_WRITTEN = 2
EXIT_LOCKED = 4
LEASE_SECONDS = 61.0
SAYS_ITS_LEDGER_WAS_LOST = "answered with older tasks"
_FIELDS = ("$title", "$status", "$dueAt", "$description")
_RELATIONSHIPS = ("$assignedTo", "$account")


class Auditor:
    """Looks at a world, and writes down what must not be.

    Attributes:
        faults: What was found, a sentence each.
        touched: Tasks that people edited or trashed.
        uncertain_at_end: Rows that the last run called uncertain.
        lost_before: Of what processes with a lower number did, the ledger says nothing any more.
        figures: For the totals.
    """

    def __init__(self, world: World) -> None:
        self.faults: list[str] = []
        self.touched: set[str] = set()
        self.uncertain_at_end = 0
        self.lost_before = 0
        self._world = world
        self._own = 0
        self._born: dict[str, dict[str, Any]] = {}
        self._owner_of_title: dict[str, str] = {}
        self._intents: dict[str, tuple[float, float, float | None]] = {}
        self._creates: dict[str, list[Wire]] = defaultdict(list)
        self._waiting: dict[str, str] = {}
        self._writer: Process | None = None
        self._wrote: set[Process] = set()
        self._lock_is_exact = True
        self.figures: dict[str, float] = {}
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
        if wire.is_write:
            self._look_at_writer(wire)
        if not wire.is_create:
            return
        self._creates[self._title(wire)].append(wire)
        if not is_intended(wire.process.ledger, wire.key):
            self._fault(f"{self._title(wire)!r} left before its intent was durable", rule="intent")

    def _look_at_writer(self, wire: Wire) -> None:
        """Whoever wrote before another began to has lost the lock to it, and writes no more."""
        if wire.process is self._writer:
            return
        if wire.process in self._wrote and self._lock_is_exact:
            self._fault(f"{wire.process} wrote after {self._writer} had begun to", rule="lock")
        self._writer = wire.process
        self._wrote.add(wire.process)

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

    def look_before_run(self, process: Process, step: Go) -> None:
        """What is there for a process to do."""
        self._lock_is_exact = step.lock_is_exact or process.ledger.on_server
        if step.job == "retry":
            self._waiting = waiting_in(process.ledger)

    def look_at_run(self, end: End, step: Go) -> None:
        """What a process said, and what it left behind."""
        if end.error is not None:
            self._fault(f"{end.process} raised {end.error!r}", rule="error")
        if end.summary is None:
            return
        summary = end.summary
        self._look_at_exit(end, summary, step)
        results = self._world.folder / end.process.request.out / summary.run_id / "results.csv"
        if results.exists():
            self._look_at_results(results, end, step)
        elif summary.exit_code in {0, 1} and step.job == "run":
            self._fault(f"{end.process} ended with {summary.exit_code} and left no results.csv", rule="report")

    def _look_at_exit(self, end: End, summary: Summary, step: Go) -> None:
        said = f"ended with {summary.exit_code}: {summary.message}"
        may_refuse = self._world.schedule.loses_ledger or (step.job == "retry" and self._newest_run_was_stopped(end))
        if summary.exit_code == EXIT_NOTHING_WRITTEN and not may_refuse:
            self._fault(f"{end.process} {said}", rule="exit")
        elif step.final and summary.exit_code not in {0, 1} and not may_refuse:
            self._fault(f"{end.process} had nothing in its way, and {said}", rule="exit")
        if summary.exit_code == EXIT_LOCKED and not self._may_be_locked(end.process):
            self._fault(f"{end.process} was alone, and {said}", rule="lock")
        if summary.reason == "lock_lost" and self._lock_is_exact and not step.paused_past_lease:
            self._fault(f"{end.process} was never paused, and {said}", rule="lock")

    def _newest_run_was_stopped(self, end: End) -> bool:
        """Then rows may never have been read, and a retry has to say so; also where there was none."""
        runs = [each for each in self._world.ends if each is not end and each.process.request.command == "run"]
        return not runs or runs[-1].summary is None or runs[-1].summary.exit_code not in {0, 1}

    def _may_be_locked(self, process: Process) -> bool:
        """Another one lived in its time; from another machine, and on a server, nobody sees for a minute that it has died."""
        others = [each for each in self._world.walks if each is not process]
        blind = process.ledger.on_server
        grace = {each: LEASE_SECONDS if blind or each.holder.machine != process.holder.machine else 0.0 for each in others}
        return any(each.ended_at is None or each.ended_at + grace[each] >= (process.started_at or 0.0) for each in others)

    def _look_at_results(self, path: Path, end: End, step: Go) -> None:
        with path.open(newline="", encoding="utf-8") as stream:
            lines = list(csv.DictReader(stream))
        rows = self._world.source.rows
        numbers = [int(line["row"]) for line in lines if line["row"]]
        complete = end.summary is not None and end.summary.exit_code in {0, 1}
        reads_source = step.job != "retry"
        every = row_numbers(self._world.folder / "rows.csv") if complete and reads_source else sorted(set(numbers))
        if numbers != every:
            self._fault(f"results.csv has not one line a row: {len(numbers)} for {len(rows)}", rule="report")
            return
        told = Counter(line["action"] for line in lines)
        said = {action.value: number for action, number in (end.summary.counts if end.summary else {}).items() if number}
        if dict(told) != said:
            self._fault(f"results.csv says {dict(told)}, the summary {said}", rule="report")
        pairs = self._with_rows(lines, by_key=not reads_source)
        entries = entries_of(end.ledger)
        self._intents = open_intents_of(end.ledger)
        claimed: Counter[str] = Counter()
        for line, row in pairs:
            self._look_at_line(line, row, entries, step, end)
            if line["action"] in HAS_TASK:
                claimed[line["task_id"]] += 1
        for task_id, number in claimed.items():
            if number > 1:
                self._fault(f"{number} rows claim the task {task_id}", rule="claim")
        if not reads_source:
            self._look_at_retry(lines, end, complete=complete)
        if not (told["not_sent"] and (self._forgot(step) or step.rival)):
            lost_lock = end.summary is not None and end.summary.reason == "lock_lost"
            # Whoever has taken the lock away may meanwhile have made the task of a row that never left this process.
            self._look_at_twins(pairs, all_of_them=reads_source and not lost_lock)
        if step.final and step.job == "run":
            self.uncertain_at_end = told["uncertain"]

    def _with_rows(self, lines: list[dict[str, str]], *, by_key: bool) -> list[tuple[dict[str, str], Row]]:
        """Each line and its row; a retry has its rows from the ledger, and names them by their keys."""
        rows = self._world.source.rows
        if by_key:
            keyed = {row.key: row for row in reversed(rows)}
            return [(line, keyed[line["source_key"]]) for line in lines]
        numbered = dict(zip(row_numbers(self._world.folder / "rows.csv"), rows, strict=True))
        return [(line, numbered[int(line["row"])]) for line in lines if line["row"]]

    def _look_at_retry(self, lines: list[dict[str, str]], end: End, *, complete: bool) -> None:
        """It takes what earlier runs left, all of it and nothing else, and ends with 0 only when nothing is left."""
        told = [line["source_key"] for line in lines]
        if len(set(told)) != len(told) or not set(told) <= set(self._waiting.values()):
            self._fault(f"{end.process} tells of rows that were not waiting: {sorted(told)}", rule="retry")
        if complete and set(told) != set(self._waiting.values()):
            self._fault(f"{end.process} says nothing of {sorted(set(self._waiting.values()) - set(told))}", rule="retry")
        sent = {wire.key for wires in self._creates.values() for wire in wires if wire.process is end.process}
        if not sent <= self._waiting.keys():
            self._fault(f"{end.process} sent what was not waiting", rule="retry")
        left = waiting_in(end.ledger)
        if left and end.summary is not None and end.summary.exit_code == 0:
            self._fault(f"{end.process} ended with 0, and {sorted(left.values())} still wait", rule="retry")

    def _look_at_line(self, line: dict[str, str], row: Row, entries: dict[str, tuple[str, str | None]], step: Go, end: End) -> None:
        action = line["action"]
        if row.kind in {"rejected", "keyless"} and action != "rejected":
            self._fault(f"row {row.key} cannot be a task, but is {action}", rule="claim")
        if row.kind == "repeat" and action != "duplicate":
            self._fault(f"row {row.key} repeats another, but is {action}", rule="claim")
        if action in HAS_TASK:
            self._look_at_claim(line, row, entries, step)
        elif action in {"failed", "not_sent"}:
            self._look_at_denial(line, row, step, end)
        elif action == "uncertain":
            self._look_at_doubt(line, row, step, end)

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
        wanted = [row.content] if line["action"] in AS_IT_IS_NOW else row.contents[:-1]
        if step.job != "run":
            # Retry sends what the ledger holds, and reconcile finds what was sent at any time.
            wanted = row.contents
        holds = _content(task)
        if holds not in wanted:
            self._fault(f"{what}, which holds {holds} and not {wanted}", rule="content")

    def _look_at_denial(self, line: dict[str, str], row: Row, step: Go, end: End) -> None:
        """``failed`` and ``not_sent`` say that there is no task; nor may one be under way."""
        if row.kind == "twin" or (line["action"] == "not_sent" and self._forgot(step)):
            return
        # Of what another process does after it, a process that has ended or lost the lock cannot speak.
        known = [wire for wire in self._wires(row) if wire.process.number <= end.process.number]
        if end.summary is not None and SAYS_ITS_LEDGER_WAS_LOST in (end.summary.message or ""):
            # It says itself that its ledger was lost: then it can only speak of what was sent since.
            known = [wire for wire in known if wire.process.number >= self.lost_before]
        made = [wire for wire in known if wire.task_id]
        if made:
            self._fault(f"row {row.key} is {line['action']} ({line['error_code']}), but {made[0].task_id} was made of it", rule="denial")
        self._world.loop.call_later(3600, self._still_denied, (row.key, line["action"]), known)

    def _forgot(self, step: Go) -> bool:
        """A run whose ledger was lost says of itself alone that it sent nothing."""
        return self._world.schedule.loses_ledger and step.job == "run"

    def _still_denied(self, said: tuple[str, str], sent: list[Wire]) -> None:
        """An hour later: a request that had left when it was said has made a task since."""
        made = [wire for wire in sent if wire.task_id]
        if made:
            self._fault(
                f"row {said[0]} was {said[1]}, and later {made[0].task_id} was made of a request that had left by then", rule="denial"
            )

    def _look_at_doubt(self, line: dict[str, str], row: Row, step: Go, end: End) -> None:
        """``uncertain`` needs a request that may have been executed, or a process that died; and must end once it can be settled."""
        world = self._world
        wires = self._wires(row)
        open_ended = [wire for wire in wires if wire.kept is None or wire.kept >= 500 or wire.kept in {408, 409}]
        stopped = any(end.summary and end.summary.exit_code not in {0, 1} for end in world.ends)
        # What one that still lives has in flight is in doubt to all others.
        interrupted = stopped or any(process.dead or process.ended_at is None for process in world.walks)
        given_up = any(wire.is_create and self._title(wire) in row.titles for wire in world.network.given_up_unsent)
        if not open_ended and not given_up and not interrupted and not world.schedule.rebuilds_ledger:
            self._fault(f"row {row.key} is uncertain ({line['error_code']}), but nothing of it was ever in doubt", rule="doubt")
        # Whose task Lightfield has answered with, no run can know once a ledger was lost (rule 5 of docs/rules.md).
        is_anothers = line["error_code"] == "replayed_older" and world.schedule.loses_ledger
        finished = end.summary is not None and end.summary.exit_code in {0, 1}
        if step.final and finished and not is_anothers and self._could_be_settled(row, wires):
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
            return not world.schedule.rebuilds_ledger or not self.touched
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

    def _look_at_twins(self, pairs: list[tuple[dict[str, str], Row]], *, all_of_them: bool) -> None:
        told: dict[str, Counter[str]] = {}
        for line, row in pairs:
            if row.kind == "twin":
                told.setdefault(row.cells["Title"], Counter())[line["action"]] += 1
        for title, actions in told.items():
            made = sum(self._born.get(task.id, task.fields)["$title"] == title for task in self._world.sandbox.tasks)
            sure, maybe = sum(actions[name] for name in HAS_TASK), actions["uncertain"]
            if made < sure or (all_of_them and made > sure + maybe):
                self._fault(f"{made} tasks say {title!r}, and of its rows {dict(actions)}", rule="claim")

    # --- at the end ---------------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """The write limit was kept all the time: by the moments at which writes left, and by those at which they arrived."""
        schedule = self._world.schedule
        writes = [wire for wire in self._world.network.log if wire.is_write]
        rates = [
            happening.amount for step in schedule.steps if isinstance(step, Go) for happening in step.happenings if happening.what == "rate"
        ]
        rate = max([DOCUMENTED_RATE, schedule.write_rate, *rates])
        for wire in beyond_bucket(writes, lambda wire: wire.sent_at, rate):
            self._fault(f"a write that left at {wire.sent_at:.3f} s is more than the documented bucket lets through", rule="rate")
        arrived = [wire for wire in writes if wire.arrived_at is not None]
        for wire in beyond_bucket(arrived, ordinary_arrival, rate):
            self._fault(f"a write that arrived at {arrival(wire):.3f} s would be refused by the documented bucket", rule="rate")
        held_up = beyond_bucket(arrived, arrival, rate)
        self.figures = {"writes that arrived": len(arrived), "of them too many because the way had held others up": len(held_up)}

    # --- helpers ------------------------------------------------------------------------------------------------------------------

    def _wires(self, row: Row) -> list[Wire]:
        wires = [wire for title in row.titles for wire in self._creates.get(title, ())]
        return sorted(wires, key=lambda wire: wire.sent_at)

    def _title(self, wire: Wire) -> str:
        return str(wire.body.get("fields", {}).get("$title"))

    def _fault(self, sentence: str, *, rule: str) -> None:
        fault = f"[{rule}] {sentence} (at {self._world.loop.time():.3f} s)"
        if len(self.faults) < 20 and not any(known.startswith(f"[{rule}] {sentence}") for known in self.faults):
            self.faults.append(fault)


def _content(task: Any) -> dict[str, Any]:
    fields = {name: task.fields.get(name) for name in _FIELDS}
    return fields | {name: task.relationships.get(name, []) for name in _RELATIONSHIPS}
