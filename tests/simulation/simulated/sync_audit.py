"""Do source, people and we get along? Every write of ours is judged when it is carried out, every undo when it ends, and all of it at rest.

Three sides are known here: the source's rows, what people did to each task, and what we put there; by nothing of ours.
"""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulated.bucket import beyond_bucket, ordinary_arrival
from simulated.network import Wire
from simulated.process import End, Process
from simulated.sync_schedule import HOUR, Job
from simulated.sync_source import FIELDS
from simulated.sync_story import Chronicle, Commit, TaskStory, Values, values_of

if TYPE_CHECKING:
    from simulated.sync_play import SyncWorld

MAPPED = tuple(name for name in FIELDS if name != "$dueAt")
NEEDS_A_PERSON = {"conflict", "unread", "uncertain", "failed", "rejected"}
WROTE = {"created", "updated", "adopted", "trashed"}
UNREADABLE = "unreadable_task"
DONE_TO = {"cancel": "CANCELLED", "complete": "COMPLETE"}
DOCUMENTED_RATE = 25.0
KEYS_LIVE = 22.9 * HOUR
HTTP_OK = 200

State = dict[str, tuple[bool, Values]]
"""By task: in the trash, and its values."""


@dataclass(slots=True)
class Lived:
    """One process that was, and the world at its beginning and end.

    Attributes:
        target: The run that an undo takes back; empty for the whole import; None for other commands.
        present: What the file said then, by row.
        since, until: Ticks.
        before, after: All tasks.
        waiting_before, waiting_after: Rows with an intent in the ledger.
        lines: Of results.csv, the action by row.
    """

    process: Process
    step: Job
    target: str | None
    present: dict[str, dict[str, Any]]
    since: int
    before: State
    waiting_before: set[str]
    until: int = 0
    after: State = field(default_factory=dict)
    waiting_after: set[str] = field(default_factory=set)
    lines: dict[str, str] = field(default_factory=dict)
    end: End | None = None

    @property
    def finished(self) -> bool:
        """It came to its end, whatever it left to people."""
        return self.end is not None and self.end.summary is not None and self.end.summary.exit_code in {0, 1}

    @property
    def run_id(self) -> str | None:
        return self.end.summary.run_id if self.end and self.end.summary else None


