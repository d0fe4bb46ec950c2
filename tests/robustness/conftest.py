"""A bench to break things on: a folder, a config, rows, a sandbox over a real socket; jobs in this process or in one of their own."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from etl.clock import SystemClock
from etl.jobs.perform import perform_job
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.retry import retry
from etl.jobs.run import run
from etl.jobs.undo import undo
from etl.jobs.verify import verify
from etl.ledger.imports import ImportLedger
from etl.ledger.runs import RunRecord
from etl.ledger.store import open_ledger
from etl.report.summary import Summary
from etl.report.voice import Voice, make_console
from etl.sandbox.app import Sandbox
from etl.sandbox.limits import Limits
from etl.sandbox.records import Record
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace

KEY = "sk_lf_bench_0d4e8a51c7"
OTHER_KEY = "sk_lf_bench_9b2f6c30aa"
GLOBEX_KEY = "sk_lf_globex_77c1d9e2b4"
OWNER = "sam@acme.example"
PER_SECOND = 2000.0

_JOBS = {"run": run, "retry": retry, "undo": undo, "verify": verify}
_WITHOUT_DATA = {"retry", "undo"}


class Bench:
    """Where a test works; ``said`` is what the jobs in this process have said."""

    def __init__(self, folder: Path, sandbox: Sandbox, url: str) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.environment = {"LIGHTFIELD_BASE_URL": url, "LIGHTFIELD_API_KEY": KEY}
        self.said = io.StringIO()
        self._started: list[subprocess.Popen[str]] = []
        self.config()

    @property
    def ledger(self) -> Path:
        return self.folder / "bench.ledger"

    def config(self, **changes: Any) -> None:
        """The config, with other settings than usual at the top."""
        told = {
            "name": "bench",
            "source": {"key": "Id"},
            "map": {"$title": "Title", "$status": {"value": "TODO"}, "$assignedTo": {"column": "Owner", "lookup": "member.email"}},
        }
        (self.folder / "bench.yaml").write_text(json.dumps({**told, **changes}))

    def rows(self, *groups: range, owner: str = OWNER, title: str = "Task") -> str:
        """The numbers as rows of a file; returns its name."""
        with (self.folder / "tasks.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["Id", "Title", "Owner"])
            writer.writerows([number, f"{title} {number}", owner] for numbers in groups for number in numbers)
        return "tasks.csv"

    def job(self, command: str = "run", clock: Any = None, environment: Any = None, practice: Any = None, **options: Any) -> Summary:
        """A job in this process, to its end."""
        request = JobRequest(command, Path("bench.yaml"), () if command in _WITHOUT_DATA else ("tasks.csv",), assume_yes=True)
        request = replace(request, **options)
        clock = clock or SystemClock()
        around = Surroundings(
            environment={**self.environment, **(environment or {})},
            clock=clock,
            random=Random(),
            voice=Voice(make_console(self.said, {"COLUMNS": "200"}), mode="text", now=clock.now),
            stdin=None,
            working_folder=self.folder,
            practice=practice,
        )
        return perform_job(_JOBS[command], request, around)

    def start(self, *words: str, program: tuple[str, ...] = ("-m", "etl"), **more: Any) -> subprocess.Popen[str]:
        """The real command in a process of its own."""
        environment = {**{name: value for name, value in os.environ.items() if not name.startswith("LIGHTFIELD_")}, **self.environment}
        command = [sys.executable, *program, *words]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )
        self._started.append(process)
        return process

    def freeze(self, process: subprocess.Popen[str]) -> None:
        """Stop a process, though not in the middle of a transaction: SQLite's file lock would keep everybody else out."""
        while True:
            process.send_signal(signal.SIGSTOP)
            # The signal is only asked for: each of its threads goes on for a moment, and could begin a transaction.
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
            with closing(sqlite3.connect(self.ledger, timeout=0.1)) as connection, suppress(sqlite3.OperationalError):
                connection.execute("BEGIN IMMEDIATE")
                return
            process.send_signal(signal.SIGCONT)
            time.sleep(0.02)

    def end_all(self) -> None:
        """No process outlives its test."""
        for process in self._started:
            with process:
                process.kill()

    def ended(self, process: subprocess.Popen[str]) -> str:
        """What a process has said on stderr when it ended, which must be no traceback."""
        _, said = process.communicate(timeout=60)
        assert "Traceback" not in said, said
        return said

    def wait_for(self, condition: Any, process: subprocess.Popen[str] | None = None) -> None:
        """Until something is true, or the process has ended."""
        deadline = time.monotonic() + 30
        while not condition() and (process is None or process.poll() is None):
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.005)

    def results(self, summary: Summary) -> list[dict[str, str]]:
        """The lines of ``results.csv``."""
        with (self.folder / "results" / summary.run_id / "results.csv").open(newline="") as stream:
            return list(csv.DictReader(stream))

    def latest_summary(self) -> dict[str, Any]:
        """``summary.json`` of the newest run that left one."""
        newest = max(path for path in (self.folder / "results").glob("*/summary.json") if path.parent.name != "latest")
        return json.loads(newest.read_text())

    def tasks(self) -> Counter[str]:
        """How many tasks there are of each title."""
        return Counter(task.fields["$title"] for task in self.sandbox.tasks)

    def audit(self, *groups: range) -> None:
        """Each row is one task, and nothing else is one."""
        assert self.tasks() == Counter(f"Task {number}" for numbers in groups for number in numbers)

    def posts(self) -> int:
        """How many creates the sandbox was asked for."""
        return sum(visit.method == "POST" for visit in self.sandbox.requests)

    def age_intents(self, *, hours: float) -> None:
        """As if all that is in doubt had been sent so long ago."""
        with closing(sqlite3.connect(self.ledger)) as connection, connection:
            connection.execute("UPDATE etl_intent SET first_sent_at = first_sent_at - ?", (round(hours * 3600e6),))

    @contextmanager
    def held_lock(self) -> Iterator[None]:
        """Somebody else of this process runs the import."""
        with self.opened() as rows:
            rows.lease.acquire()
            yield
            rows.lease.release()

    def waiting(self) -> dict[str, int]:
        """Rows that runs left, by what is known of them."""
        with self.opened() as rows:
            return rows.waiting()

    def last_run(self) -> RunRecord:
        """The newest run in the ledger's history."""
        with self.opened() as rows:
            return rows.last_runs(1)[0]

    def known_rows(self) -> int:
        """Rows of which the ledger says that they have a task."""
        with self.opened() as rows:
            return rows.known_rows()

    @contextmanager
    def opened(self) -> Iterator[ImportLedger]:
        """The import in its ledger."""
        with open_ledger(str(self.ledger), clock=SystemClock(), create=False) as ledger:
            members = [member.id for member in self.sandbox.workspace.members]
            workspace = ledger.find_workspace(self.environment["LIGHTFIELD_BASE_URL"], members)
            assert workspace is not None
            yield ledger.open_import(workspace, "bench")


