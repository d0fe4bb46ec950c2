"""The jobs as Python functions."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_type_hints

import pytest

import etl
from etl.errors import ConfigError
from etl.jobs.library import CheckOptions, RunOptions
from etl.jobs.request import JobRequest
from etl.sandbox.access import SANDBOX_KEY
from etl.sandbox.app import Sandbox
from etl.sandbox.limits import Limits
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace

CONFIG = """
name: from-python
source: {key: Id}
map:
  $title: Title
  $status: {value: TODO}
  $assignedTo: {value: sam@acme.example, lookup: member.email}
"""


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A working folder with a config, two rows, and a sandbox."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "tasks.csv").write_text("Id,Title\n1,One\n2,\n")
    sandbox = Sandbox(Workspace.sample(), limits=Limits(1000, 1000, 1000))
    with ServerThread(sandbox) as server:
        yield sandbox, {"LIGHTFIELD_API_KEY": SANDBOX_KEY, "LIGHTFIELD_BASE_URL": server.url}


def test_a_run_returns_what_the_command_would_have_said(work, capfd) -> None:
    sandbox, environment = work
    summary = etl.run("config.yaml", "tasks.csv", environment=environment)
    assert isinstance(summary, etl.Summary)
    assert (summary.exit_code, summary.counts["created"], summary.counts["rejected"], len(sandbox.tasks)) == (1, 1, 1, 1)
    assert tuple(capfd.readouterr()) == ("", "")


def test_a_check_sends_nothing_and_says_what_a_run_would_do(work) -> None:
    sandbox, environment = work
    summary = etl.check("config.yaml", ["tasks.csv"], environment=environment)
    assert (summary.counts["created"], len(sandbox.tasks)) == (1, 0)


def test_a_config_is_read_without_a_job(work) -> None:
    assert etl.load_config("config.yaml", environment={}).job.name == "from-python"
    with pytest.raises(ConfigError, match="nowhere"):
        etl.load_config("nowhere.yaml", environment={})


def test_importing_the_package_imports_no_library_that_is_slow_to_start() -> None:
    code = "import etl, sys; print(sorted({'polars', 'sqlalchemy', 'httpx', 'pydantic'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_notebook_whose_event_loop_is_running_can_call_a_job(work) -> None:
    sandbox, environment = work

    async def cell():
        return etl.run("config.yaml", "tasks.csv", environment=environment)

    assert asyncio.run(cell()).counts["created"] == len(sandbox.tasks) == 1


def test_a_schedulers_task_in_a_thread_of_its_own_can_call_a_job(work) -> None:
    sandbox, environment = work
    with ThreadPoolExecutor(1) as executor:
        summary = executor.submit(etl.run, "config.yaml", "tasks.csv", environment=environment).result()
    assert summary.counts["created"] == len(sandbox.tasks) == 1


def test_the_callers_own_signal_handlers_are_put_back(work) -> None:
    def own(number, frame) -> None: ...

    before = {number: signal.signal(number, own) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        etl.check("config.yaml", "tasks.csv", environment={}, offline=True)
        assert [signal.getsignal(number) for number in before] == [own, own]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_an_interrupted_cell_stops_the_run_and_still_has_its_summary(work) -> None:
    sandbox, environment = work
    Path("tasks.csv").write_text("Id,Title\n" + "".join(f"{number},Task {number}\n" for number in range(200)))

    async def cell():
        return etl.run("config.yaml", "tasks.csv", environment=environment, rate=50)

    def interrupt() -> None:
        while not sandbox.tasks:
            threading.Event().wait(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    async def kernel():
        # A kernel's loop leaves SIGINT to Python, which raises KeyboardInterrupt in the main thread.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=interrupt, daemon=True).start()
        return await cell()

    summary = asyncio.run(kernel())
    assert (summary.exit_code, summary.status) == (130, "interrupted")
    assert summary.counts["created"] == len(sandbox.tasks) < 200
    assert summary.next_command == "run the same command again: etl.run('config.yaml', ['tasks.csv'])"


def test_options_may_be_written_as_on_the_command_line(work) -> None:
    _, environment = work
    options = {"out": "reports", "max_failures": "5%", "max_duration_seconds": "2h", "wait_seconds": "1m", "limit": 1}
    summary = etl.run("config.yaml", "tasks.csv", environment=environment, **options)
    assert (summary.exit_code, summary.rows) == (0, 1)
    assert Path("reports", summary.run_id, "summary.json").is_file()


@pytest.mark.parametrize(
    ("job", "options", "kind", "said"),
    [
        (etl.run, {"limt": 1}, TypeError, "etl.run\\(\\) has no option 'limt'; did you mean limit?"),
        (etl.check, {"rate": 1}, TypeError, "etl.check\\(\\) has no option 'rate'"),
        (etl.run, {"max_failures": "many"}, ValueError, "neither a number of rows"),
        (etl.run, {"max_duration_seconds": "long"}, ValueError, "is not a duration"),
    ],
)
def test_what_is_no_option_is_told_with_the_nearest_one(work, job, options, kind, said) -> None:
    with pytest.raises(kind, match=said):
        job("config.yaml", "tasks.csv", **options)


def test_every_option_is_one_of_the_jobs(work) -> None:
    assert set(get_type_hints(RunOptions)) <= set(get_type_hints(JobRequest))
    assert set(get_type_hints(CheckOptions)) < set(get_type_hints(RunOptions))


def test_what_cannot_begin_raises_and_what_cannot_finish_returns(work) -> None:
    with pytest.raises(etl.EtlError):
        etl.check("nowhere.yaml")
    summary = etl.check("config.yaml", "nowhere.csv", environment={}, offline=True)
    assert (summary.exit_code, summary.reason) == (2, "source")


def test_the_package_lists_and_types_what_it_offers() -> None:
    assert set(dir(etl)) == set(etl.__all__)
    assert all(getattr(etl, name) for name in etl.__all__)
    assert (Path(etl.__file__).parent / "py.typed").is_file()
