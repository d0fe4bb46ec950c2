# ruff: noqa: T201  a command speaks by printing
"""How many rows a second does the ledger make durable, and what does a row cost once it knows ten million?

    python tests/benchmarks/ledger.py             # 50,000 rows on top of 100,000, 1 million and 10 million; some minutes, 5 GB of disk
    python tests/benchmarks/ledger.py --quick     # 10,000 rows on top of 100,000 and 1 million

A row is durable twice: its intent before its request leaves, its outcome after the answer; each group of rows is one commit, on the disk
of the temporary folder. The rows that the ledger knows before are generated straight into SQLite. Nothing is asserted.
"""

from __future__ import annotations

import os
import platform
import resource
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median

from contestants import task

from etl.clock import SystemClock
from etl.ledger.imports import ImportLedger
from etl.ledger.payloads import pack
from etl.ledger.runs import RunRecord
from etl.ledger.store import open_ledger
from etl.records import Action, Operation, OperationKind, Outcome

GROUP = 50
_STEP = 100_000
_NOW = datetime.now(UTC)
_ENTRY = "INSERT INTO etl_entry VALUES (1, ?, ?, 'done', ?, ?, 0, 1, ?)"
_WRITTEN = """INSERT INTO etl_written (import_id, seq, key_digest, kind, action, task_id, url, generation, revision, run, finished_at,
    payload, fingerprint) VALUES (1, ?, ?, 'create', 'created', ?, ?, 0, 0, 1, 1790000000000000, ?, ?)"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one row that is made durable, on top of ``known`` rows; ``bytes_per_row`` is of a row that is done."""

    known: int
    rows_per_second: float
    cpu_ms_per_row: float
    bytes_per_row: float


def seed(path: Path, rows: int) -> None:
    """A ledger that knows so many rows, each a task."""
    with open_ledger(str(path), clock=SystemClock()) as ledger:
        imported = ledger.open_import(ledger.remember_workspace("http://benchmark", ["member"], label="benchmark"), "benchmark")
        imported.lease.acquire()
        imported.start_run(RunRecord("seeded", "run", _NOW))
        imported.finish_run("seeded", "ok", 0, {"created": rows}, _NOW)
        imported.lease.release()
    payload = pack(task(1_000_000))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for first in range(0, rows, _STEP):
            numbers = range(first, min(first + _STEP, rows))
            # In the order of the digests, which are spread evenly: the tree is built once, from left to right.
            digests = [(number * (2**64 // rows)).to_bytes(8) + os.urandom(8) for number in numbers]
            print_ = os.urandom(16)
            both = list(zip(numbers, digests, strict=True))
            connection.executemany(_ENTRY, ((d, f"T-{n}", f"tsk_{n:017d}", print_, n + 1) for n, d in both))
            url = "https://crm.lightfield.app/crm/tasks/tsk_"
            connection.executemany(_WRITTEN, ((n + 1, d, f"tsk_{n:017d}", f"{url}{n:017d}", payload, print_) for n, d in both))
            connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def load(path: Path, rows: int, known: int) -> Cost:
    """Begin and finish so many new rows."""
    before = path.stat().st_size
    with open_ledger(str(path), clock=SystemClock()) as ledger:
        imported = ledger.open_import(ledger.remember_workspace("http://benchmark", ["member"], label="benchmark"), "benchmark")
        imported.lease.acquire()
        run_id = f"run-{time.monotonic_ns()}"
        imported.start_run(RunRecord(run_id, "run", _NOW))
        operations = [_operation(f"{run_id}-{number}") for number in range(rows)]
        started, used = time.perf_counter(), _cpu_seconds()
        for first in range(0, rows, GROUP):
            _one_group(imported, run_id, operations[first : first + GROUP])
        seconds, cpu = time.perf_counter() - started, _cpu_seconds() - used
        imported.lease.release()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    return Cost(known, rows / seconds, 1000 * cpu / rows, size / known if known else (size - before) / rows)


def _one_group(imported: ImportLedger, run_id: str, operations: list[Operation]) -> None:
    now = datetime.now(UTC)
    begun = imported.begin(run_id, operations, now)
    imported.finish(run_id, [_outcome(operation, now) for operation in begun])


def _operation(key: str) -> Operation:
    digest = sha256(key.encode()).digest()
    return Operation(
        kind=OperationKind.CREATE,
        source_key=key,
        key_digest=digest[:16],
        fingerprint=digest[16:],
        payload=task(digest[0]),
        idempotency_key=digest.hex(),
        generation=0,
        revision=0,
        file=0,
        row=1,
    )


def _outcome(operation: Operation, now: datetime) -> Outcome:
    task_id = f"tsk_{operation.key_digest.hex()[:17]}"
    url = f"https://crm.lightfield.app/crm/tasks/{task_id}"
    return Outcome(operation=operation, action=Action.CREATED, attempts=1, finished_at=now, task_id=task_id, url=url, http_status=200)


def measure(rows: int, sizes: tuple[int, ...], laps: int) -> list[Cost]:
    """For each size the medians of some laps, in turns; each lap adds its rows to the ledger."""
    with tempfile.TemporaryDirectory() as temporary:
        paths = {known: Path(temporary) / f"{known}.ledger" for known in sizes}
        for known, path in paths.items():
            seed(path, known)
        found: dict[int, list[Cost]] = {known: [] for known in sizes}
        for _ in range(laps):
            for known, path in paths.items():
                found[known].append(load(path, rows, known))
    return [_median(costs) for costs in found.values()]


def _median(costs: list[Cost]) -> Cost:
    rates, cpu = (median(getattr(cost, name) for cost in costs) for name in ("rows_per_second", "cpu_ms_per_row"))
    return Cost(costs[0].known, rates, cpu, costs[0].bytes_per_row)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def table(costs: list[Cost]) -> str:
    """Markdown; ratios to the smallest ledger."""
    least = costs[0]
    lines = [
        "| rows known before | durable rows/s | CPU ms a row | cost of a row, to the first line | ledger, bytes a row |",
        "|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {cost.known:,} | {cost.rows_per_second:,.0f} | {cost.cpu_ms_per_row:.3f} | "
        f"{least.rows_per_second / cost.rows_per_second:.2f} of the time, {cost.cpu_ms_per_row / least.cpu_ms_per_row:.2f} of the CPU | "
        f"{cost.bytes_per_row:,.0f} |"
        for cost in costs
    ]
    return "\n".join(lines)


def machine() -> str:
    """What the figures hang on."""
    return (
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; "
        f"load {os.getloadavg()[0]:.1f}"
    )


def main(words: list[str]) -> None:
    """Prints the table."""
    quick = "--quick" in words
    rows, sizes, laps = (10_000, (100_000, 1_000_000), 3) if quick else (50_000, (100_000, 1_000_000, 10_000_000), 3)
    print(f"{rows:,} rows a lap, groups of {GROUP}, median of {laps}; {machine()}\n")
    print(table(measure(rows, sizes, laps)))


if __name__ == "__main__":
    main(sys.argv[1:])
