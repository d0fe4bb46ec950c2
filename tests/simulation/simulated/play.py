"""A schedule, played from its beginning to its audit."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from simulated.audit import Auditor
from simulated.economies import done_once, mapped_once
from simulated.network import Network, Wire
from simulated.places import FilePlace, Place, schemas_on
from simulated.process import End, Process, simulated_processes, task_of_owner
from simulated.schedule import Edit, Go, Happening, LedgerFate, People, Rival, Schedule, Step, Wait, draw
from simulated.source import MEMBERS, Source, config_text
from simulated.virtual_time import MachineTime, ServerTime, VirtualLoop

from etl.jobs.reconcile import reconcile
from etl.jobs.request import JobRequest
from etl.jobs.retry import retry
from etl.jobs.run import run
from etl.sandbox.app import Sandbox
from etl.sandbox.faults import Faults
from etl.sandbox.limits import Category, Limits
from etl.sandbox.workspace import Workspace

if TYPE_CHECKING:
    from postgres_server import PostgresServer

_PATIENT_SECONDS = 90.0

_JOBS: dict[str, Any] = {"run": run, "retry": retry, "reconcile": reconcile}


@dataclass(slots=True)
class Report:
    """What came of a schedule.

    Attributes:
        faults: What the auditor found, a sentence each; empty is good.
        events: What happened, to be read by whoever looks for the cause.
        committed_after_give_up: Tasks that were made when their client had given up already.
        figures: For the totals.
    """

    seed: int
    faults: list[str]
    events: list[str]
    committed_after_give_up: int
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Walk:
    """A process looks for tasks: in the trash, then among the others, then in the trash again.

    Attributes:
        trash: The share of the tasks that people trash meanwhile.
        struck_after: How many requests had arrived when they did it; None before.
        disturbed: Another page was read after it.
    """

    trash: float | None
    struck_after: int | None = None
    disturbed: bool = False
    _begun: bool = False

    def trash_now(self, wire: Wire, *, listed: int) -> float | None:
        """Take in a page that was made; which share people trash now, None where they don't."""
        if "status" in wire.query:
            # No other part of a job looks into the trash.
            self._begun = True
            return None
        if self.trash is None or not self._begun:
            return None
        if self.struck_after is not None:
            self.disturbed |= wire.arrival > self.struck_after
            return None
        # Of the first page alone: those after it are asked for all at once.
        is_first, more_follow = wire.query["offset"] == "0", listed > int(wire.query["limit"])
        return self.trash if is_first and more_follow else None


