"""A schedule of sync, undo and retry, played from its beginning to its audit."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from simulated.economies import done_once, mapped_once
from simulated.network import Network, Wire
from simulated.play import Report, _memory_disk
from simulated.process import Process, simulated_processes, task_of_owner
from simulated.source import MEMBERS
from simulated.sync_audit import Lived, SyncAuditor, runs_in
from simulated.sync_schedule import Change, Job, OldLedger, People, Step, SyncSchedule, Wait, draw
from simulated.sync_source import CONFIG, LETTERS, STATUSES, SyncSource
from simulated.virtual_time import MachineTime, ServerTime, VirtualLoop

from etl.jobs.request import JobRequest
from etl.jobs.retry import retry
from etl.jobs.run import run
from etl.jobs.undo import undo
from etl.jobs.verify import verify
from etl.sandbox.app import Sandbox
from etl.sandbox.faults import Faults
from etl.sandbox.workspace import Workspace

_JOBS: dict[str, Any] = {"run": run, "retry": retry, "undo": undo, "verify": verify}
_YOUNG = timedelta(seconds=2)
"""Nobody works on a task that was made this very second."""


class SyncWorld:
    """Everything that a schedule has: server, network, source, people, processes."""

    def __init__(self, schedule: SyncSchedule, folder: Path, loop: VirtualLoop) -> None:
        self.schedule = schedule
        self.folder = folder
        self.loop = loop
        self.dice = Random(f"sync world {schedule.seed}")
        self.time = ServerTime(loop)
        workspace = Workspace()
        self.members = {email: workspace.add_member(email, "A", "B") for email in MEMBERS}
        self.sandbox = Sandbox(
            workspace, list_lag_seconds=schedule.list_lag, clock=self.time, random=Random(f"sandbox {schedule.seed}"), keep_requests=0
        )
        self.network = Network(self.sandbox, self.time, Random(f"network {schedule.seed}"))
        self.source = SyncSource(self.dice, schedule.rows, self.members)
        self.ledger = folder / "night.ledger"
        self.events: list[str] = []
        self.followers = 0.0
        self.auditor = SyncAuditor(self)
        self._edits = 0
        self._backup = folder / "backup.ledger"
        self._target = ""
        (folder / "night.yaml").write_text(_config(schedule), encoding="utf-8")

    async def play(self) -> None:
        """Every step, and then the audit."""
        for step in self.schedule.steps:
            await self._step(step)
        await self.network.quiet()
        self.auditor.close()

    def note(self, event: str) -> None:
        """For whoever looks for the cause."""
        self.events.append(f"{self.loop.time():>12.3f}  {event}")

    def followed(self, wire: Wire, task: Any) -> None:
        """Somebody changes a task just after it was looked at, now and then."""
        if self.dice.random() < self.followers:
            self.loop.call_later(self.dice.uniform(0.0, 0.3), self._edit, task)

    async def _step(self, step: Step) -> None:
        match step:
            case Job():
                await self._live(step)
            case Wait():
                await asyncio.sleep(step.seconds)
            case Change():
                self._change(step)
            case People():
                self._people(step)
            case OldLedger():
                self.ledger = Path(shutil.copy(self._backup, self.folder / "old.ledger"))
                self.auditor.forget()
                self.note("the ledger is the one from before that job")

    def _change(self, step: Change) -> None:
        self.source.edit(step.edits)
        self.source.put_back(step.put_back)
        back = [row.key for row in self.source.rows.values() if not row.present]
        self.source.vanish(step.vanish)
        for key in back:
            row = self.source.rows[key]
            row.present = self.dice.random() < step.come_back
        self.source.add(step.new)
        self.note(f"source: { {row.key: list(row.cells.values())[1:] if row.present else None for row in self.source.rows.values()} }")

    def _people(self, step: People) -> None:
        for task in self.sandbox.tasks:
            if step.reverts:
                if not task.trashed and self.dice.random() < step.reverts:
                    self._revert(task)
                continue
            dice = self.dice.random()
            if self.time.now() - task.created_at < _YOUNG:
                continue
            if task.trashed:
                if dice < step.restores:
                    self.note(f"people restore {task.id}")
                    self.auditor.chronicle.people_move(task, self.time.now(), trashed=False)
            elif dice < step.edits:
                self._edit(task, contests=step.contests)
            elif dice < step.edits + step.trashes:
                self.note(f"people trash {task.id}")
                self.auditor.chronicle.people_move(task, self.time.now(), trashed=True)

    def _edit(self, task: Any, *, contests: bool = False) -> None:
        if task.trashed or self.time.now() - task.created_at < _YOUNG:
            return
        self._edits += 1
        what = self.dice.choice(("$title", "$title", "$status", "$description", "$dueAt", "$assignedTo"))
        story = self.auditor.chronicle.stories[task.id]
        key, ours = story.key, [commit for commit in story.commits if commit.wire and commit.kind == "update"]
        if contests and ours:
            what = self.dice.choice(ours[-1].sent)
        value: Any = {
            # Now and then what the row said before, or is going to say.
            "$title": self.dice.choice((f"People's {self._edits}", f"People's {self._edits}", f"Row {key} {self.dice.choice(LETTERS)}")),
            "$status": self.dice.choice(STATUSES),
            "$description": self.dice.choice((f"Seen {self._edits}", None)),
            "$dueAt": f"2026-07-{1 + self._edits % 28:02d}T08:00:00.000Z",
            "$assignedTo": (self.dice.choice(list(self.members.values())),),
        }[what]
        self.note(f"people make {what} of {task.id} ({key}) {value!r}")
        self.auditor.chronicle.people_edit(task, {what: value}, self.time.now())

    def _revert(self, task: Any) -> None:
        story = self.auditor.chronicle.stories[task.id]
        for name in list(story.edited_at)[:1]:
            self.note(f"people put {name} of {task.id} ({story.key}) back to {story.commits[0].after[name]!r}")
            self.auditor.chronicle.people_edit(task, {name: story.commits[0].after[name]}, self.time.now())

    async def _live(self, step: Job) -> None:
        target = self._aim(step)
        if step.command in {"undo", "retry", "verify"} and (target is None or not runs_in(self.ledger)):
            return
        self._back_up()
        self.network.weather = step.weather
        self.sandbox.set_faults(step.faults)
        self.sandbox.set_latency(step.latency)
        self.source.write(self.folder / "rows.csv")
        process = self._process(step, target or None)
        lived = self.auditor.begin(process, step, target if step.command == "undo" else None)
        self.note(
            f"{process} {step.command} {target if step.command == 'undo' else ''}{' (final)' if step.final else ''} {step.death or ''}"
        )
        self.followers = step.followed
        meanwhile = [self.loop.call_later(seconds, self._people, People(edits=0.3, trashes=0.05)) for seconds in step.people_at]
        end = await process.live()
        for timer in meanwhile:
            timer.cancel()
        self.followers = 0.0
        self.network.weather, self.ledger = type(step.weather)(), end.ledger
        self.sandbox.set_faults(Faults())
        self._note_end(lived, end)
        self.auditor.ended(lived, end)

    def _back_up(self) -> None:
        if self.ledger.exists() and any(isinstance(step, OldLedger) for step in self.schedule.steps):
            shutil.copy(self.ledger, self._backup)
            self.auditor.remember()

    def _aim(self, step: Job) -> str | None:
        """The run that an undo takes back, empty for the whole import; None where there is none."""
        if step.command != "undo" or step.undoes == "import":
            self._target = "" if step.command == "undo" else self._target
            return ""
        if step.undoes != "same":
            runs = [run_id for run_id, command in runs_in(self.ledger) if command == ("undo" if step.undoes == "undo" else "run")]
            if not runs:
                return None
            self._target = self.dice.choice(runs) if step.undoes == "any" else runs[-1]
        return self._target

    def _process(self, step: Job, run_id: str | None) -> Process:
        number = len(self.auditor.lived)
        request = JobRequest(
            command=step.command,
            config_path=Path("night.yaml"),
            out=Path(f"results-{number}"),
            typed=f"lightfield-etl {step.command} night.yaml",
            ledger=str(self.ledger),
            assume_yes=True,
            stream=step.stream,
            run=run_id if step.command == "undo" else None,
            by_cancel=step.by_cancel,
        )
        return Process(
            number,
            request,
            self.network,
            MachineTime(self.loop, 1000.0, timedelta()),
            Random(f"process {self.schedule.seed} {number}"),
            step.death,
            folder=self.folder,
            job=_JOBS[step.command],
        )

    def _note_end(self, lived: Lived, end: Any) -> None:
        if end.summary is None:
            self.note(f"{end.process} {'died' if end.died else f'failed: {end.error!r}'} after {end.steps} commits")
            return
        counts = {action.value: number for action, number in end.summary.counts.items() if number}
        self.note(f"{end.process} {end.summary.run_id} ended with {end.summary.exit_code} {end.summary.message or ''} {counts}")


def play(seed: int, folder: Path | None = None) -> Report:
    """Play the schedule of a seed; everything that it writes is gone afterwards, unless a folder is given."""
    schedule = draw(seed)
    with tempfile.TemporaryDirectory(prefix="sync-", dir=_memory_disk()) as private:
        loop = VirtualLoop()
        loop.set_task_factory(task_of_owner)
        world = SyncWorld(schedule, folder or Path(private), loop)
        with simulated_processes(pages=False), done_once(), mapped_once():
            try:
                loop.run_until_complete(world.play())
            except Exception as error:  # noqa: BLE001  whatever the harness met belongs to this seed
                world.auditor.faults.append(f"the schedule broke off: {type(error).__name__}: {error}")
                import traceback

                world.events.append(traceback.format_exc())
            finally:
                loop.close()
        return _report(world)


def _report(world: SyncWorld) -> Report:
    faults = [*world.auditor.faults, *(f"nobody fetched: {odd}" for odd in world.loop.odd)]
    faults += [f"the sandbox failed: {crash!r}" for crash in world.sandbox.crashes]
    late = sum(wire.done_at is not None and wire.given_up_at is not None and wire.given_up_at < wire.done_at for wire in world.network.log)
    lived, writes = world.auditor.lived, [wire for wire in world.network.log if wire.is_write]
    figures = {
        "processes": len(lived),
        "deaths": sum(each.end is not None and each.end.died for each in lived),
        "undos": sum(each.step.command == "undo" for each in lived),
        "retries": sum(each.step.command == "retry" for each in lived),
        "writes": len(writes),
        "tasks": len(world.sandbox.tasks),
        "rows": len(world.source.rows),
        "edits of people": sum(len(story.people_at) for story in world.auditor.chronicle.stories.values()),
        **world.auditor.figures,
    }
    return Report(world.schedule.seed, faults, world.events, late, figures)


def _config(schedule: SyncSchedule) -> str:
    said = CONFIG.replace("MISSING", schedule.on_missing).replace("RECREATE", "true" if schedule.recreate else "false")
    said = said.replace("CONFLICT", "overwrite" if schedule.overwrite else "report")
    return said.replace("TIMEOUT", str(schedule.timeout)).replace("ATTEMPTS", str(schedule.attempts))
