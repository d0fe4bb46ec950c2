"""A bench: a folder, a config, rows, a sandbox in this process that loses answers when told, and a clock that jumps when told."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import pytest

from etl.clock import SystemClock
from etl.jobs.check import check
from etl.jobs.reconcile import reconcile
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.retry import retry
from etl.jobs.run import run
from etl.jobs.undo import undo
from etl.jobs.verify import verify
from etl.load.stop import StopSwitch
from etl.report.voice import Voice, make_console
from etl.sandbox.app import Sandbox
from etl.sandbox.limits import Limits
from etl.sandbox.records import Record
from etl.sandbox.workspace import Workspace

KEY = "sk_lf_jobs_0d4e8a51c7"
OWNERS = ("sam@acme.example", "kim@acme.example", "lou@acme.example")
_JOBS = {"run": run, "check": check, "reconcile": reconcile, "retry": retry, "undo": undo, "verify": verify}
_COLUMNS = ("Id", "Title", "Due", "Owner", "Status", "Notes")


class JumpingClock:
    """The machine's time, and what was jumped over: of the client and of the server alike."""

    def __init__(self):
        self.jumped = 0.0
        self._real = SystemClock()

    def now(self):
        return self._real.now() + timedelta(seconds=self.jumped)

    def elapsed_seconds(self):
        return self._real.elapsed_seconds() + self.jumped

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)

    def jump(self, **parts):
        self.jumped += timedelta(**parts).total_seconds()


class LossyTransport(httpx.AsyncBaseTransport):
    """The sandbox; creates whose title is in ``lost`` get no answer: executed where the value is True.

    Lists are refused beyond ``largest_offset``.
    """

    def __init__(self, sandbox):
        self._inner = httpx.ASGITransport(sandbox)
        self.lost = {}
        self.largest_offset = None

    async def handle_async_request(self, request):
        title = None
        if request.method == "POST" and request.url.path == "/v1/tasks":
            title = json.loads(request.content)["fields"]["$title"]
        offset = int(request.url.params.get("offset", 0))
        if self.largest_offset is not None and offset > self.largest_offset:
            return httpx.Response(400, json={"error": {"type": "bad_request", "message": "offset is too large", "param": "offset"}})
        if title in self.lost:
            if self.lost[title]:
                await self._inner.handle_async_request(request)
            raise httpx.ReadError("the connection was reset")
        return await self._inner.handle_async_request(request)


class Bench:
    """Where a test works; ``said`` is what the jobs have said."""

    key = KEY

    def __init__(self, folder):
        self.folder = folder
        self.clock = JumpingClock()
        workspace = Workspace()
        self.members = dict(zip(OWNERS, [workspace.add_member(email) for email in OWNERS], strict=True))
        workspace.add_key(KEY)
        self.workspace = workspace
        self.sandbox = Sandbox(workspace, limits=Limits(5000, 5000, 5000), clock=self.clock, random=Random(2), keep_requests=None)
        self.transport = LossyTransport(self.sandbox)
        self.said = io.StringIO()
        self.webhook = None
        self.environment = {"LIGHTFIELD_BASE_URL": "http://localhost", "LIGHTFIELD_API_KEY": KEY}
        self.config()

    @property
    def ledger(self):
        return self.folder / "jobs.ledger"

    def config(self, **changes):
        told = {
            "name": "jobs",
            "source": {"key": "Id"},
            "limits": {"attempts": 1},
            "map": {
                "$title": "Title",
                "$status": {"column": "Status", "values": {"open": "TODO", "done": "COMPLETE"}, "empty": "TODO"},
                "$description": "Notes",
                "$dueAt": "Due",
                "$assignedTo": {"column": "Owner", "lookup": "member.email"},
            },
        }
        (self.folder / "jobs.yaml").write_text(json.dumps({**told, **changes}))

    def rows(self, rows):
        """Dicts, or titles: the key is then the row's place."""
        with (self.folder / "rows.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, _COLUMNS, restval="")
            writer.writeheader()
            for number, row in enumerate(rows, 1):
                parts = row if isinstance(row, dict) else {"Title": row}
                writer.writerow({"Id": number, "Owner": OWNERS[0], **parts})

    def job(self, command="run", *, data=("rows.csv",), **options):
        request = JobRequest(command=command, config_path=Path("jobs.yaml"), data=data, assume_yes=True, **options)
        around = Surroundings(
            environment=self.environment,
            clock=self.clock,
            random=Random(4),
            voice=Voice(make_console(self.said, {}), mode="text", now=self.clock.now),
            stdin=None,
            working_folder=self.folder,
            transport=self.transport,
            webhook=self.webhook,
        )
        # Two jobs within a second of each other have the same dice, so they need names apart.
        self.clock.jump(seconds=2)
        return asyncio.run(_JOBS[command](request, around, StopSwitch()))

    def results(self, summary):
        with (self.folder / "results" / summary.run_id / "results.csv").open(newline="") as stream:
            return list(csv.DictReader(stream))

    def counts(self, summary):
        return {action.value: rows for action, rows in summary.counts.items() if rows}

    def titles(self):
        """Of all tasks, those in the trash too, sorted."""
        return sorted(task.fields["$title"] for task in self.sandbox.tasks)

    def task(self, title):
        [found] = [task for task in self.sandbox.tasks if task.fields["$title"] == title]
        return found

    def edit(self, title, /, **fields):
        """Somebody changes a task, a minute later."""
        task = self.task(title)
        task.fields = {**task.fields, **{f"${name}": value for name, value in fields.items()}}
        task.updated_at = max(self.clock.now(), task.created_at + timedelta(minutes=1))

    def seed(self, title, *, due=None, owner=OWNERS[0], notes=None, made=None, edited=False):
        """A task that somebody else made."""
        made = made or datetime(2026, 1, 5, 9, tzinfo=UTC) + timedelta(seconds=len(self.sandbox.tasks))
        fields = {"$title": title, "$status": "TODO", "$description": notes, "$dueAt": due}
        related = {"$assignedTo": [self.members[owner]], "$createdBy": [self.members[owner]]}
        updated = made + timedelta(hours=1) if edited else None
        return self.sandbox.tasks.add(Record(f"tsk_seed{len(self.sandbox.tasks):08d}", made, fields, related, updated))


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