class World:
    """Everything that a schedule has: server, network, source, processes."""

    def __init__(self, schedule: Schedule, folder: Path, loop: VirtualLoop, ledger: Place) -> None:
        self.schedule = schedule
        self.folder = folder
        self.loop = loop
        self.dice = Random(f"world {schedule.seed}")
        self.time = ServerTime(loop)
        workspace = Workspace()
        members = {email: workspace.add_member(email, "A", "B") for email in MEMBERS}
        account = workspace.add_account("Acme")
        self.sandbox = Sandbox(
            workspace,
            limits=Limits(write=schedule.write_rate),
            list_lag_seconds=schedule.list_lag,
            clock=self.time,
            random=Random(f"sandbox {schedule.seed}"),
            keep_requests=0,
        )
        self.network = Network(self.sandbox, self.time, Random(f"network {schedule.seed}"))
        self.network.listed = self._listed
        self.walks: dict[Process, Walk] = {}
        self.source = Source(self.dice, schedule.rows, members, account, wide=schedule.wide, stamp=schedule.stamp, twins=schedule.twins)
        self.ledger = ledger
        self.kept: Place | None = None
        self.ends: list[End] = []
        self._processes = 0
        self.events: list[str] = []
        self.auditor = Auditor(self)
        for number in range(schedule.crowd):
            self.auditor.peoples_own(f"Crowd {number}")
        (folder / "night.yaml").write_text(
            config_text(timeout=schedule.timeout, attempts=schedule.attempts, wide=schedule.wide, stamp=schedule.stamp), encoding="utf-8"
        )

    async def play(self) -> None:
        for step in self.schedule.steps:
            self.note(_shown(step))
            await self._step(step)
            self.auditor.look_at_server()
        await self.network.quiet()
        self.auditor.look_at_server()
        self.auditor.close()

    def note(self, event: str) -> None:
        self.events.append(f"{self.loop.time():>12.3f}  {event}")

    async def _step(self, step: Step) -> None:
        match step:
            case Go():
                await self._go(step)
            case Wait():
                await asyncio.sleep(step.seconds)
            case Edit():
                self.note(f"edited: {[row.key for row in self.source.edit(step.share)]}")
            case People():
                self._people(step.edits, step.trashes, step.makes)
            case LedgerFate():
                self._fate_of_ledger(step.what)

    async def _go(self, step: Go) -> None:
        self.network.weather = step.weather
        self.sandbox.set_faults(step.faults)
        self.sandbox.set_latency(step.latency)
        self.source.write(self.folder / "rows.csv")
        first = self._process(step)
        happening = [asyncio.create_task(self._happen(first, each)) for each in step.happenings]
        second = None if step.rival is None else asyncio.create_task(self._second(step, step.rival))
        await self._live(first, step)
        for task in happening:
            task.cancel()
        self.loop.thaw(first)
        if second is not None:
            await second
        # What is wrong with the limits stays only as long as the run that met it.
        self.sandbox.limits.set_rate(Category.WRITE, self.schedule.write_rate)

    async def _second(self, step: Go, rival: Rival) -> None:
        await asyncio.sleep(rival.at_seconds)
        self.note(f"a second process: {rival}")
        own = replace(step, job=rival.job, death=None)
        await self._live(self._process(own, rival), own)

    async def _live(self, process: Process, step: Go) -> None:
        self.walks[process] = Walk(step.trash_in_walk)
        self.auditor.look_before_run(process, step)
        end = await process.live()
        self.ledger = end.ledger
        self.ends.append(end)
        self.note(_told(end))
        self.auditor.look_at_run(end, step)
        for ledger in (process.ledger, end.ledger):
            ledger.close()

    def _process(self, step: Go, rival: Rival | None = None) -> Process:
        """The first process of a step, or its second one."""
        number, self._processes = self._processes, self._processes + 1
        request = JobRequest(
            command=step.job,
            config_path=Path("night.yaml"),
            out=Path(f"results-{number}"),
            typed=f"lightfield-etl {step.job} night.yaml",
            ledger=str(self.ledger),
            assume_yes=True,
            stream=step.stream,
            wait_seconds=rival.wait_seconds if rival else self._patience(number),
        )
        elsewhere = rival is not None and rival.elsewhere
        return Process(
            number,
            request,
            self.network,
            MachineTime(self.loop, 7000.0 if elsewhere else 1000.0, timedelta(hours=step.wrong_by_hours)),
            Random(f"process {self.schedule.seed} {number}"),
            step.death,
            folder=self.folder,
            job=_JOBS[step.job],
            machine="another machine" if elsewhere else "one machine",
            ledger=self.ledger,
            shares_ledger=step.rival is not None,
        )

    def _patience(self, number: int) -> float:
        """On a server whoever died has the lock for another minute: some wait for it, others are turned away."""
        return Random(f"patience {self.schedule.seed} {number}").choice((0.0, _PATIENT_SECONDS)) if self.ledger.on_server else 0.0

    def _listed(self, wire: Wire) -> None:
        """Between two pages of a walk, people trash some tasks of those it has met, and some of those that it has not."""
        walk = self.walks[wire.process]
        share = walk.trash_now(wire, listed=sum(not task.trashed for task in self.sandbox.tasks))
        if share is not None:
            trashed = self._people(0.0, share, 0)
            walk.struck_after = self.network.arrivals if trashed else None
            self.note(f"{trashed} tasks trashed between two pages of a walk of {wire.process}")

    async def _happen(self, process: Process, what: Happening) -> None:
        await asyncio.sleep(what.at_seconds)
        self.note(f"{what.what} {what.amount:g}")
        match what.what:
            case "rate":
                self.sandbox.limits.set_rate(Category.WRITE, what.amount)
            case "drain":
                # Not for ever: who leaves nothing to others for days keeps them waiting for days.
                for _ in range(300):
                    self.sandbox.limits.drain(Category.WRITE, int(what.amount), self.time.now())
                    await asyncio.sleep(1.0)
            case "wall_clock":
                process.clock.wrong_by += timedelta(hours=what.amount)
            case "freeze" if not process.dead:
                self.loop.freeze(process)
                await asyncio.sleep(what.amount)
                self.loop.thaw(process)
            case "trash":
                self._people(0.0, what.amount, 0)
            case "edit":
                self._people(what.amount, 0.0, 0)
            case "interrupt":
                process.stop.ask("SIGINT was received")

    def _people(self, edits: float, trashes: float, makes: int) -> int:
        """They edit, trash and make tasks; returns how many were trashed."""
        trashed = 0
        for task in self.sandbox.tasks:
            dice = self.dice.random()
            # Nobody works on a task that was made this very second.
            if task.trashed or self.time.now() - task.created_at < timedelta(seconds=2):
                continue
            if dice < edits:
                task.fields = task.fields | {
                    "$description": f"(seen)\n\n{task.fields.get('$description') or ''}".strip(),
                    "$status": "IN_PROGRESS",
                }
                task.updated_at = self.time.now()
                self.auditor.touched.add(task.id)
            elif dice < edits + trashes:
                self.sandbox.tasks.trash(task, self.time.now(), trashed=True)
                self.auditor.touched.add(task.id)
                trashed += 1
        for number in range(makes):
            self.auditor.peoples_own(f"Lunch {number}")
        return trashed

    def _fate_of_ledger(self, what: str) -> None:
        if what == "keep":
            self.kept = self.ledger.kept(self.folder / f"kept-{len(self.ends)}") or self.kept
        else:
            self.auditor.lost_before = self._processes
            self.ledger = self.kept if what == "old" and self.kept else self.ledger.another(self.folder / f"new-{len(self.ends)}")


