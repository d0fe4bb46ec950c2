# ruff: noqa: T201  a command speaks by printing
"""How many rows a second does the client make where nothing limits it, and what does a row cost?

    python tests/benchmarks/client.py             # 20,000 rows each, medians of 5
    python tests/benchmarks/client.py --quick     # 4,000 rows each, medians of 3

Ours is the whole command ``run`` (look ahead, ledger, retries, mapping, reports, the start of the process), from a CSV of the same tasks;
the contestants are loops that do nothing but send. All run against the same server, one after the other in turns. Nothing is asserted.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import polars as pl
from contestants import API_KEY, ASSIGNEE, CONTESTANTS, Lap, lap, task
from unlimited import tasks_made, unlimited

IN_FLIGHT = 20
OURS = "lightfield-etl run, the whole command"
OURS_LOAD = "lightfield-etl run, its load alone"

_CONFIG = f"""
name: benchmark
source: {{key: Record ID}}
map:
  $title: Title
  $status: {{column: Status, values: {{Not started: TODO}}}}
  $description: Notes
  $dueAt: {{column: Due, formats: [iso]}}
  $assignedTo: {{value: {ASSIGNEE}}}
"""


def make_input(folder: Path, rows: int) -> None:
    """The contestants' tasks as a config and a CSV."""
    (folder / "job.yaml").write_text(_CONFIG, encoding="utf-8")
    fields = [task(number)["fields"] for number in range(rows)]
    pl.DataFrame(
        {
            "Record ID": [f"T-{number}" for number in range(rows)],
            "Title": [each["$title"] for each in fields],
            "Status": ["Not started"] * rows,
            "Notes": [each["$description"] for each in fields],
            "Due": [each["$dueAt"] for each in fields],
        }
    ).write_csv(folder / "tasks.csv")


def our_laps(url: str, rows: int, in_flight: int = IN_FLIGHT) -> tuple[Lap, Lap]:
    """The whole command, and its load alone (with the processor time of the whole)."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_input(folder, rows)
        before = tasks_made(url)
        command = [sys.executable, "-m", "etl", "run", "job.yaml", "tasks.csv", "--yes", "--quiet", "--concurrency", str(in_flight)]
        environment = {**os.environ, "LIGHTFIELD_API_KEY": API_KEY, "LIGHTFIELD_BASE_URL": url}
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode or tasks_made(url) - before != rows:
            raise SystemExit(f"run ended with {process.returncode} and made {tasks_made(url) - before} tasks of {rows} rows")
        load = json.loads((folder / "results" / "latest" / "summary.json").read_text(encoding="utf-8"))["load"]
    cpu = used.ru_utime + used.ru_stime
    return Lap(rows, seconds, cpu), Lap(rows, rows / load["rows_per_second"], cpu)


def measure(rows: int, laps: int, names: tuple[str, ...] = tuple(CONTESTANTS), in_flight: int = IN_FLIGHT) -> dict[str, Lap]:
    """The median lap of each by rows a second; every lap against a server of its own, all in turns."""
    found: dict[str, list[Lap]] = {}
    for _ in range(laps):
        for name in names:
            with unlimited() as url:
                found.setdefault(name, []).append(lap(name, url, rows, in_flight))
        with unlimited() as url:
            whole, load = our_laps(url, rows, in_flight)
        found.setdefault(OURS, []).append(whole)
        found.setdefault(OURS_LOAD, []).append(load)
    return {name: _median(each) for name, each in found.items()}


def _median(laps: list[Lap]) -> Lap:
    return Lap(laps[0].rows, median(each.seconds for each in laps), median(each.cpu_seconds for each in laps))


def machine() -> str:
    """What the figures hang on."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("httpx", "lightfield", "polars", "SQLAlchemy"))
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {packages}; load {os.getloadavg()[0]:.1f}"


def table(figures: dict[str, Lap]) -> str:
    """Markdown; the ratios are ours to each, by rows a second of the whole command and by processor time."""
    ours = figures[OURS]
    lines = ["| contestant | rows/s | CPU ms a row | ours is faster | ours takes less CPU |", "|---|--:|--:|--:|--:|"]
    for name, each in sorted(figures.items(), key=lambda item: item[1].rows_per_second):
        faster, lighter = ours.rows_per_second / each.rows_per_second, each.cpu_ms_per_row / ours.cpu_ms_per_row
        lines.append(f"| {name} | {each.rows_per_second:,.0f} | {each.cpu_ms_per_row:.2f} | {faster:.1f}x | {lighter:.1f}x |")
    return "\n".join(lines)


def main(words: list[str]) -> None:
    """Prints the table."""
    rows, laps = (4_000, 3) if "--quick" in words else (20_000, 5)
    print(f"{rows:,} creates, {IN_FLIGHT} in flight, median of {laps}; {machine()}\n")
    print(table(measure(rows, laps)))


if __name__ == "__main__":
    main(sys.argv[1:])