class SyncAuditor:
    """Writes down what must not be.

    Attributes:
        faults: A sentence each.
        figures: For the totals; what was excused is counted there.
    """

    def __init__(self, world: SyncWorld) -> None:
        self.faults: list[str] = []
        self.figures: Counter[str] = Counter()
        self._world = world
        self.chronicle = Chronicle(world.sandbox, self._judge, self._looked)
        self.lived: list[Lived] = []
        self._by_process: dict[Process, Lived] = {}
        self._ledgers: dict[int, sqlite3.Connection] = {}
        self._attempted: dict[tuple[str, str], list[tuple[Wire, Any]]] = {}
        self._by_key: dict[str, list[Wire]] = {}
        self._agreed: dict[tuple[str, str], Lived] = {}
        self._backed_up: dict[str, Values] = {}
        self._old: dict[str, Values] = {}
        world.network.watch = self._watch

    def remember(self) -> None:
        """The ledger is backed up."""
        self._backed_up = {task_id: dict(story.ours) for task_id, story in self.chronicle.stories.items()}

    def forget(self) -> None:
        """The ledger is the one of the backup: what we wrote since looks like people's work to it."""
        self._old = self._backed_up

    # --- on the line --------------------------------------------------------------------------------------------------------------

    def _watch(self, wire: Wire) -> None:
        """Before a write leaves, its intent is durable."""
        if not wire.is_write:
            return
        self._by_key.setdefault(wire.key or f"{wire.path} by {wire.process}", []).append(wire)
        if wire.method == "POST" and not wire.is_create:
            for name, value in {**wire.body.get("fields", {}), **wire.body.get("relationships", {})}.items():
                meant = (value["replace"],) if isinstance(value, dict) else value
                self._attempted.setdefault((wire.path.split("/")[3], name), []).append((wire, meant))
        if wire.process.number not in self._ledgers:
            self._ledgers[wire.process.number] = sqlite3.connect(f"file:{wire.process.ledger}?mode=ro", uri=True)
        asked = (
            ("idempotency_key = ?", wire.key.split("-fix-")[0]) if wire.key else ("kind = 'trash' AND task_id = ?", wire.path.split("/")[3])
        )
        found = self._ledgers[wire.process.number].execute(f"SELECT 1 FROM etl_intent WHERE {asked[0]}", asked[1:]).fetchone()
        if found is None:
            self.fault(f"{wire.method} {wire.path} left before its intent was durable", rule="intent")

    def _repeats(self, wire: Wire) -> list[Wire]:
        """The requests of the same write, the first one first."""
        return self._by_key[wire.key or f"{wire.path} by {wire.process}"]

    def _heard(self, wire: Wire) -> bool:
        """Whoever sent it, or sent it again, learned that it was carried out, and did not die with that."""
        return any(each.kept == HTTP_OK and not each.process.dead for each in self._repeats(wire))

    def _heard_of(self, commit: Commit) -> bool:
        return commit.wire is None or self._heard(commit.wire)

    # --- every write of ours ------------------------------------------------------------------------------------------------------

    def _looked(self, wire: Wire, task: Any) -> None:
        """What people made of a field, and the source too, is agreed from then on."""
        story, lived = self.chronicle.stories[task.id], self._by_process[wire.process]
        if wire.process.request.command == "run" and not task.trashed:
            gone = {"$status": DONE_TO.get(self._world.schedule.on_missing)}
            for name, value in lived.present.get(story.key or "", gone).items():
                if values_of(task)[name] == value:
                    story.ours[name] = value
                    self._agreed[task.id, name] = lived
        if not task.trashed:
            self._world.followed(wire, task)

    def _judge(self, task_id: str, story: TaskStory, commit: Commit) -> None:
        """Is it taken from people? Is it ours to do?"""
        wire = commit.wire
        if wire is None:
            return
        lived = self._by_process[wire.process]
        if commit.kind == "create":
            self._judge_create(task_id, story, commit, lived)
            return
        if commit.kind == "restore":
            # Whose trash it was that people were quicker to do, nobody can say.
            asked = any(each.method == "DELETE" and each.path.endswith(task_id) for each in self._world.network.log)
            if not asked:
                self.fault(f"{wire.process} took {task_id} out of the trash, where we had never put it", rule="people")
            return
        edited = story.edited(commit.before)
        if commit.kind == "trash" and wire.process.request.command == "run":
            self._judge_trash(task_id, story, lived)
        if commit.kind == "update" and "$dueAt" in commit.sent:
            self.fault(f"{wire.process} wrote to $dueAt of {task_id}, which is not in the map", rule="people")
        lost = edited if commit.kind == "trash" else [name for name in edited if commit.before[name] != commit.after[name]]
        for name in lost:
            excuse = self._excuse(task_id, story, commit, name, lived)
            if excuse is None:
                what = f"{name} of {task_id} (row {story.key}) was {commit.before[name]!r} by people, we had {story.ours.get(name)!r}"
                self.fault(f"{what}, and {wire.process} ({wire.process.request.command}) took it by {commit.kind}", rule="people")
            else:
                self.figures[f"excused: {excuse}"] += 1

    def _judge_trash(self, task_id: str, story: TaskStory, lived: Lived) -> None:
        """A run trashes what the config says, of rows that are gone."""
        if story.key in lived.present:
            self.fault(f"row {story.key} stands in the source, and {lived.process} moved its task {task_id} to the trash", rule="trash")
        if self._world.schedule.on_missing != "trash":
            self.fault(f"{lived.process} moved {task_id} to the trash, which the config does not ask for", rule="trash")

    def _judge_create(self, task_id: str, story: TaskStory, commit: Commit, lived: Lived) -> None:
        """A row that has a live task needs no other, whoever saw to it that it lives."""
        assert commit.wire is not None
        first = self._by_process[self._repeats(commit.wire)[0].process] if story.key else lived
        for other in self.live(story.key or ""):
            ticks = [each.tick for each in self.chronicle.stories[other].commits if each.kind != "update"]
            if other != task_id and ticks[-1] <= max(first.since, self.chronicle.looks.get((first.process, other), 0)):
                self.fault(f"{lived.process} made {task_id} for row {story.key}, which has the live task {other}", rule="twice")

    def _excuse(self, task_id: str, story: TaskStory, commit: Commit, name: str, lived: Lived) -> str | None:
        wire = commit.wire
        assert wire is not None
        looked = self.chronicle.looks.get((wire.process, task_id))
        if looked is not None and looked < story.edited_at[name]:
            return "people between our look and our write"
        if self._world.schedule.overwrite and lived.step.command == "run":
            gone = story.key not in lived.present
            changed = lived.present.get(story.key or "", {}).get(name) != story.ours.get(name)
            if gone or changed or not self._heard_of(story.put_by[name]):
                return "on_conflict: overwrite"
        if any(meant == commit.before[name] and not self._heard(each) for each, meant in self._attempted.get((task_id, name), ())):
            return "people did what a write of ours, of which nobody heard, was to do"
        if any(_had_begun(each, story.key, name, commit.before[name]) for each in self.lived):
            return "people did what a write of ours, which never left, was to do"
        return self._put_back(task_id, story.put_by[name], name, commit.before[name])

    def _put_back(self, task_id: str, put: Commit, name: str, value: Any) -> str | None:
        """People made a field say again what the ledger takes for ours."""
        if not self._heard_of(put) and value == put.before[name]:
            return "people put back what a write nobody heard of had changed"
        agreed = self._agreed.get((task_id, name))
        if agreed is not None and not agreed.finished and value == put.after[name]:
            return "people put back what they and the source agreed on, which only a process saw that died"
        if self._old.get(task_id, {}).get(name) == value:
            return "people put back what a write had changed that the ledger from the backup does not know"
        return None

    # --- processes ----------------------------------------------------------------------------------------------------------------

    def begin(self, process: Process, step: Job, target: str | None) -> Lived:
        """A process is about to live."""
        present = self._world.source.present()
        lived = Lived(process, step, target, present, self.chronicle.tick, self.state(), waiting_in(process.ledger))
        self._by_process[process] = lived
        self.lived.append(lived)
        return lived

    def ended(self, lived: Lived, end: End) -> None:
        """A process has ended."""
        connection = self._ledgers.pop(lived.process.number, None)
        if connection is not None:
            connection.close()
        lived.end, lived.until, lived.after = end, self.chronicle.tick, self.state()
        lived.waiting_after = waiting_in(end.ledger)
        if end.error is not None:
            self.fault(f"{end.process} raised {end.error!r}", rule="error")
        if end.summary is None:
            return
        code, command = end.summary.exit_code, lived.step.command
        if code not in {0, 1} and (lived.step.final or code in {2, 4}) and not self._may_refuse(lived):
            self.fault(f"{end.process} ({command}) ended with {code}: {end.summary.message}", rule="exit")
        lived.lines = self._lines(end)
        if command == "undo" and lived.finished:
            self._look_at_undo(lived)
        if command == "run" and lived.finished:
            self._look_at_run(lived)
        self._look_at_rows()

    def _may_refuse(self, lived: Lived) -> bool:
        """A retry refuses a run that was stopped; where a request failed, an undo may have found no ledger to begin with."""
        return lived.step.command == "retry" or (lived.step.command in {"undo", "verify"} and not lived.step.is_calm)

    def _lines(self, end: End) -> dict[str, str]:
        path = self._world.folder / end.process.request.out / end.summary.run_id / "results.csv" if end.summary else Path("nowhere")
        if not path.exists():
            return {}
        with path.open(newline="", encoding="utf-8") as stream:
            return {line["source_key"]: self._action(line, end.process) for line in csv.DictReader(stream)}

    def _action(self, line: dict[str, str], process: Process) -> str:
        """``unread`` is a conflict whose task was not shown, which has to be so."""
        if line["error_code"] != UNREADABLE:
            return line["action"]
        if not any((process, task_id) in self._world.network.not_shown for task_id in self.chronicle.of_row(line["source_key"])):
            self.fault(f"{process} says that the task of row {line['source_key']} could not be read, and it could", rule="report")
        self.figures["rows whose task was not shown"] += 1
        return "unread"

    def state(self) -> State:
        """Every task now."""
        return {task.id: (task.trashed, values_of(task)) for task in self._world.sandbox.tasks}

    def live(self, key: str) -> list[str]:
        """A row's tasks that are not in the trash."""
        return [task_id for task_id in self.chronicle.of_row(key) if not self._world.sandbox.tasks._by_id[task_id].trashed]

    def _look_at_rows(self) -> None:
        """No row has two live tasks, but where people took one out of the trash."""
        for key in self._world.source.rows:
            live = self.live(key)
            if len(live) > 1 and not any(self._by_people(task_id) for task_id in live):
                self.fault(f"row {key} has {len(live)} live tasks: {live}", rule="twice")

    def _by_people(self, task_id: str) -> bool:
        """People decided last whether it lives."""
        lives = [commit for commit in self.chronicle.stories[task_id].commits if commit.kind != "update"]
        return lives[-1].wire is None and lives[-1].kind != "create"

    # --- runs -----------------------------------------------------------------------------------------------------------------------

    def _look_at_run(self, lived: Lived) -> None:
        """What its report says of a row is so, where nothing is in doubt and people left the row alone meanwhile."""
        lost = sorted(set(lived.present) - set(lived.lines))
        if lost:
            self.fault(f"{lived.process} ended well, and its results.csv lacks the rows {lost}", rule="report")
        for key, row in self._world.source.rows.items():
            stories = [self.chronicle.stories[task_id] for task_id in self.chronicle.of_row(key)]
            people = [tick for story in stories for tick in story.people_at]
            told = lived.lines.get(key)
            late = any(self._came_late(commit, story) for story in stories for commit in story.commits)
            if told == "conflict" and not (people or self._old or late):
                self.fault(f"{lived.process} says that people changed row {key}, and nobody did", rule="report")
            wrote = [c for story in stories for c in story.commits if c.wire and c.tick > lived.since and c.wire.process is lived.process]
            if told == "unchanged" and wrote:
                self.fault(f"{lived.process} says that row {key} is unchanged, and did {[c.kind for c in wrote]}", rule="report")
            in_doubt = told in {"uncertain", "failed", "not_sent", "unread"} or key in lived.waiting_after
            if in_doubt or any(tick > lived.since for tick in people) or (lived.step.stream and not row.present):
                continue
            self._look_at_row(key, lived, lived)

    # --- undo ---------------------------------------------------------------------------------------------------------------------

    def _look_at_undo(self, lived: Lived) -> None:
        chain = self._chain(lived)
        for key in self._world.source.rows:
            if self._is_clear(key, chain, lived):
                if lived.target:
                    self._look_at_taken_back(key, chain[0], lived)
                else:
                    self._look_at_gone(key, chain[0], lived)

    def _chain(self, lived: Lived) -> list[Lived]:
        """The same undo, as often as it was begun; what one by trash has taken back is nothing to one by cancelling."""
        chain, same = [lived], (lived.step.command, lived.target, lived.step.by_cancel)
        for earlier in reversed(self.lived[:-1]):
            if (earlier.step.command, earlier.target, earlier.step.by_cancel) != same:
                break
            chain.insert(0, earlier)
        return chain

    def _is_clear(self, key: str, chain: list[Lived], lived: Lived) -> bool:
        """Nothing of the row was in doubt, and people left it alone meanwhile."""
        stories = [self.chronicle.stories[task_id] for task_id in self.chronicle.of_row(key)]
        disturbed = any(chain[0].since < tick <= lived.until for story in stories for tick in story.people_at)
        late = any(c.wire and self._is_late(c, chain[0]) for story in stories for c in story.commits if c.tick > chain[0].since)
        return not (disturbed or late or key in chain[0].waiting_before or key in lived.waiting_after)

    def _is_late(self, commit: Commit, since: Lived) -> bool:
        """It was sent by a process before that one."""
        return commit.wire is not None and commit.wire.process.number < since.process.number

    def _look_at_gone(self, key: str, first: Lived, lived: Lived) -> None:
        """The whole import is taken back: what people touched is left and told, the rest is in the trash."""
        for task_id in self.chronicle.of_row(key):
            trashed, values = first.before[task_id]
            if trashed or self._by_people(task_id):
                continue
            story, now = self.chronicle.stories[task_id], lived.after[task_id]
            edited = self._edited_at(story, first.since, values)
            self.figures["tasks of imports taken back"] += 1
            if lived.step.by_cancel and values["$status"] == "CANCELLED":
                # There is nothing to take back, and nothing to tell.
                continue
            if edited and (now != (trashed, values) or lived.lines.get(key) != "conflict"):
                self.fault(f"people changed {edited} of {task_id} (row {key}); the undo said {lived.lines.get(key)}: {now}", rule="undo")
            elif not edited and not any(self._is_taken(now, values, each) for each in self._chain(lived)):
                self.fault(f"{task_id} (row {key}) is still {now} after the import was taken back ({lived.lines.get(key)})", rule="undo")

    def _is_taken(self, now: tuple[bool, Values], values: Values, lived: Lived) -> bool:
        return now == (False, values | {"$status": "CANCELLED"}) if lived.step.by_cancel else now[0]

    def _edited_at(self, story: TaskStory, tick: int, values: Values) -> list[str]:
        ours: Values = {}
        by: dict[str, bool] = {}
        for commit in story.commits:
            if commit.tick <= tick:
                for name in commit.sent:
                    by[name] = commit.wire is None
                    if commit.wire is not None:
                        ours[name] = commit.after[name]
        # What was agreed with people in a look counts as ours.
        return [name for name, people in by.items() if people and values[name] not in (ours.get(name), story.ours.get(name))]

    def _look_at_taken_back(self, key: str, first: Lived, lived: Lived) -> None:
        """A run is taken back: its tasks are as they were before it, where people left them alone since."""
        run = next((each for each in self.lived if each.run_id == lived.target), None)
        if run is None or not run.finished or key in run.waiting_before or key in run.waiting_after:
            return
        ids = self.chronicle.of_row(key)
        commits = [(task_id, commit) for task_id in ids for commit in self.chronicle.stories[task_id].commits]
        wrote = {task_id for task_id, commit in commits if commit.wire and commit.wire.process is run.process}
        late = any(commit.wire and commit.wire.process.number <= run.process.number and commit.tick > run.until for _, commit in commits)
        disturbed = any(commit.wire is None and run.since < commit.tick <= run.until for _, commit in commits)
        between = [each for each in self.lived if run.process.number < each.process.number < first.process.number]
        if late or disturbed or any(each.target == lived.target for each in between):
            return
        later = any(commit.wire and run.until < commit.tick <= first.since for _, commit in commits)
        if not later and any(each.lines.get(key) in WROTE or key in each.waiting_after or not each.finished for each in between):
            return
        self.figures["rows of runs taken back" if wrote else "rows that runs had not written to"] += 1
        for task_id in ids:
            self._look_at_task_taken_back(key, task_id, run, first, lived, leave=later, wrote=wrote)

    def _look_at_task_taken_back(
        self, key: str, task_id: str, run: Lived, first: Lived, lived: Lived, *, leave: bool, wrote: set[str]
    ) -> None:
        now, left, found = lived.after[task_id], run.after.get(task_id), first.before[task_id]
        former = run.before.get(task_id)
        if former is None and left is not None and task_id in wrote:
            former = (False, left[1] | {"$status": "CANCELLED"}) if lived.step.by_cancel else (True, left[1])
        elif lived.step.by_cancel and former is not None and former[0] and left is not None and not left[0]:
            # A restore is taken back by cancelling, too.
            former = (False, left[1] | {"$status": "CANCELLED"})
        gone = found[0] and left is not None and not left[0]
        touched = {name for i in wrote if i in run.after for name in FIELDS if first.before[i][1][name] != run.after[i][1][name]}
        others = [i for i in self.chronicle.of_row(key) if i not in run.after]
        # A task with people's work in it does not go to the trash, whenever they did it.
        theirs = former is not None and former[0] and self._edited_at(self.chronicle.stories[task_id], first.since, found[1])
        wanted = found if leave or gone or touched or theirs or task_id not in wrote or others else former
        if now != wanted:
            told = f"row {key}, {task_id}: before {former}, left as {left}, found as {found}, is {now} after the undo of {run.process}"
            self.fault(f"{told} ({lived.lines.get(key)}, wanted {wanted})", rule="undo")
        if touched and not gone and lived.lines.get(key) != "conflict" and task_id in wrote:
            self.fault(f"row {key}: people changed {sorted(touched)} of {task_id}, the undo said {lived.lines.get(key)}", rule="undo")

    # --- at rest ------------------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """After the last runs, in which nothing went wrong."""
        self._look_at_rows()
        self._look_at_rate()
        runs = [lived for lived in self.lived if lived.step.final and lived.step.command == "run"]
        if len(runs) < 2 or not all(lived.finished for lived in runs):
            return
        first, second = runs
        writes = [wire for wire in self._world.network.log if wire.is_write and wire.process is second.process]
        if writes:
            self.fault(f"a second sync with nothing changed sent {[f'{w.method} {w.path} {w.body}' for w in writes]}", rule="quiet")
        classes: Counter[str] = Counter()
        sure = True
        for key, row in self._world.source.rows.items():
            what = self._look_at_row(key, first, second)
            sure &= what != "unsure"
            if row.present:
                classes[what] += 1
        verified = [lived for lived in self.lived if lived.step.command == "verify"]
        if verified:
            self._look_at_verified_missing(verified[0])
        if verified and sure and not self._old:
            self._look_at_verified(verified[0], classes)

    def _look_at_row(self, key: str, first: Lived, second: Lived) -> str:
        """One row at rest; returns what ``verify`` has to call it, ``unsure`` where people or late requests leave that open."""
        row, live, ids = self._world.source.rows[key], self.live(key), self.chronicle.of_row(key)
        told = {first.lines.get(key), second.lines.get(key)}
        if any(self._came_late(commit, self.chronicle.stories[i]) for i in ids for commit in self.chronicle.stories[i].commits):
            self.figures["excused: a request that came after its process had given it up"] += 1
            return "unsure"
        # A row that is no longer in the file has no line, and its doubt stands in the ledger alone.
        if "uncertain" in told or "failed" in told or (not row.present and key in second.waiting_after):
            if not self._may_be_uncertain(key, second):
                self.fault(f"row {key} is {told} at rest, and nothing stands in the way of knowing", rule="doubt")
            return "failed" if row.present else "gone"
        if len(live) > 1 or any(self._by_people(task_id) for task_id in live):
            return "unsure"
        if not row.present:
            self._look_at_vanished(key, live, told)
            return "gone"
        if not live:
            return self._look_at_missing(key, ids, told)
        return self._look_at_content(key, live[0], told)

    def _came_late(self, commit: Commit, story: TaskStory) -> bool:
        """The next process had begun already, and went on from what was there; where no key makes that one write of two."""
        if commit.wire is None or commit.kind == "create" or (commit.kind == "update" and not story.people_at):
            return False
        later = next((each for each in self.lived if each.process.number > commit.wire.process.number), None)
        return later is not None and commit.tick > later.since

    def _may_be_uncertain(self, key: str, last: Lived) -> bool:
        """A create without an answer, whose key is forgotten by now."""
        wires = [w for w in self._world.network.log if w.is_create and str(w.body["fields"]["$title"]).startswith(f"Row {key} ")]
        return any((last.process.started_at or 0) - wire.sent_at > KEYS_LIVE for wire in wires if not self._heard(wire))

    def _look_at_missing(self, key: str, ids: list[str], told: set[str | None]) -> str:
        if not ids:
            self.fault(f"row {key} has no task at rest ({told})", rule="rest")
            return "missing"
        newest = self.chronicle.stories[ids[-1]]
        if not self._by_people(ids[-1]):
            self.fault(f"row {key} has no live task at rest, and its newest one ({ids[-1]}) is in the trash by us ({told})", rule="rest")
        # What a write had put there of which nobody heard, and which people then deleted, is in no ledger.
        present = self._world.source.present()[key].items()
        changed = [name for name, value in present if newest.ours.get(name) != value and self._heard_of(newest.put_by[name])]
        if changed and (self._world.schedule.recreate or "conflict" not in told):
            self.fault(f"people deleted the task of row {key}, whose {changed} changed, and it is {told}", rule="rest")
        return "missing"

    def _look_at_content(self, key: str, task_id: str, told: set[str | None]) -> str:
        story, values = self.chronicle.stories[task_id], values_of(self._world.sandbox.tasks._by_id[task_id])
        wanted = self._world.source.present()[key]
        differing = [name for name in MAPPED if values[name] != wanted[name]]
        if not told & NEEDS_A_PERSON and states_in(self._world.ledger).get(key) != ("done", task_id):
            self.fault(f"row {key} is {told}, and the ledger does not know that its task is {task_id}", rule="ledger")
        if not differing:
            return "equal"
        if "conflict" in told:
            return "differs"
        theirs = [name for name in differing if name in story.edited_at and wanted[name] in self._may_be_ours(story, name)]
        theirs += [name for name in differing if self._old.get(task_id, {}).get(name) == wanted[name]]
        if set(differing) == set(theirs):
            return "edited"
        rest = {name: (values[name], wanted[name], story.ours.get(name)) for name in differing if name not in theirs}
        self.fault(f"row {key}, {task_id}: (is, source, ours) {rest} at rest, and the run said {told}", rule="rest")
        return "differs"

    def _may_be_ours(self, story: TaskStory, name: str) -> list[Any]:
        """What the ledger may take for ours: what we wrote, where nobody heard of that what was before, and what was agreed with people.

        Of the last, the ledger does not know where the process died that saw it.
        """
        put = story.put_by[name]
        return [story.ours.get(name), put.after[name], *([] if self._heard_of(put) else [put.before[name]])]

    def _look_at_vanished(self, key: str, live: list[str], told: set[str | None]) -> None:
        """What ``on_missing`` says, unless people touched it or an undo has put it back."""
        what = self._world.schedule.on_missing
        if what == "ignore" or not live or "conflict" in told:
            return
        story, values = self.chronicle.stories[live[0]], values_of(self._world.sandbox.tasks._by_id[live[0]])
        last = [commit.wire for commit in story.commits if commit.wire][-1]
        undone = self._meant_by(key, last).step.command == "undo"
        left = values["$status"] != DONE_TO.get(what) and "$status" not in story.edited_at
        wrong = not story.edited(values) if what == "trash" else left
        if wrong and not undone:
            self.fault(f"row {key} vanished, and its task {live[0]} is left as {values} ({told})", rule="vanished")

    def _meant_by(self, key: str, wire: Wire) -> Lived:
        """The process that decided on a write of a row; a later one may have sent it in its place."""
        lived = self._by_process[self._repeats(wire)[0].process]
        while key in lived.waiting_before:
            lived = self.lived[lived.process.number - 1]
        return lived

    def _look_at_verified(self, lived: Lived, classes: Counter[str]) -> None:
        said = {} if lived.end is None or lived.end.summary is None else dict(lived.end.summary.classes or {})
        found = {str(kind.value): rows for kind, rows in said.items() if rows}
        if found != dict(classes):
            self.fault(f"verify says {found}, and it is {dict(classes)}", rule="verify")
        self.figures["verified rows"] += sum(classes.values())

    def _look_at_verified_missing(self, lived: Lived) -> None:
        """Whatever is unsure: a row without a live task is never called one with a task."""
        lost = [key for key, row in self._world.source.rows.items() if row.present and not self.live(key)]
        said = (lived.end.summary.classes if lived.end and lived.end.summary else None) or {}
        told = sum(rows for kind, rows in said.items() if kind.value in {"missing", "failed"})
        if told < len(lost):
            self.fault(f"verify calls {told} rows missing or failed, and {lost} have no task", rule="verify")

    def _look_at_rate(self) -> None:
        writes = [wire for wire in self._world.network.log if wire.is_write]
        arrived = [wire for wire in writes if wire.arrived_at is not None]
        if beyond_bucket(writes, lambda wire: wire.sent_at, DOCUMENTED_RATE) or beyond_bucket(arrived, ordinary_arrival, DOCUMENTED_RATE):
            self.fault("a write is more than the documented bucket lets through", rule="rate")

    def fault(self, sentence: str, *, rule: str) -> None:
        """Write it down, once."""
        fault = f"[{rule}] {sentence} (at {self._world.loop.time():.3f} s)"
        if len(self.faults) < 20 and not any(known.startswith(f"[{rule}] {sentence}") for known in self.faults):
            self.faults.append(fault)


def _had_begun(lived: Lived, key: str | None, name: str, value: Any) -> bool:
    """A process that did not come to its end was about to write that to the row."""
    row = lived.present.get(key or "", {})
    return key in lived.waiting_after and not lived.finished and name in row and row[name] == value


def waiting_in(ledger: Path) -> set[str]:
    """The rows that have an intent."""
    if not ledger.exists():
        return set()
    with closing(sqlite3.connect(ledger)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'etl_intent'").fetchone():
            return set()
        return {key for (key,) in connection.execute("SELECT source_key FROM etl_intent")}


def states_in(ledger: Path) -> dict[str, tuple[str, str]]:
    """The state and the task of every row that is known."""
    with closing(sqlite3.connect(ledger)) as connection:
        return {key: (state, task_id) for key, state, task_id in connection.execute("SELECT source_key, state, task_id FROM etl_entry")}


def runs_in(ledger: Path) -> list[tuple[str, str]]:
    """Run and command, the oldest first."""
    if not ledger.exists():
        return []
    with closing(sqlite3.connect(ledger)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'etl_run'").fetchone():
            return []
        return [(run, command) for run, command in connection.execute("SELECT run_id, command FROM etl_run ORDER BY number")]
