"""How long does it take to begin? The help, and a run of ten rows to its first write.

    python tests/benchmarks/start.py              # medians of 9 runs
    python tests/benchmarks/start.py --quick      # of 3

The server is a sandbox without latency in this process, so that it can say when the first task is asked for, and how much processor time
the program had used by then. Everything counts from the moment at which the process is started. Nothing is asserted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
from starlette.types import Receive, Scope, Send
from telling import print_section, say

from etl.sandbox.access import SANDBOX_KEY
from etl.sandbox.app import Sandbox
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace

ROWS = 10
OWNER = "ops@acme.example"
CONFIG = """
name: start
source: {key: Id}
map:
  $title: Title
  $status: {value: TODO}
  $assignedTo: {column: Owner, lookup: member.email}
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """Since the start of a process: seconds, and seconds of processor time of all its threads."""

    seconds: float
    processor: float


class Watched(Sandbox):
    """Notes the moment of the first request for a task.

    Attributes:
        watch: Called once, at the first ``POST /v1/tasks``.
    """

    watch: Callable[[], None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if self.watch and scope["method"] == "POST" and scope["path"] == "/v1/tasks":
            self.watch()
            self.watch = None
        await super().__call__(scope, receive, send)


def whole(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Moment:
    """A command to its end."""
    started = time.perf_counter()
    process = _started(words, folder, environment)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    _hold(process)
    return Moment(seconds, used.ru_utime + used.ru_stime)


def to_first_write(words: Sequence[str], folder: Path, environment: Mapping[str, str], sandbox: Watched) -> Moment:
    """A run to its first write; the rest of it is waited for."""
    found: list[Moment] = []
    started = time.perf_counter()
    process = _started(words, folder, environment)

    def note() -> None:
        seconds = time.perf_counter() - started
        used = psutil.Process(process.pid).cpu_times()
        found.append(Moment(seconds, used.user + used.system))

    sandbox.watch = note
    process.wait()
    _hold(process)
    return found[0]


def _started(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [str(Path(sys.executable).with_name("lightfield-etl")), *words]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _hold(process: subprocess.Popen[bytes]) -> None:
    said = process.stderr.read().decode()
    process.stderr.close()
    if process.returncode:
        raise SystemExit(f"{process.args} ended with {process.returncode}:\n{said}")


def make_input(folder: Path, turn: int) -> Path:
    """A folder with a config and tasks that no other turn has."""
    place = folder / f"turn-{turn}"
    place.mkdir()
    (place / "job.yaml").write_text(CONFIG, encoding="utf-8")
    rows = "".join(f"{turn}-{number},Call back about order {turn} in line {number},{OWNER}\n" for number in range(ROWS))
    (place / "tasks.csv").write_text(f"Id,Title,Owner\n{rows}", encoding="utf-8")
    return place


def main(runs: int) -> None:
    """Prints the medians."""
    sandbox = Watched(Workspace.sample())
    measured: dict[str, list[Moment]] = {}
    with ServerThread(sandbox) as server, tempfile.TemporaryDirectory() as temporary:
        environment = {**os.environ, "LIGHTFIELD_BASE_URL": server.url, "LIGHTFIELD_API_KEY": SANDBOX_KEY}
        run = ["run", "job.yaml", "tasks.csv", "--yes"]
        contestants: dict[str, Callable[[Path], Moment]] = {
            "`--help`": lambda folder: whole(["--help"], folder, environment),
            "`run --help`": lambda folder: whole(["run", "--help"], folder, environment),
            f"`run`, {ROWS} rows, to its first write": lambda folder: to_first_write(run, folder, environment, sandbox),
            "the same command again, to its end": lambda folder: whole(run, folder, environment),
            "`check --offline`, to its end": lambda folder: whole(["check", "job.yaml", "tasks.csv", "--offline"], folder, environment),
        }
        for turn in range(runs + 1):
            say(f"start: turn {turn} of {runs}" if turn else "start: one turn that does not count, for the disk's cache")
            folder = make_input(Path(temporary), turn)
            for name, measure in contestants.items():
                moment = measure(folder)
                if turn:
                    measured.setdefault(name, []).append(moment)
    print_section(
        "Start",
        ("what", "seconds", "the best", "of processor time"),
        [
            (
                name,
                f"{median(each.seconds for each in moments):.2f}",
                f"{min(each.seconds for each in moments):.2f}",
                f"{median(each.processor for each in moments):.2f}",
            )
            for name, moments in measured.items()
        ],
        packages=("polars", "SQLAlchemy", "httpx", "pydantic"),
        note=f"Medians of {runs} runs, from the start of the process, against a sandbox on this machine without latency.",
    )


if __name__ == "__main__":
    main(3 if "--quick" in sys.argv[1:] else 9)
