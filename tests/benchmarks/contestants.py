"""Who else can create tasks over a connection? Each contestant is a loop that does nothing but send, in a process of its own.

    python tests/benchmarks/contestants.py NAME URL ROWS IN_FLIGHT

prints what it took as JSON: the loop alone, without the start of the process.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

API_KEY = "sk_lf_sandbox"
HEADERS = {"Authorization": f"Bearer {API_KEY}", "Lightfield-Version": "2026-03-01"}
ASSIGNEE = "mem_000002"


@dataclass(frozen=True, slots=True)
class Lap:
    """What one contestant took for so many rows; processor time is of its own process, user and system."""

    rows: int
    seconds: float
    cpu_seconds: float

    @property
    def rows_per_second(self) -> float:
        """By the wall clock."""
        return self.rows / self.seconds

    @property
    def cpu_ms_per_row(self) -> float:
        """Of the client alone."""
        return 1000 * self.cpu_seconds / self.rows


def task(number: int) -> dict[str, Any]:
    """The body of a create: what ``client.py`` maps from a row of its CSV."""
    return {
        "fields": {
            "$title": f"Call back about order {number}",
            "$status": "TODO",
            "$description": f'Spoke with them on line {number}. "Later", they said: call again when the invoice of last month is settled.',
            "$dueAt": "2026-12-01T17:00:00.000Z",
        },
        "relationships": {"$assignedTo": ASSIGNEE},
    }


async def bare_httpx(url: str, numbers: Iterator[int], in_flight: int) -> None:
    """``httpx.AsyncClient`` as it comes, no retry, no ledger, no look at the answer."""
    import httpx

    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    async with httpx.AsyncClient(base_url=url, headers=HEADERS, limits=limits) as client:

        async def create(number: int) -> None:
            response = await client.post("/v1/tasks", json=task(number), headers={"Idempotency-Key": f"row-{number}"})
            response.raise_for_status()

        await _side_by_side(create, numbers, in_flight)


async def sdk_async(url: str, numbers: Iterator[int], in_flight: int) -> None:
    """The official SDK's ``AsyncLightfield``."""
    from lightfield import AsyncLightfield

    async with AsyncLightfield(api_key=API_KEY, base_url=url) as client:

        async def create(number: int) -> None:
            await client.task.create(**task(number))

        await _side_by_side(create, numbers, in_flight)


CONTESTANTS: dict[str, Callable[[str, Iterator[int], int], Awaitable[None]]] = {
    "bare httpx.AsyncClient": bare_httpx,
    "official SDK, async": sdk_async,
}


async def _side_by_side(create: Callable[[int], Awaitable[None]], numbers: Iterator[int], in_flight: int) -> None:
    async def one_after_the_other() -> None:
        for number in numbers:
            await create(number)

    await asyncio.gather(*(one_after_the_other() for _ in range(in_flight)))


def lap(name: str, url: str, rows: int, in_flight: int) -> Lap:
    """Let a contestant run in a process of its own."""
    command = [sys.executable, __file__, name, url, str(rows), str(in_flight)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "NO_PROXY": "127.0.0.1"})
    return Lap(**json.loads(done.stdout))


def cpu_seconds() -> float:
    """Of this process until now."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(name: str, url: str, rows: int, in_flight: int) -> None:
    """The loop, after a first round that opens the connections and imports what is imported late."""

    async def run() -> Lap:
        contestant = CONTESTANTS[name]
        await contestant(url, iter(range(-in_flight, 0)), in_flight)
        started, used = time.perf_counter(), cpu_seconds()
        await contestant(url, iter(range(rows)), in_flight)
        return Lap(rows, time.perf_counter() - started, cpu_seconds() - used)

    took = asyncio.run(run())
    sys.stdout.write(json.dumps({"rows": took.rows, "seconds": took.seconds, "cpu_seconds": took.cpu_seconds}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
