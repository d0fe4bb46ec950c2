"""Virtual time: an event loop whose clock jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Any

import httpx
import pytest

from etl.clock import SystemClock
from etl.errors import LocalFailureError, LockedError
from etl.lightfield.client import LightfieldClient
from etl.lightfield.headers import ServerClock
from etl.lightfield.secret import ApiKey
from etl.load.breaker import Breaker
from etl.load.reader import ThrottledReader
from etl.load.send import Means, Sender
from etl.load.stats import LoadStats
from etl.load.stop import StopSwitch
from etl.load.throttle import Throttles
from etl.load.workers import send_all
from etl.records import Operation, OperationKind
from etl.sandbox.app import Sandbox
from etl.sandbox.workspace import Workspace

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class _JumpingSelector(selectors.DefaultSelector):
    """Real events first; where there are none, time passes instead of the wait."""

    def __init__(self):
        super().__init__()
        self.passed = 0.0

    def select(self, timeout=None):
        events = super().select(0)
        if not events and timeout is None:
            raise RuntimeError("everything waits for ever: the test would hang")
        if not events and timeout > 0:
            self.passed += timeout
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.passed


class VirtualClock:
    """The clock of whatever virtual loop runs; before one runs it stands still."""

    def __init__(self):
        self.suspended = 0.0

    def now(self):
        return START + timedelta(seconds=self.elapsed_seconds())

    def elapsed_seconds(self):
        try:
            return asyncio.get_running_loop().time() + self.suspended
        except RuntimeError:
            return self.suspended

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


def run_virtually(coroutine: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def virtually():
    """Runs a coroutine in virtual time."""
    return run_virtually


class MemoryJournal:
    """A ledger in memory that remembers what it was told, and how many intents were open at once."""

    def __init__(self):
        self.begun = []
        self.finished = []
        self.most_open = 0
        self.ours = True
        self.paused = False
        self.fails = None

    async def begin(self, operations):
        if self.fails == "begin":
            raise LocalFailureError("the disk is full")
        self.begun += operations
        self.most_open = max(self.most_open, len(self.begun) - len(self.finished))
        return operations

    async def finish(self, outcomes):
        if self.fails == "finish":
            raise LocalFailureError("the disk is full")
        self.finished += outcomes

    async def renew(self):
        if not self.ours:
            raise LockedError("another run holds the lock")
        self.paused = False

    def still_ours(self):
        return self.ours and not self.paused


def operation(number=0, kind=OperationKind.CREATE, **more):
    payload = {"fields": {"$title": f"Task {number}", "$status": "TODO"}, "relationships": {"$assignedTo": "mem_000001"}}
    parts = {"source_key": str(number), "key_digest": b"d", "fingerprint": b"\x01" * 16, "payload": payload}
    return Operation(kind=kind, **{**parts, "idempotency_key": f"key-{number}", "row": number + 2, **more})


class Rig:
    """Everything that a load needs, against any transport."""

    def __init__(self, clock, transport, *, origin="http://localhost", attempts=8, max_failures=None, max_duration_seconds=None):
        self.journal = MemoryJournal()
        self.stop = StopSwitch()
        self.outcomes = []
        server_clock = ServerClock(clock)
        throttles = Throttles(clock)
        breaker = Breaker(self.stop, clock, max_failures=max_failures, max_duration_seconds=max_duration_seconds)
        shared = {"clock": clock, "random": Random(7), "stop": self.stop, "server_clock": server_clock}
        self.client = LightfieldClient(origin, ApiKey("sk_lf_sandbox"), clock=clock, transport=transport)
        self.means = Means(
            client=self.client,
            throttles=throttles,
            journal=self.journal,
            breaker=breaker,
            stats=LoadStats(clock),
            reader=ThrottledReader(throttles, attempts=attempts, **shared),
            attempts=attempts,
            **shared,
        )

    async def send(self, operation):
        async with self.client:
            return await Sender(self.means).send(operation)

    def sent(self, operation):
        """The outcome of one operation, in virtual time."""
        return run_virtually(self.send(operation))

    async def send_all(self, operations, **more):
        async with self.client:
            await send_all(operations, self.means, self.outcomes.extend, **more)
        return self.outcomes


@pytest.fixture
def make_operation():
    return operation


@pytest.fixture
def rig(clock):
    """Builds a Rig whose server is an async function from request to response, or an ASGI application."""

    def build(server, **more):
        is_app = isinstance(server, Sandbox)
        return Rig(clock, httpx.ASGITransport(server) if is_app else httpx.MockTransport(server), **more)

    return build


@pytest.fixture
def rig_at():
    """Builds a Rig over a real socket, in real time."""
    return lambda origin, **more: Rig(SystemClock(), None, origin=origin, **more)


@pytest.fixture
def sandbox(clock):
    workspace = Workspace.sample()
    return Sandbox(workspace, clock=clock, random=Random(3))


@pytest.fixture
def task_answer(clock):
    """A task as the API answers it, made now."""

    def build(status=200, created_at=None, headers=None, **fields):
        made = (created_at or clock.now()).isoformat()
        values = {"$title": "Task 0", "$status": "TODO", **fields}
        body = {
            "id": "task_1",
            "createdAt": made,
            "updatedAt": None,
            "httpLink": "https://crm.example/task_1",
            "fields": {key: {"value": value, "valueType": "TEXT"} for key, value in values.items()},
            "relationships": {"$assignedTo": {"cardinality": "HAS_ONE", "objectType": "member", "values": ["mem_000001"]}},
        }
        return httpx.Response(status, json=body, headers={"Date": format_datetime(clock.now(), usegmt=True), **(headers or {})})

    return build
