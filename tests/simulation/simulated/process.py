"""One process of ours: a job that runs on a machine, and may die at any durable step.

The job is the real one, with a real config, file, ledger and report. What threads would do is done on the event loop, after a moment of
virtual time and in the order in which one thread would do it.
"""

from __future__ import annotations

import asyncio
import io
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from simulated.network import Network
from simulated.places import FilePlace, Place
from simulated.virtual_time import OWNER, MachineTime

from etl.jobs import threads
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.run import run
from etl.ledger import lock, store
from etl.ledger.database import Database
from etl.ledger.holder import Holder
from etl.load.stop import StopSwitch
from etl.report import page
from etl.report.summary import Summary
from etl.report.voice import Voice, make_console

LONGEST_RUN_SECONDS = 48 * 3600.0
_SLOWEST_STEP_SECONDS = 0.02


class ProcessDiedError(BaseException):
    """Nothing of this process happens any more."""


class NeverEndsError(Exception):
    """A run took longer than any run may."""


@dataclass(frozen=True, slots=True)
class Death:
    """When a process dies.

    Attributes:
        step: At its so-many-th commit to the ledger, counted from 0; None: not at one.
        phase: ``before`` the commit, ``torn`` (during it: the WAL ends within its last frame; a server has it or not), or ``after`` it.
        at_seconds: So long after its start instead.
    """

    step: int | None = None
    phase: str = "after"
    at_seconds: float | None = None


class Worker(Executor):
    """One thread's work, done on the event loop: one thing after the other, each after a moment."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._queue: deque[tuple[asyncio.Future[Any], Callable[..., Any], tuple[Any, ...]]] = deque()

    def later(self, function: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """For a caller on the event loop."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._queue.append((future, function, args))
        delay = self._process.step_seconds()
        loop.call_later(delay, self._next) if delay else loop.call_soon(self._next)
        return future

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """For a caller in another worker, which waits."""
        while self._queue:
            self._next()
        future: Future[Any] = Future()
        with self._process.acting():
            try:
                future.set_result(function(*args, **kwargs))
            except ProcessDiedError:
                raise
            except BaseException as error:  # noqa: BLE001  as a thread hands it over
                future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  Executor's own signature
        while self._queue:
            self._next()

    def _next(self) -> None:
        if not self._queue:
            return
        future, function, args = self._queue.popleft()
        with self._process.acting():
            try:
                result = function(*args)
            except ProcessDiedError:
                future.cancel()
                return
            except BaseException as error:  # noqa: BLE001  as a thread hands it over
                if not future.done():
                    future.set_exception(error)
                return
        if not future.done():
            future.set_result(result)


@dataclass(slots=True)
class End:
    """How a process ended: with a summary, by an error of its own, or dead.

    Attributes:
        ledger: Where the ledger is that a later process finds.
        steps: How many commits it made.
    """

    process: Process
    ledger: Place
    steps: int
    summary: Summary | None = None
    error: BaseException | None = None
    died: bool = False


