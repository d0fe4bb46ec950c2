"""What does a run cost that has nothing to do? The nightly case: every row is known, and none has changed.

    python tests/benchmarks/rerun.py                    # 1 and 10 million rows; needs 5 GB of disk
    python tests/benchmarks/rerun.py --quick            # 100,000 and 500,000
    python tests/benchmarks/rerun.py 1000000 5000000

Makes its data (Parquet) and a ledger that knows all of it in a temporary folder, serves a sandbox in this process, so that it can say what
was asked of it, and runs the command as a user would. The figures are for the whole process, its start included. Nothing is asserted: how
fast a machine is depends on what else it does.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import polars as pl
from telling import print_section, say

from etl.clock import SystemClock
from etl.config.reader import read_config
from etl.extract.scan import open_source
from etl.frames import FINGERPRINT, KEY_DIGEST, SOURCE_KEY
from etl.jobs.passes import key_spec
from etl.ledger.runs import RunRecord
from etl.ledger.store import open_ledger
from etl.sandbox.access import SANDBOX_KEY
from etl.sandbox.app import Sandbox
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace
from etl.transform.compile import compile_recipe
from etl.transform.mentions import mentioned_columns
from etl.transform.prepare import prepare

ROWS = (1_000_000, 10_000_000)
QUICK_ROWS = (100_000, 500_000)
MODES = {"create": "--no-sync", "sync": "--sync"}
CONFIG = """
name: benchmark
source: {key: Record ID}
map:
  $title: Title
  $status: {column: Status, values: {Not started: TODO, In progress: IN_PROGRESS, Completed: COMPLETE}}
  $description: Notes
  $assignedTo: {value: MEMBER}
"""
_DATA, _LEDGER = "tasks.parquet", "benchmark.ledger"
_ROWS_AT_ONCE = 250_000
_Process = get_context("spawn").Process


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one run: seconds, seconds of processor time, the largest memory in bytes, requests for tasks that the server saw."""

    seconds: float
    processor: float
    memory: int
    task_requests: int


def make_input(folder: Path, rows: int, member: str) -> None:
    """Config and tasks."""
    (folder / "job.yaml").write_text(CONFIG.replace("MEMBER", member), encoding="utf-8")
    number = pl.col("number")
    tasks = pl.LazyFrame({"number": pl.int_range(rows, eager=True)}).select(
        pl.format("T-{}", number).alias("Record ID"),
        pl.format("Call back about order {}", number).alias("Title"),
        (number % 3).replace_strict([0, 1, 2], ["Not started", "In progress", "Completed"], return_dtype=pl.String).alias("Status"),
        pl.format('Spoke with them on line {}. "Later", they said: call again.', number).alias("Notes"),
    )
    tasks.sink_parquet(folder / _DATA, row_group_size=_ROWS_AT_ONCE)


def seed(folder: Path, origin: str, members: Sequence[str]) -> None:
    """A ledger in which every row of the input is done."""
    config = read_config(folder / "job.yaml", {})
    source = open_source(config.job.source, [_DATA], folder, names=mentioned_columns(config.job), scratch=folder / "scratch")
    recipe = compile_recipe(config, source.files[0], {})
    with open_ledger(str(folder / _LEDGER), clock=SystemClock()) as ledger:
        rows = ledger.open_import(ledger.remember_workspace(origin, list(members), label="benchmark"), "benchmark")
        rows.lease.acquire()
        rows.start_run(RunRecord("seeded", "run", datetime.now(UTC)))
        rows.set_key_spec(key_spec(config.job, source.files))
        rows.finish_run("seeded", "ok", 0, {}, datetime.now(UTC))
        rows.lease.release()
    prepared = (prepare(recipe, raw).frame.select(KEY_DIGEST, SOURCE_KEY, FINGERPRINT) for raw in source.batches(rows_per_batch=50_000))
    _fill(folder, prepared)
    source.close()


