"""How fast is ``check`` for a HubSpot export, and how much memory does each row take?

    python tests/benchmarks/check.py              # 1 million rows of CSV, 1 and 10 million of Parquet, medians of three runs
    python tests/benchmarks/check.py --quick      # a tenth of that, one run

The export is made by ``hubspot.py``, whole, and with the columns that somebody chose; a sandbox answers the look-ups. On the whole one's
rows: the loop over csv that one writes oneself (pydantic, with and without markdown of HTML), and what dlt does before it loads, which
maps nothing. They take turns with us, and get a tenth of the rows. The figures are for whole processes, their start included; of ours,
the job's own rows/s as well. Nothing is asserted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from hubspot import CONFIG, write_csv, write_parquet, write_plain_csv
from telling import print_section, say, version_of

OURS = "**lightfield-etl check**"
PLAIN = "the same, seven columns, no HTML"
PEERS = {
    "csv + pydantic loop": ("pydantic", "pydantic"),
    "csv + pydantic loop, HTML left as it is": ("pydantic-raw", "pydantic"),
    "dlt extract + normalize (maps nothing)": ("dlt", "dlt"),
}
"""What it is shown as, what ``check_peers.py`` calls it, and the package that it needs."""

_Process = get_context("spawn").Process
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took; ``job_seconds`` is None where there is no summary."""

    rows: int
    seconds: float
    processor_seconds: float
    peak_bytes: int
    job_seconds: float | None = None


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


def check_cost(folder: Path, data: str, rows: int, environment: Mapping[str, str]) -> Cost:
    """Of ``check`` with the config of the folder."""
    seconds, processor, peak = _timed([sys.executable, "-m", "etl", "check", "job.yaml", data, "--quiet"], folder, environment, (0, 1))
    newest = max((folder / "results").glob("*/summary.json"), key=lambda path: path.stat().st_mtime_ns)
    summary = json.loads(newest.read_text(encoding="utf-8"))
    started, finished = (datetime.fromisoformat(summary[name]) for name in ("started_at", "finished_at"))
    if sum(summary["counts"].values()) != rows:
        raise SystemExit(f"check saw {sum(summary['counts'].values())} of {rows} rows")
    return Cost(rows, seconds, processor, peak, (finished - started).total_seconds())


def peer_cost(folder: Path, name: str, data: str, rows: int) -> Cost:
    """Of a contestant of ``check_peers.py``."""
    command = [sys.executable, str(Path(__file__).with_name("check_peers.py")), name, data]
    return Cost(rows, *_timed(command, folder, os.environ, (0,)))


def _timed(command: Sequence[str], folder: Path, environment: Mapping[str, str], good: tuple[int, ...]) -> tuple[float, float, int]:
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in good:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def make(write: Callable[[Path, int], None], path: Path, rows: int) -> None:
    """A file, made in a process of its own: a process is charged with the memory of the one that started it."""
    say(f"making {path.name}")
    maker = _Process(target=write, args=(path, rows))
    maker.start()
    maker.join()
    if maker.exitcode:
        raise SystemExit(f"{path.name} could not be made")


def speed(rows: int, turns: int) -> None:
    """CSV, held against the peers on a tenth of its rows."""
    costs: dict[str, list[Cost]] = {}
    absent = [name for name, (_, package) in PEERS.items() if version_of(package) is None]
    with tempfile.TemporaryDirectory() as temporary, sandbox() as environment:
        folder = Path(temporary)
        (folder / "job.yaml").write_text(CONFIG, encoding="utf-8")
        make(write_csv, folder / "tasks.csv", rows)
        make(write_plain_csv, folder / "plain.csv", rows)
        make(write_csv, folder / "fewer.csv", rows // 10)
        for turn in range(1, turns + 1):
            say(f"speed: turn {turn} of {turns}")
            for name, data in ((OURS, "tasks.csv"), (PLAIN, "plain.csv")):
                costs.setdefault(name, []).append(check_cost(folder, data, rows, environment))
            for name in (name for name in PEERS if name not in absent):
                costs.setdefault(name, []).append(peer_cost(folder, PEERS[name][0], "fewer.csv", rows // 10))
    own = _rate(costs[OURS])
    lines = [_line(name, found, own) for name, found in costs.items()] + [(name, *["not installed"] * 6) for name in absent]
    header = ("on a HubSpot export as CSV", "rows", "rows/s", "of the job alone", "processor, µs a row", "peak, MiB", "we are faster by")
    print_section("Preparing", header, lines, packages=("polars", "pydantic", "dlt"))


def _rate(found: Sequence[Cost]) -> float:
    return median(cost.rows / cost.seconds for cost in found)


def _line(name: str, found: Sequence[Cost], own: float) -> tuple[str, ...]:
    jobs = [cost.rows / cost.job_seconds for cost in found if cost.job_seconds]
    return (
        name,
        f"{found[0].rows:,}",
        f"{_rate(found):,.0f}",
        f"{median(jobs):,.0f}" if jobs else "",
        f"{median(cost.processor_seconds / cost.rows for cost in found) * 1e6:.1f}",
        f"{median(cost.peak_bytes for cost in found) / _MIB:,.0f}",
        "" if name in (OURS, PLAIN) else f"{own / _rate(found):.0f} times",
    )


def memory(sizes: Sequence[int]) -> None:
    """Parquet of growing length."""
    found: list[Cost] = []
    with tempfile.TemporaryDirectory() as temporary, sandbox() as environment:
        folder = Path(temporary)
        (folder / "job.yaml").write_text(CONFIG, encoding="utf-8")
        for rows in sizes:
            make(write_parquet, folder / "tasks.parquet", rows)
            say(f"memory: {rows:,} rows")
            found.append(check_cost(folder, "tasks.parquet", rows, environment))
    smallest = found[0]
    lines = [
        (
            f"{cost.rows:,} rows",
            f"{cost.rows / cost.seconds:,.0f}",
            f"{cost.processor_seconds / cost.rows * 1e6:.1f}",
            f"{cost.peak_bytes / _MIB:,.0f}",
            f"{(cost.peak_bytes - smallest.peak_bytes) / (cost.rows - smallest.rows):.1f}" if cost is not smallest else "",
        )
        for cost in found
    ]
    header = ("`check` of Parquet", "rows/s", "processor, µs a row", "peak, MiB", "bytes a further row")
    print_section("Memory", header, lines, packages=("polars",))


def main(words: Sequence[str]) -> None:
    """Both tables."""
    quick = "--quick" in words
    speed(100_000 if quick else 1_000_000, 1 if quick else 3)
    memory([100_000, 1_000_000] if quick else [1_000_000, 10_000_000])


if __name__ == "__main__":
    main(sys.argv[1:])