class Process:
    """A job from its start to its end.

    Args:
        number: Counts processes.
        request: What it is asked to do; its ledger is where it is.
        network: Its way out.
        clock: Its machine's.
        dice: For its own randomness and its delays.
        death: When it dies, if it does.
        folder: Its working folder.
        job: What it runs.
        machine: Processes of one machine see whether another one lives.
        ledger: Where it is; default: the file that the request names.
        shares_ledger: Another process works on the same ledger: a death leaves it as it is, and is this process's alone.

    Attributes:
        started_at, ended_at: Of the loop; None before.
    """

    _acting: list[Process] = []  # noqa: RUF012  one loop, one stack
    _alive: set[int] = set()  # noqa: RUF012  their pids

    def __init__(
        self,
        number: int,
        request: JobRequest,
        network: Network,
        clock: MachineTime,
        dice: Random,
        death: Death | None,
        *,
        folder: Path,
        job: Any = run,
        machine: str = "one machine",
        ledger: Place | None = None,
        shares_ledger: bool = False,
    ) -> None:
        self.number = number
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.clock = clock
        self.request = request
        self.ledger: Place = ledger or FilePlace(Path(str(request.ledger)))
        self.dead = False
        self.output = io.StringIO()
        # A pid that no system gives.
        self.holder = Holder(f"night@{machine} (pid {number})", machine, 2**30 + number, None)
        self._shares_ledger = shares_ledger or self.ledger.on_server
        self.stop = StopSwitch()
        self._network = network
        self._dice = dice
        if death is not None and death.phase == "torn" and self.ledger.on_server:
            death = replace(death, phase=dice.choice(("before", "after")))
        self._death = death
        self._folder = folder
        self._job = job
        self._steps = 0
        self._left = self.ledger
        self._workers: dict[object, Worker] = {}
        self._databases: list[Database] = []
        self._tasks: list[asyncio.Task[Any]] = []

    def __repr__(self) -> str:
        return f"<process {self.number}>"

    @classmethod
    def is_dead(cls, holder: Holder, seen_from: Holder) -> bool:
        """As ``ledger.holder`` says it of processes of the system."""
        return holder.machine == seen_from.machine and holder.pid not in cls._alive

    def worker(self, executor: Any) -> Worker:
        """The worker that stands for a thread, or for the pool of threads."""
        return executor if isinstance(executor, Worker) else Worker(self)

    def step_seconds(self) -> float:
        """How long a thread takes for something."""
        return self._dice.choice((0.0, 0.0, self._dice.uniform(0, _SLOWEST_STEP_SECONDS)))

    @contextmanager
    def acting(self) -> Iterator[None]:
        """What happens within is done by a thread of this process."""
        self._acting.append(self)
        try:
            yield
        finally:
            self._acting.pop()

    def owns(self, task: asyncio.Task[Any]) -> None:
        """A task of this process has begun."""
        self._tasks.append(task)

    async def live(self) -> End:
        """From its start to its end; the world outside goes on."""
        loop = asyncio.get_running_loop()
        context = copy_context()
        context.run(OWNER.set, self)
        main = context.run(loop.create_task, self._job(self.request, self._surroundings(), self.stop))
        self._died = loop.create_future()
        self.started_at = loop.time()
        self._alive.add(self.holder.pid)
        if self._death and self._death.at_seconds is not None:
            loop.call_later(self._death.at_seconds, self._die_now)
        await asyncio.wait([main, self._died], timeout=LONGEST_RUN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        self._alive.discard(self.holder.pid)
        self.ended_at = loop.time()
        end = End(self, self._left, self._steps, died=self.dead)
        if not self.dead and not main.done():
            end.error = NeverEndsError(f"still running after {LONGEST_RUN_SECONDS:.0f} s")
        if self.dead or not main.done():
            await self._bury(main)
        elif main.exception() is not None:
            end.error = main.exception()
        else:
            end.summary = main.result()
        self._death = Death()
        for database in self._databases:
            database.close()
        return end

    def refuse_if_dead(self) -> None:
        """Where another process goes on with the same ledger, what is dead writes no more into it.

        Raises:
            ProcessDiedError: It is dead.
        """
        if self.dead and self._shares_ledger:
            raise ProcessDiedError

    def opened(self, database: Database) -> Database:
        """It is closed when the process has ended."""
        self._databases.append(database)
        return database

    def durable_step(self, phase: str) -> None:
        """A commit to the ledger: ``before`` it, or ``after``.

        Raises:
            ProcessDiedError: Here it dies.
        """
        death, step = self._death, self._steps
        if phase == "after":
            self._steps += 1
        if self.dead or death is None or death.step != step or (phase == "before") != (death.phase == "before"):
            return
        self._die(torn=death.phase == "torn")
        raise ProcessDiedError

    def _die_now(self) -> None:
        if not self.dead and not self._died.done():
            self._die(torn=False)

    def _die(self, *, torn: bool) -> None:
        self.dead = True
        self._alive.discard(self.holder.pid)
        self._network.cut_off.add(self)
        if not self._shares_ledger:
            self._left = self.ledger.left_by(self.number, self._folder, self._dice.randint(1, 4000) if torn else 0)
        self._died.set_result(None)

    async def _bury(self, main: asyncio.Task[Any]) -> None:
        """Its tasks end, in a world that they cannot change any more."""
        self._network.cut_off.add(self)
        self.dead = True
        asyncio.get_running_loop().thaw(self)
        alive = [main]
        while alive:
            for task in alive:
                task.cancel()
            await asyncio.wait(alive, timeout=60.0)
            alive = [task for task in self._tasks if not task.done()]
        for task in self._tasks:
            if not task.cancelled():
                task.exception()

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            environment={"LIGHTFIELD_API_KEY": "sk_lf_sandbox", "LIGHTFIELD_BASE_URL": "https://sandbox.invalid", "TERM": "dumb"},
            clock=self.clock,
            random=Random(self._dice.getrandbits(64)),
            voice=Voice(make_console(self.output, {"TERM": "dumb", "COLUMNS": "140"}), mode="text", now=self.clock.now),
            stdin=None,
            working_folder=self._folder,
            transport=self._network,
        )


def task_of_owner(loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> asyncio.Task[Any]:
    """The loop's task factory: every process knows its tasks."""
    task = asyncio.Task(coro, loop=loop, **more)
    context = more.get("context")
    owner = context.get(OWNER) if context is not None else OWNER.get()
    if owner is not None:
        owner.owns(task)
    return task


@contextmanager
def simulated_processes(*, pages: bool) -> Iterator[None]:
    """Within, jobs find our workers where threads would be, and the ledger tells of its commits.

    Args:
        pages: ``report.html`` is written; making it takes as long as sending thirty rows.
    """
    writing, database_at = Database.writing, store._database

    @contextmanager
    def told(database: Database) -> Iterator[Any]:
        process = Process._acting[-1]
        process.refuse_if_dead()
        with writing(database) as connection:
            yield connection
            process.durable_step("before")
        process.durable_step("after")

    with ExitStack() as stack:
        if not pages:
            stack.enter_context(patch.object(page, "write_page", lambda *_, **__: None))
        stack.enter_context(patch.object(threads, "ThreadPoolExecutor", lambda *_, **__: Worker(OWNER.get())))
        stack.enter_context(patch.object(Database, "writing", told))
        stack.enter_context(patch.object(store, "_database", lambda location: Process._acting[-1].opened(database_at(location))))
        stack.enter_context(patch.object(store, "this_process", lambda: Process._acting[-1].holder))
        stack.enter_context(patch.object(lock, "is_dead", Process.is_dead))
        Process._alive.clear()
        yield
