# ruff: noqa: T201  a command speaks by printing
"""How fast is ``check``, and how much memory does it take for each row?

    python tests/benchmarks/mapping.py            # 1 and 5 million rows
    python tests/benchmarks/mapping.py 200000 1000000

Makes its data in a temporary folder, serves a sandbox for the member look-up, and runs the command as a user would: a member look-up, a
side file, a template and two date formats. The figures are for the whole process, its start included. Nothing is asserted: how fast a
machine is depends on what else it does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from etl.sandbox.sample import people

Process = get_context("spawn").Process
USERS = 50
CONFIG = r"""
name: benchmark
timezone: Europe/Berlin
time: 17:00
source: {key: Record ID}
map:
  $title: Title
  $status: {column: Status, values: {Not started: TODO, In progress: IN_PROGRESS, Completed: COMPLETE}}
  $description: {template: "{Notes}\n\nFrom record {Record ID}."}
  $dueAt: {column: Due, formats: ["%Y-%m-%d %H:%M", "%d/%m/%Y"]}
  $assignedTo: {column: Owner Id, values: {file: User.csv, from: Id, to: Email}, lookup: member.email}
"""


def make_rows(first: int, height: int) -> pl.DataFrame:
    """Tasks: each title, key and note once, 3 statuses, 50 owners, 360,000 due times in two formats."""
    number = pl.col("number")
    due = pl.datetime(2024, 1, 1) + pl.duration(minutes=(number * 7919) % 720_000)
    return pl.select(number=pl.int_range(first, first + height)).select(
        pl.format("T-{}", number).alias("Record ID"),
        pl.format("Call back about order {}", number).alias("Title"),
        (number % 3).replace_strict([0, 1, 2], ["Not started", "In progress", "Completed"], return_dtype=pl.String).alias("Status"),
        pl.format("005{}", number % USERS).alias("Owner Id"),
        pl.when(number % 2 == 0).then(due.dt.strftime("%Y-%m-%d %H:%M")).otherwise(due.dt.strftime("%d/%m/%Y")).alias("Due"),
        pl.format('Spoke with them on line {}. "Later", they said: call again.', number).alias("Notes"),
    )


def make_input(folder: Path, rows: int) -> None:
    """Config, side file and tasks."""
    (folder / "job.yaml").write_text(CONFIG, encoding="utf-8")
    users = people()[-USERS:]
    pl.DataFrame({"Id": [f"005{index}" for index in range(USERS)], "Email": [user.email for user in users]}).write_csv(folder / "User.csv")
    step = 500_000
    with (folder / "tasks.csv").open("wb") as file:
        for first in range(0, rows, step):
            make_rows(first, min(step, rows - first)).write_csv(file, include_header=first == 0)


@contextmanager
def sandbox() -> Iterator[dict[str, str]]:
    """The environment of a process that speaks to a sandbox."""
    command = [sys.executable, "-m", "etl", "sandbox", "--port", "0", "--rate", "1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            words = server.stdout.readline().split()
            yield {**os.environ, **dict(word.split("=", 1) for word in words if "=" in word)}
        finally:
            server.terminate()


def check(folder: Path, environment: dict[str, str]) -> tuple[float, float, int]:
    """Seconds, seconds of processor time, and the largest memory in bytes."""
    command = [sys.executable, "-m", "etl", "check", "job.yaml", "tasks.csv", "--quiet"]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"check ended with {process.returncode}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(sizes: list[int]) -> None:
    """Prints a line for each size, and what a row more costs."""
    peaks = {}
    with sandbox() as environment:
        for rows in sizes:
            with tempfile.TemporaryDirectory() as temporary:
                # In a process of its own: a process is charged with the memory of the one that started it.
                maker = Process(target=make_input, args=(Path(temporary), rows))
                maker.start()
                maker.join()
                seconds, processor, peaks[rows] = check(Path(temporary), environment)
            print(
                f"{rows:>10,} rows  {seconds:6.1f} s  {rows / seconds:>9,.0f} rows/s  {processor:6.1f} s of processor time"
                f"  {peaks[rows] / 2**20:7,.0f} MiB  (load of the machine: {os.getloadavg()[0]:.1f})"
            )
    small, large = min(peaks), max(peaks)
    if small < large:
        print(f"{(peaks[large] - peaks[small]) / (large - small):.1f} bytes a row more, between {small:,} and {large:,} rows")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_000_000, 5_000_000])
