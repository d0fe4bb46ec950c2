"""Runs the bench's import in a world in which time passes twenty times as fast, so that a lease runs out while a test looks on.

Usage: fast_run.py WAIT_SECONDS WRITES_PER_SECOND
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from random import Random

from etl.clock import SystemClock
from etl.jobs.perform import perform_job
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.run import run
from etl.report.voice import Voice, make_console

SPEED = 20


class FastClock(SystemClock):
    """The clock that never jumps, twenty times as fast; the wall clock stays as it is."""

    def elapsed_seconds(self) -> float:
        return super().elapsed_seconds() * SPEED

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)


def main() -> int:
    clock = FastClock()
    request = JobRequest(
        command="run",
        config_path=Path("bench.yaml"),
        data=("tasks.csv",),
        assume_yes=True,
        wait_seconds=float(sys.argv[1]),
        rate=float(sys.argv[2]),
    )
    around = Surroundings(
        environment=os.environ,
        clock=clock,
        random=Random(),
        voice=Voice(make_console(sys.stderr, os.environ), mode="text", now=clock.now),
        stdin=None,
        working_folder=Path.cwd(),
    )
    return perform_job(run, request, around).exit_code


if __name__ == "__main__":
    sys.exit(main())