def _fill(folder: Path, frames: Iterator[pl.DataFrame]) -> None:
    """By way of a second file, so that the digests, which are in no order, can be inserted in theirs."""
    database = sqlite3.connect(folder / _LEDGER, isolation_level=None)
    database.executescript(f"PRAGMA synchronous = OFF; ATTACH '{folder / 'seed'}' AS seed; PRAGMA seed.journal_mode = OFF;")
    database.execute("CREATE TABLE seed.row (seq INTEGER PRIMARY KEY, digest BLOB, key TEXT, print BLOB)")
    for frame in frames:
        database.execute("BEGIN")
        database.executemany("INSERT INTO seed.row (digest, key, print) VALUES (?, ?, ?)", frame.iter_rows())
        database.execute("COMMIT")
    for statement in ("BEGIN", _ENTRIES, _WRITES, "COMMIT", "DETACH seed", "PRAGMA wal_checkpoint(TRUNCATE)"):
        database.execute(statement)
    database.close()
    (folder / "seed").unlink()


_ENTRIES = """INSERT INTO etl_entry (import_id, key_digest, source_key, state, task_id, fingerprint, generation, revision, written)
    SELECT 1, digest, key, 'done', 'tsk_' || lower(hex(digest)), print, 0, 1, seq FROM seed.row ORDER BY digest"""
_WRITES = """INSERT INTO etl_written (import_id, seq, key_digest, kind, action, task_id, generation, revision, run, finished_at, payload)
    SELECT 1, seq, digest, 'create', 'created', 'tsk_' || lower(hex(digest)), 0, 0, 1, 1790000000000000, x'007b7d' FROM seed.row"""


def run(folder: Path, server: ServerThread, sandbox: Sandbox, *words: str) -> Figures:
    """The command, as a user would give it."""
    command = [sys.executable, "-m", "etl", "run", "job.yaml", _DATA, "--quiet", *words]
    environment = {**os.environ, "LIGHTFIELD_BASE_URL": server.url, "LIGHTFIELD_API_KEY": SANDBOX_KEY}
    seen, started = len(sandbox.requests), time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"run ended with {process.returncode}")
    asked = sum(_is_for_tasks(visit.path) for visit in list(sandbox.requests)[seen:])
    return Figures(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024), asked)


def make(folder: Path, rows: int, origin: str, members: Sequence[str]) -> None:
    """Input and ledger, in a process of its own: a process is charged with the memory of the one that started it."""
    maker = _Process(target=_make, args=(folder, rows, origin, members))
    maker.start()
    maker.join()
    if maker.exitcode:
        raise SystemExit("input and ledger could not be made")


def _make(folder: Path, rows: int, origin: str, members: Sequence[str]) -> None:
    make_input(folder, rows, members[0])
    seed(folder, origin, members)


def _is_for_tasks(path: str) -> bool:
    """The definitions of a task's fields are asked for by every run: they are the workspace's."""
    return path.startswith("/v1/tasks") and path != "/v1/tasks/definitions"


def measure(sizes: Sequence[int]) -> dict[tuple[int, str], Figures]:
    """By rows and mode."""
    found: dict[tuple[int, str], Figures] = {}
    sandbox = Sandbox(Workspace.sample())
    with ServerThread(sandbox) as server:
        members = [member.id for member in sandbox.workspace.members]
        for rows in sizes:
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                say(f"{rows:,} rows: input and ledger are made …")
                make(folder, rows, server.url, members)
                for mode, option in MODES.items():
                    found[rows, mode] = figures = run(folder, server, sandbox, option)
                    say(f"{rows:,} rows, {mode}: {figures.seconds:.1f} s")
    return found


def main(words: Sequence[str] = ()) -> None:
    """Prints a line for each size and mode, and what a row more costs."""
    given = [int(word) for word in words if word != "--quick"]
    sizes = given or list(QUICK_ROWS if "--quick" in words else ROWS)
    found = measure(sizes)
    smallest = min(sizes)
    print_section(
        "A re-run that has nothing to do",
        ("mode", "rows", "wall s", "processor s", "peak MiB", "bytes a further row", "task requests"),
        (
            (
                mode,
                f"{rows:,}",
                f"{each.seconds:.1f}",
                f"{each.processor:.1f}",
                f"{each.memory / 2**20:,.0f}",
                "" if rows == smallest else f"{(each.memory - found[smallest, mode].memory) / (rows - smallest):.1f}",
                each.task_requests,
            )
            for (rows, mode), each in found.items()
        ),
        packages=("polars", "SQLAlchemy"),
        note=f"Parquet. The ledger (SQLite {sqlite3.sqlite_version}) knows every row; none has changed. The whole process, with its start.",
    )


if __name__ == "__main__":
    main(sys.argv[1:])
