"""Is the write limit reached, and kept?

    python tests/benchmarks/limit.py              # three rounds of 2,000 rows a case: a quarter of an hour, nearly all of it spent waiting
    python tests/benchmarks/limit.py --quick      # one round of 300 rows: a minute

Each case is a sandbox in a process of its own, and ``run`` in another, as a user would call it, over a socket. What was reached is what the
sandbox's own bucket says: the writes that it let in, of those that it would have let in between the first and the last of them. Nothing is
asserted. The cases wait more than they work, so four run side by side; the whole job runs alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import polars as pl
from busy_sandbox import WRITES, Case, serve_case
from telling import print_section, say

from etl.sandbox.access import SANDBOX_KEY
from etl.sandbox.faults import Faults
from etl.sandbox.limits import DOCUMENTED_PER_SECOND
from etl.sandbox.requests import Visit

SPAWN = get_context("spawn")
LIMIT = DOCUMENTED_PER_SECOND
CONFIG = """
name: benchmark
source: {key: Record ID}
map:
  $title: Title
  $status: {column: Status, values: {Not started: TODO, In progress: IN_PROGRESS, Completed: COMPLETE}}
  $description: Notes
  $assignedTo: {column: Owner, lookup: member.email}
  $account: {column: Company, lookup: account.name}
  $opportunity: {column: Deal, lookup: opportunity.name}
