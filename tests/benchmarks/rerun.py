# ruff: noqa: T201  a command speaks by printing
"""What does a run cost that has nothing to do? The nightly case: every row is known, and none has changed.

    python tests/benchmarks/rerun.py              # 1 million rows
    python tests/benchmarks/rerun.py 1000000 5000000

Makes its data and a ledger that knows all of it in a temporary folder, serves a sandbox, and runs the command as a user would. The figures
are for the whole process, its start included. Nothing is asserted: how fast a machine is depends on what else it does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import polars as pl
from sqlalchemy import text

from etl.clock import SystemClock
from etl.config.reader import read_config
from etl.extract.scan import open_source
from etl.jobs.passes import key_spec
from etl.ledger.runs import RunRecord
from etl.ledger.store import open_ledger
from etl.records import FINGERPRINT, KEY_DIGEST, SOURCE_KEY
from etl.transform.compile import compile_recipe
from etl.transform.mentions import mentioned_columns
from etl.transform.prepare import prepare

CONFIG = """
name: benchmark
source: {key: Record ID}
map:
  $title: Title
  $status: {column: Status, values: {Not started: TODO, In progress: IN_PROGRESS, Completed: COMPLETE}}
  $description: Notes
  $assignedTo: {value: MEMBER}
"""
_STEP = 500_000


def make_input(folder: Path, rows: int, member: str) -> None:
    """Config and tasks."""
    (folder / "job.yaml").write_text(CONFIG.replace("MEMBER", member), encoding="utf-8")
    with (folder / "tasks.csv").open("wb") as file:
        for first in range(0, rows, _STEP):
            number = pl.col("number")
            frame = pl.select(number=pl.int_range(first, first + min(_STEP, rows - first))).select(
                pl.format("T-{}", number).alias("Record ID"),
                pl.format("Call back about order {}", number).alias("Title"),
                (number % 3).replace_strict([0, 1, 2], ["Not started", "In progress", "Completed"], return_dtype=pl.String).alias("Status"),
                pl.format('Spoke with them on line {}. "Later", they said: call again.', number).alias("Notes"),
            )
            frame.write_csv(file, include_header=first == 0)


def seed(folder: Path, origin: str, members: list[str]) -> None:
    """A ledger in which every row of the input is done."""
    config = read_config(folder / "job.yaml", {})
    source = open_source(config.job.source, ["tasks.csv"], folder, names=mentioned_columns(config.job), scratch=folder / "scratch")
    recipe = compile_recipe(config, source.files[0], {})
    with open_ledger(str(folder / "benchmark.ledger"), clock=SystemClock()) as ledger:
        workspace = ledger.remember_workspace(origin, members, label="benchmark")
        rows = ledger.open_import(workspace, "benchmark")
        rows.lease.acquire()
        rows.start_run(RunRecord("seeded", "run", datetime.now(UTC)))
        rows.set_key_spec(key_spec(config.job, source.files))
        seq = 0
        for raw in source.batches(rows_per_batch=50_000):
            frame = prepare(recipe, raw).frame.select(SOURCE_KEY, KEY_DIGEST, FINGERPRINT)
            lines = [
                {"seq": seq + place, "key": key, "digest": digest, "print": mark, "task": f"tsk_{digest.hex()}"}
                for place, (key, digest, mark) in enumerate(frame.iter_rows(), 1)
            ]
            seq += len(lines)
            with ledger._database.writing() as connection:
                connection.execute(text(_ENTRY), lines)
                connection.execute(text(_WRITTEN), lines)
        rows.finish_run("seeded", "ok", 0, {"created": seq}, datetime.now(UTC))
        rows.lease.release()
    source.close()


_ENTRY = """INSERT INTO etl_entry (import_id, key_digest, source_key, state, task_id, fingerprint, generation, revision, written)
    VALUES (1, :digest, :key, 'done', :task, :print, 0, 1, :seq)"""
_WRITTEN = """INSERT INTO etl_written (import_id, seq, key_digest, kind, action, task_id, generation, revision, run, finished_at, payload)
    VALUES (1, :seq, :digest, 'create', 'created', :task, 0, 0, 1, 1790000000000000, x'007b7d')"""


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


def members_of(environment: dict[str, str]) -> list[str]:
    """The ids of the workspace's members."""
    headers = {"Authorization": f"Bearer {environment['LIGHTFIELD_API_KEY']}", "Lightfield-Version": "2026-03-01"}
    found: list[str] = []
    while len(found) % 25 == 0:
        page = httpx.get(f"{environment['LIGHTFIELD_BASE_URL']}/v1/members", headers=headers, params={"limit": 25, "offset": len(found)})
        found += [member["id"] for member in page.json()["data"]]
    return found


def run(folder: Path, environment: dict[str, str], *words: str) -> tuple[float, int]:
    """Seconds, and the largest memory in bytes."""
    command = [sys.executable, "-m", "etl", "run", "job.yaml", "tasks.csv", "--quiet", *words]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"run ended with {process.returncode}")
    return seconds, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(sizes: list[int]) -> None:
    """Prints a line for each size and mode, and what a row more costs."""
    peaks: dict[str, dict[int, int]] = {"--no-sync": {}, "--sync": {}}
    with sandbox() as environment:
        members = members_of(environment)
        for rows in sizes:
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                make_input(folder, rows, members[0])
                seed(folder, environment["LIGHTFIELD_BASE_URL"], members)
                size = (folder / "benchmark.ledger").stat().st_size
                for mode, memory in peaks.items():
                    seconds, memory[rows] = run(folder, environment, mode)
                    print(
                        f"{rows:>10,} rows known and unchanged  {mode:>9}  {seconds:6.1f} s  {memory[rows] / 2**20:7,.0f} MiB"
                        f"  ledger {size / rows:.0f} bytes a row  (load of the machine: {os.getloadavg()[0]:.1f})"
                    )
    small, large = min(sizes), max(sizes)
    if small < large:
        for mode, memory in peaks.items():
            print(f"{mode:>9}: {(memory[large] - memory[small]) / (large - small):.1f} bytes a row more")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_000_000])
