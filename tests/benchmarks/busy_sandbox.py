"""A sandbox in a process of its own in which other things happen too: others write, and the limit changes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from random import Random

from starlette.types import Receive, Scope, Send

from etl.sandbox.app import Sandbox
from etl.sandbox.clock import SystemClock
from etl.sandbox.faults import Faults
from etl.sandbox.limits import Category
from etl.sandbox.server import serve
from etl.sandbox.workspace import Workspace

ACCOUNTS, OPPORTUNITIES = 400, 300
"""With the sample's 60 members: 31 pages of 25."""
WRITES = "/v1/tasks"


@dataclass(frozen=True)
class Case:
    """One sandbox, and one run against it.

    Attributes:
        name: What the table calls it.
        rows: Of the input.
        latency_seconds: Of every answer.
        others_per_second: Writes of somebody else in the same organization.
        changes: Seconds after the first write, and the limit from then on.
        faults: What goes wrong.
        config: Further lines of the config.
        share: Of the limit that is ours by that config.
    """

    name: str
    rows: int
    latency_seconds: float = 0.08
    others_per_second: float = 0.0
    changes: tuple[tuple[float, float], ...] = ()
    faults: Faults = field(default_factory=Faults.none)
    config: str = ""
    share: float = 1.0


class BusySandbox(Sandbox):
    """A sandbox in which other things happen: others write too, and from its first write on its limit changes."""

    def __init__(self, case: Case, workspace: Workspace) -> None:
        super().__init__(workspace, latency_seconds=case.latency_seconds, faults=case.faults, random=Random(1))
        self.others_refused = 0
        self._case = case
        self._going_on: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if not self._going_on and scope["type"] == "http" and scope["path"] == WRITES and scope["method"] == "POST":
            self._going_on = [asyncio.create_task(self._others_write()), asyncio.create_task(self._change())]
        await super().__call__(scope, receive, send)

    async def _others_write(self) -> None:
        clock, began, taken = SystemClock(), time.monotonic(), 0
        while self._case.others_per_second:
            taken += 1
            await asyncio.sleep(max(0.0, began + taken / self._case.others_per_second - time.monotonic()))
            self.others_refused += not self.limits.take(Category.WRITE, clock.now()).admitted

    async def _change(self) -> None:
        began = time.monotonic()
        for seconds, limit in self._case.changes:
            await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
            self.limits.set_rate(Category.WRITE, limit)


def workspace() -> Workspace:
    """The sample, filled up to 31 pages."""
    filled = Workspace.sample()
    for number in range(len(filled.accounts), ACCOUNTS):
        filled.add_account(f"Further company {number}")
    for number in range(len(filled.opportunities), OPPORTUNITIES):
        filled.add_opportunity(f"Further deal {number}")
    return filled


def serve_case(case: Case, told: Connection) -> None:
    """A process of its own: tells its address, serves until it is terminated, then tells what it saw."""
    sandbox = BusySandbox(case, workspace())
    serve(sandbox, announce=told.send)
    told.send((list(sandbox.requests), len(sandbox.tasks), sandbox.others_refused))