"""


@dataclass(frozen=True)
class Seen:
    """What a sandbox saw of a run.

    Attributes:
        writes: When each write arrived that the bucket let in, in seconds since the first.
        refused: How many writes it answered with 429.
        tasks: How many tasks it holds at the end.
        before_seconds: From the start of the process to the first write.
        whole_seconds: From the start of the process to its end.
        client_seconds: Processor time of the client.
        others_refused: Of the others' writes.
        retries: Writes that repeated an earlier one.
    """

    writes: Sequence[float]
    refused: int
    tasks: int
    before_seconds: float
    whole_seconds: float
    client_seconds: float
    others_refused: int
    retries: int


def make_input(folder: Path, case: Case) -> None:
    """Config and tasks, which name 60 members, 120 companies and 120 deals."""
    number = pl.col("number")
    (folder / "job.yaml").write_text(CONFIG + case.config, encoding="utf-8")
    pl.select(number=pl.int_range(case.rows)).select(
        pl.format("T-{}", number).alias("Record ID"),
        pl.format("Call back about order {}", number).alias("Title"),
        (number % 3).replace_strict([0, 1, 2], ["Not started", "In progress", "Completed"], return_dtype=pl.String).alias("Status"),
        pl.format('Spoke with them on line {}. "Later", they said: call again.', number).alias("Notes"),
        pl.lit("maria@acme.example").alias("Owner"),
        pl.format("Further company {}", number % 120 + 200).alias("Company"),
        pl.format("Further deal {}", number % 120 + 150).alias("Deal"),
    ).write_csv(folder / "tasks.csv")


def measure(case: Case) -> Seen:
    """Serve, run, and read off what was seen."""
    here, there = SPAWN.Pipe()
    server = SPAWN.Process(target=serve_case, args=(case, there))
    server.start()
    try:
        environment = {**os.environ, "LIGHTFIELD_BASE_URL": here.recv(), "LIGHTFIELD_API_KEY": SANDBOX_KEY}
        with tempfile.TemporaryDirectory() as temporary:
            make_input(Path(temporary), case)
            command = [sys.executable, "-m", "etl", "run", "job.yaml", "tasks.csv", "--yes", "--quiet"]
            started_at, started = time.time(), time.perf_counter()
            process = subprocess.Popen(command, cwd=temporary, env=environment)
            _, status, used = os.wait4(process.pid, 0)
            whole_seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{case.name}: run ended with {process.returncode}")
    finally:
        server.terminate()
    visits, tasks, others_refused = here.recv()
    server.join()
    return seen(visits, tasks, others_refused, started_at, whole_seconds, used.ru_utime + used.ru_stime)


def seen(visits: Sequence[Visit], tasks: int, others_refused: int, started_at: float, whole_seconds: float, client_seconds: float) -> Seen:
    """What the visits say."""
    writes = [visit for visit in visits if visit.method == "POST" and visit.path == WRITES]
    let_in = sorted(visit.arrived_at.timestamp() for visit in writes if visit.status != 429)
    return Seen(
        writes=[moment - let_in[0] for moment in let_in],
        refused=len(writes) - len(let_in),
        tasks=tasks,
        before_seconds=let_in[0] - started_at,
        whole_seconds=whole_seconds,
        client_seconds=client_seconds,
        others_refused=others_refused,
        retries=len(writes) - len({visit.idempotency_key for visit in writes}),
    )


def share_reached(case: Case, saw: Seen) -> float:
    """Of the writes that were left to us between our first and our last, a full bucket at the start included."""
    per_second = LIMIT * case.share - case.others_per_second
    return len(saw.writes) / (LIMIT * case.share + per_second * saw.writes[-1])


def followed_after(writes: Sequence[float], since: float, until: float, limit: float) -> float:
    """Seconds from a change until each second that begins later, in steps of 0.05 s, is within a fifth of the new limit."""
    starts = [since + step * 0.05 for step in range(int((until - since - 1.0) / 0.05) + 1)]
    kept = [abs(bisect_left(writes, start + 1.0) - bisect_left(writes, start) - limit) <= max(1.0, limit / 5) for start in starts]
    bad = [start for start, good in zip(starts, kept, strict=True) if not good]
    return 0.0 if not bad else bad[-1] + 0.05 - since


def cases(rows: int) -> list[Case]:
    """Those that may run side by side."""
    alone = [Case(f"alone, {latency} ms", rows, latency / 1000) for latency in (20, 80, 300, 1000)]
    lost = Faults(error_before=0.05, lost_after_commit=0.05, only_writes=1)
    return [
        *alone,
        Case("another takes 10/s", rows, others_per_second=10.0),
        Case("limit 25 → 5 → 25", 400, changes=((5.0, 5.0), (12.0, 25.0))),
        Case("share: 50%", rows // 2, config="limits: {share: 50%}\n", share=0.5),
        Case("one request in ten fails", rows, faults=lost),
    ]


def line(case: Case, found: Sequence[Seen]) -> tuple[str, ...]:
    """A line of the first table: medians of the rounds, sums of what must not be."""
    refused, requests = sum(saw.refused for saw in found), sum(saw.refused + len(saw.writes) for saw in found)
    more = []
    if case.others_per_second:
        more.append(f"others refused: {sum(saw.others_refused for saw in found)}")
    if case.faults != Faults.none():
        more.append(f"{sum(saw.retries for saw in found)} retries among them")
    if any(saw.tasks != case.rows for saw in found):
        more.append(f"tasks: {[saw.tasks for saw in found]}")
    return (
        case.name,
        f"{case.rows:,}",
        reached(case, found),
        f"{refused} of {requests:,} ({refused / requests:.2%})",
        f"{median(saw.client_seconds for saw in found):.1f} s",
        "; ".join(more),
    )


def reached(case: Case, found: Sequence[Seen]) -> str:
    """What this case is about: the share of the limit, or how soon it follows a change."""
    if not case.changes:
        share = median(share_reached(case, saw) for saw in found)
        return f"{share:.2%} of {LIMIT * case.share - case.others_per_second:g}/s"
    (down, low), (up, high) = case.changes
    fell = median(followed_after(saw.writes, down, up, low) for saw in found)
    # The last second is not full.
    rose = median(followed_after(saw.writes, up, saw.writes[-1] - 1.0, high) for saw in found)
    return f"after {fell:.2f} s down, {rose:.2f} s up"


def whole_job(rows: int, rounds: int) -> tuple[str, ...]:
    """The whole job, alone on the machine: how far behind a client that needs no time for anything but the limit."""
    case = Case("a whole job with look-ups", rows)
    found = [measure(case) for _ in range(rounds)]
    bound = (rows - LIMIT) / LIMIT + case.latency_seconds
    before, whole = median(saw.before_seconds for saw in found), median(saw.whole_seconds for saw in found)
    sending = median(saw.writes[-1] for saw in found)
    figures = (bound, rows / LIMIT, whole, whole - bound, before, sending, whole - before - sending)
    return f"{rows:,} rows, 31 pages of look-ups", *(f"{figure:.2f} s" for figure in figures)


def main(*, quick: bool = False, at_once: int = 4) -> None:
    """Prints both tables."""
    height, rounds = (300, 1) if quick else (2000, 3)
    chosen = cases(height)

    def told(case: Case) -> Seen:
        say(f"limit: {case.name}")
        return measure(case)

    with ThreadPoolExecutor(at_once) as side_by_side:
        # A round of all cases, then the next: what else the machine does meets all of them alike.
        found = list(side_by_side.map(told, chosen * rounds))
    print_section(
        "The limit is reached and kept",
        ("case", "rows", "reached", "answered 429", "client's processor time", "also"),
        [line(case, found[place :: len(chosen)]) for place, case in enumerate(chosen)],
        packages=("httpx", "polars"),
        note="Of what the bucket would have let in between our first write and our last. The reserve that is never used, some eight writes,"
        " weighs more in short runs.",
    )
    say("limit: a whole job")
    header = ("a whole job", "with a full bucket", "rows / limit", "took", "behind", "before the first write", "sending", "after the last")
    print_section("A whole job, from the start of the process to its end", header, [whole_job(min(height, 1000), rounds)])


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
