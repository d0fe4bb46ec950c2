"""The jobs as Python functions."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

import etl
from etl.errors import ConfigError
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
    assert capfd.readouterr().out == ""


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