class Address:
    """One address behind which several organizations live: whose it is, the API key says. An ASGI application.

    Attributes:
        posts: How many creates came with each key.
    """

    def __init__(self, sandboxes: Mapping[str, Sandbox]) -> None:
        self._sandboxes = sandboxes
        self.crashes: list[BaseException] = []
        self.posts: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        key = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ")
        self.posts[key] += scope["method"] == "POST"
        await self._sandboxes[key](scope, receive, send)


def workspace_of(*keys: str, prefix: str) -> Workspace:
    """Members of their own ids, the rows' owner among them, and keys that open it."""
    workspace = Workspace()
    for number, email in enumerate([OWNER, f"ops@{prefix}.example"]):
        fields = {"$email": email, "$name": None, "$role": "admin"}
        workspace.members.add(Record(f"mem_{prefix}_{number}", datetime(2026, 1, 5, tzinfo=UTC), fields, {}))
    for key in keys:
        workspace.add_key(key)
    return workspace


def sandbox_of(workspace: Workspace, clock: SystemClock | None = None) -> Sandbox:
    return Sandbox(workspace, limits=Limits(PER_SECOND, PER_SECOND, PER_SECOND), random=Random(11), clock=clock)


@pytest.fixture
def server_clock():
    """What time it is at Lightfield."""
    return ShiftedClock()


@pytest.fixture
def sandbox(server_clock):
    return sandbox_of(workspace_of(KEY, OTHER_KEY, prefix="acme"), server_clock)


@pytest.fixture
def globex():
    """Another organization at the same address."""
    return sandbox_of(workspace_of(GLOBEX_KEY, prefix="globex"))


@pytest.fixture
def address(sandbox, globex):
    return Address({KEY: sandbox, OTHER_KEY: sandbox, GLOBEX_KEY: globex})


@pytest.fixture
def bench(tmp_path, sandbox, globex, address):
    with ServerThread(address) as server:
        made = Bench(tmp_path, sandbox, server.url)
        try:
            yield made
        finally:
            made.end_all()
    assert sandbox.crashes + globex.crashes == []


@pytest.fixture
def other_key():
    """Opens the bench's workspace too."""
    return {"LIGHTFIELD_API_KEY": OTHER_KEY}


@pytest.fixture
def globex_key():
    """Opens another workspace at the same address."""
    return {"LIGHTFIELD_API_KEY": GLOBEX_KEY}


class ShiftedClock(SystemClock):
    """The machine's clocks, moved by so much; the wall clock by ``wall_seconds`` more."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.wall_seconds = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.seconds + self.wall_seconds)

    def elapsed_seconds(self) -> float:
        return super().elapsed_seconds() + self.seconds


@pytest.fixture
def shifted_clock():
    return ShiftedClock()