def play(seed: int, folder: Path | None = None, server: PostgresServer | None = None) -> Report:
    """Play the schedule of a seed; everything that it writes is gone afterwards, unless a folder is given.

    Args:
        seed: Decides everything.
        folder: For what it writes.
        server: Where its ledgers lie; None: in files.
    """
    schedule = draw(seed)
    with ExitStack() as stack:
        private = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="night-", dir=_memory_disk())))
        place = FilePlace(private / "night.ledger") if server is None else stack.enter_context(schemas_on(server, seed))
        loop = VirtualLoop()
        loop.set_task_factory(task_of_owner)
        world = World(schedule, private, loop, place)
        with simulated_processes(pages=schedule.wide), done_once(), mapped_once():
            try:
                loop.run_until_complete(world.play())
            except Exception as error:  # noqa: BLE001  whatever the harness met belongs to this seed
                world.auditor.faults.append(f"the schedule broke off: {type(error).__name__}: {error}")
            finally:
                loop.close()
        return _report(world)


def _report(world: World) -> Report:
    faults = [*world.auditor.faults, *(f"nobody fetched: {odd}" for odd in world.loop.odd)]
    faults += [f"the sandbox failed: {crash!r}" for crash in world.sandbox.crashes]
    late = sum(wire.done_at is not None and wire.given_up_at is not None and wire.given_up_at < wire.done_at for wire in world.network.log)
    figures = {
        "processes": len(world.ends),
        "deaths": sum(end.died for end in world.ends),
        "requests": len(world.network.log),
        "tasks": len(world.sandbox.tasks),
        "hours": world.loop.time() / 3600,
        "uncertain": world.auditor.uncertain_at_end,
        "rows": len(world.source.rows),
        "walks with a trash between two pages": sum(walk.disturbed for walk in world.walks.values()),
        "retries": sum(end.process.request.command == "retry" for end in world.ends),
        "second processes": sum(isinstance(step, Go) and step.rival is not None for step in world.schedule.steps),
        "turned away by the lock": sum(end.summary is not None and end.summary.exit_code == 4 for end in world.ends),
        "overtaken while paused": sum(end.summary is not None and end.summary.reason == "lock_lost" for end in world.ends),
        **world.auditor.figures,
    }
    return Report(world.schedule.seed, faults, world.events, late, figures)


def _memory_disk() -> str | None:
    # A disk in memory: thousands of fsyncs of nothing that anybody needs.
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _shown(step: Step) -> str:
    if not isinstance(step, Go):
        return str(step)
    parts = [f"{step.job}{' (final)' if step.final else ''}", *(f"{h.what}@{h.at_seconds:.1f}={h.amount:g}" for h in step.happenings)]
    if step.death:
        parts.append(str(step.death))
    if step.faults != Faults():
        parts.append("faults")
    return " ".join(parts)


def _told(end: End) -> str:
    if end.died:
        return f"{end.process} died after {end.steps} commits"
    if end.summary is None:
        return f"{end.process} failed: {end.error!r}"
    counts = {action.value: number for action, number in end.summary.counts.items() if number}
    return f"{end.process} ended with {end.summary.exit_code} {end.summary.reason or ''} {end.summary.message or ''} {counts}"
