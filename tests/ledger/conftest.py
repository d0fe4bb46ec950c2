"""A clock that moves when told, rows in one line, and a ledger in a real file or on a real server."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from etl.ledger.runs import RunRecord
from etl.ledger.schema import METADATA, MIGRATION, SALT
from etl.ledger.store import open_ledger
from etl.records import Action, Operation, OperationKind, Outcome, Problem

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ORIGIN = "https://api.lightfield.app"


class ManualClock:
    """Moves when told: both clocks, or the wall clock alone."""

    def __init__(self):
        self.wall = NOON
        self.elapsed = 1000.0

    def now(self):
        return self.wall

    def elapsed_seconds(self):
        return self.elapsed

    def move(self, seconds):
        self.wall += timedelta(seconds=seconds)
        self.elapsed += seconds

    async def sleep(self, seconds):
        self.move(seconds)


def digest_of(key):
    return hashlib.blake2b(key.encode(), digest_size=16).digest()


def create(key, *, title="Call", generation=0, **changes):
    digest = digest_of(key)
    payload = {"fields": {"$title": title, "$status": "TODO"}, "relationships": {"$assignedTo": "mem_1"}}
    fingerprint = hashlib.blake2b(title.encode(), digest_size=16).digest()
    return Operation(
        OperationKind.CREATE, key, digest, fingerprint, payload, f"create-{key}-{generation}", generation=generation, **changes
    )


def outcome(operation, action=Action.CREATED, *, task_id=None, attempts=1, problem=None, **changes):
    if task_id is None and action in {Action.CREATED, Action.ADOPTED}:
        task_id = f"tsk_{operation.source_key}"
    if problem is None and action in {Action.FAILED, Action.UNCERTAIN}:
        problem = Problem("invalid_type", "$dueAt", "The date is refused.")
    return Outcome(operation, action, attempts, NOON, task_id=task_id, problem=problem, **changes)


def open_running(path, clock, *, run_id="run-1", holder=None):
    """A ledger, and an import in it with the lease taken and a run started."""
    ledger = open_ledger(str(path), clock=clock, holder=holder)
    workspace = ledger.remember_workspace(ORIGIN, ["mem_1"], label="Acme")
    rows = ledger.open_import(workspace, "tasks")
    rows.lease.acquire()
    if run_id not in {run.run_id for run in rows.last_runs(1000)}:
        rows.start_run(RunRecord(run_id, "run", clock.now()))
    return ledger, rows


class Home:
    """Where a ledger is.

    Attributes:
        path: Of its file; None on a server.
        server: None for a file.
        schema: On the server; one of its own unless it is given.
    """

    def __init__(self, *, path=None, server=None, schema=None):
        self.path = path
        self.server = server
        self.schema = schema or (server.new_schema() if server else None)

    def __str__(self):
        return str(self.path) if self.server is None else self.server.url(self.schema)

    def everything(self):
        """All that it holds, as bytes."""
        if self.server is None:
            return b"".join(file.read_bytes() for file in self.path.parent.iterdir())
        tables = self.server.sql("SELECT tablename FROM pg_tables WHERE schemaname = %s", self.schema)
        rows = [self.server.sql(f"SELECT * FROM {self.schema}.{table}") for (table,) in tables]
        return b"".join(bytes(value) if isinstance(value, bytes) else str(value).encode() for each in rows for row in each for value in row)

    def let_pass(self, clock, seconds):
        """Time goes by, for us and for the server, whose clock cannot be moved: what it noted is that much older."""
        clock.move(seconds)
        if self.server is not None:
            ago = round(seconds * 1e6)
            self.server.sql(f"UPDATE {self.schema}.etl_lease SET renewed_at = renewed_at - {ago}, since = since - {ago}")


@pytest.fixture(scope="session")
def make():
    """The helpers above; importlib mode lets test files import nothing from here."""
    return SimpleNamespace(
        clock=ManualClock,
        home=Home,
        create=create,
        outcome=outcome,
        digest_of=digest_of,
        open_running=open_running,
        noon=NOON,
        origin=ORIGIN,
    )


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tasks.ledger"


@pytest.fixture(scope="session")
def emptied(postgres_server):
    """Empties a schema that has its tables already: to make them takes longer than most tests."""
    schema = postgres_server.new_schema()
    open_ledger(postgres_server.url(schema), clock=ManualClock()).close()
    tables = [table.name for table in reversed(METADATA.sorted_tables) if table not in {MIGRATION, SALT}]

    def empty():
        postgres_server.sql("; ".join(f"DELETE FROM {schema}.{table}" for table in tables))
        return schema

    return empty


@pytest.fixture(params=["sqlite", "postgres"])
def home(request, tmp_path):
    """An empty ledger's place, on each kind of database."""
    if request.param == "sqlite":
        return Home(path=tmp_path / "tasks.ledger")
    return Home(server=request.getfixturevalue("postgres_server"), schema=request.getfixturevalue("emptied")())


@pytest.fixture
def ledger_and_rows(home, clock):
    ledger, rows = open_running(home, clock)
    yield ledger, rows
    ledger.close()


@pytest.fixture
def rows(ledger_and_rows):
    return ledger_and_rows[1]
