"""A desk to work at: a folder, a config, a file of tasks, the real command line, and a sandbox over a real socket."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from etl.cli.main import exit_code
from etl.sandbox.app import Sandbox
from etl.sandbox.limits import Limits
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace

KEY = "sk_lf_desk_5f2b9c71d0e84a36"
COLUMNS = ("Id", "Title", "Status", "Due", "Owner")
CONFIG: dict[str, Any] = {
    "name": "desk",
    "timezone": "Europe/Berlin",
    "source": {"key": "Id"},
    "map": {
        "$title": "Title",
        "$status": {"column": "Status", "values": {"Open": "TODO", "Done": "COMPLETE"}},
        "$dueAt": {"column": "Due", "formats": ["%Y-%m-%d %H:%M", "iso"]},
        "$assignedTo": {"column": "Owner", "lookup": "member.email"},
    },
}


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str
    folder: Path | None

    @property
    def last_line(self) -> str:
        """What stderr ends with."""
        return self.stderr.rstrip("\n").rpartition("\n")[2]

    @property
    def summary(self) -> dict[str, Any]:
        """``summary.json``."""
        return json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))

    @property
    def counts(self) -> dict[str, int]:
        """The summary's counts that are not nought."""
        return {action: rows for action, rows in self.summary["counts"].items() if rows}

    @property
    def results(self) -> list[dict[str, str]]:
        """The lines of ``results.csv``."""
        return records(self.folder / "results.csv")

    @property
    def failures(self) -> list[dict[str, str]]:
        """The lines of ``failures.csv``."""
        return records(self.folder / "failures.csv")

    def actions(self) -> list[str]:
        """What became of each row, in order."""
        return [line["action"] for line in self.results]


def records(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """A CSV file as somebody else's program reads it."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


def table(rows: Iterable[Iterable[Any]], delimiter: str = ",") -> str:
    """Rows as CSV text."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def row(number: int | str, title: str | None = None, status: str = "Open", due: str = "", owner: str = "sam@acme.example") -> list[str]:
    """A row that is good unless told otherwise."""
    return [str(number), f"Task {number}" if title is None else title, status, due, owner]


class Desk:
    """Somebody's working folder, and what they can do there.

    Each command is held to what holds of every one: no traceback, and the API key in nothing that it says or writes.
    """

    def __init__(self, folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.monkeypatch = monkeypatch
        self._capsys = capsys

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def config(self, name: str = "desk.yaml", **changes: Any) -> Path:
        """The desk's config, where ``source`` and ``map`` are laid over its own, key by key; None takes a key away."""
        merged = {key: _laid_over(CONFIG.get(key), value) for key, value in {**CONFIG, **changes}.items()}
        return self.write(name, json.dumps({key: value for key, value in merged.items() if value is not None}, indent=1))

    def csv(self, rows: Iterable[list[str]], name: str = "tasks.csv", columns: Iterable[str] = COLUMNS) -> Path:
        return self.write(name, table([columns, *rows]))

    def __call__(self, *arguments: str | Path) -> Ended:
        """The command line, in this process."""
        words = [str(word) for word in arguments]
        self.monkeypatch.setattr(sys, "argv", ["lightfield-etl", *words])
        before = self._runs()
        self._capsys.readouterr()
        code = exit_code(words)
        said = self._capsys.readouterr()
        return self._ended(code, said.out, said.err, before)

    def start(self, *arguments: str | Path, **more: Any) -> subprocess.Popen[str]:
        """The command line, in a process of its own."""
        command = [sys.executable, "-m", "etl", *map(str, arguments)]
        return subprocess.Popen(
            command, cwd=self.folder, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
        )

    def finish(self, process: subprocess.Popen[str], timeout: float = 30.0) -> Ended:
        """What that process left behind; the desk's only run."""
        out, err = process.communicate(timeout=timeout)
        return self._ended(process.returncode, out, err, set())

    def wait_for_writes(self, count: int, within_seconds: float = 20.0) -> None:
        """Until the sandbox was asked for so many creates."""
        deadline = time.monotonic() + within_seconds
        while self.writes < count:
            assert time.monotonic() < deadline, "the command wrote nothing"
            time.sleep(0.01)

    def run(self, rows: Iterable[list[str]], *options: str, **changes: Any) -> Ended:
        """Rows through the desk's config, with some changes."""
        return self("run", self.config(**changes), self.csv(rows), *options)

    @property
    def titles(self) -> list[str]:
        """Of the sandbox's tasks, in order."""
        return sorted(task.fields["$title"] for task in self.sandbox.tasks)

    def task(self, title: str) -> Any:
        """The one task of that title."""
        (found,) = [task for task in self.sandbox.tasks if task.fields["$title"] == title]
        return found

    @property
    def writes(self) -> int:
        """How many creates the sandbox was asked for."""
        return sum(visit.method == "POST" for visit in self.sandbox.requests)

    def member(self, email: str) -> str:
        return next(member.id for member in self.sandbox.workspace.members if member.fields["$email"] == email)

    def _runs(self) -> set[Path]:
        return {path.parent for path in self.folder.rglob("summary.json") if path.parent.name != "latest"}

    def _ended(self, code: int, out: str, err: str, before: set[Path]) -> Ended:
        assert "Traceback" not in out + err
        assert KEY not in out + err
        left = [path for path in self.folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
        assert left == [path for path in left if path.name.startswith("secret")]
        (folder,) = self._runs() - before or {None}
        return Ended(code, out, err, folder)


def _laid_over(base: Any, changes: Any) -> Any:
    if not (isinstance(base, Mapping) and isinstance(changes, Mapping)):
        return changes
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


class Stage:
    """Lets one server play a sandbox of each test's own: a server for each test would cost more than the tests."""

    sandbox: Sandbox

    @property
    def crashes(self) -> list[BaseException]:
        return self.sandbox.crashes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.sandbox(scope, receive, send)


@pytest.fixture(scope="session")
def stage():
    stage = Stage()
    with ServerThread(stage) as running:
        yield stage, running.url


@pytest.fixture
def sandbox():
    workspace = Workspace.sample()
    workspace.add_key(KEY, member_id=next(iter(workspace.members)).id)
    return Sandbox(workspace, limits=Limits.unlimited())


@pytest.fixture
def desk(tmp_path, sandbox, stage, monkeypatch, capsys):
    playing, url = stage
    playing.sandbox = sandbox
    for name in [name for name in os.environ if name.startswith("LIGHTFIELD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LIGHTFIELD_BASE_URL", url)
    monkeypatch.setenv("LIGHTFIELD_API_KEY", KEY)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    yield Desk(tmp_path, sandbox, monkeypatch, capsys)
    assert sandbox.crashes == []


@pytest.fixture
def make_row():
    """Builds a row that is good unless told otherwise."""
    return row


@pytest.fixture
def read_records():
    """Reads a CSV file as somebody else's program does."""
    return records


@pytest.fixture
def make_table():
    """Writes rows as CSV text."""
    return table


@pytest.fixture
def stopped():
    """Holds a run that did not finish to the contract: its code, a next step as the last line, and both in the summary."""

    def held(ended: Ended, code: int, reason: str) -> str:
        assert ended.code == code, ended.stderr
        assert ended.summary["exit_code"] == code
        assert ended.summary["status"] == {2: "nothing_written", 3: "stopped", 4: "locked"}[code]
        assert ended.summary["reason"] == reason
        assert ended.last_line == f"next: {ended.summary['next_command']}"
        assert ended.summary["message"] in ended.stderr
        return ended.summary["message"]

    return held
