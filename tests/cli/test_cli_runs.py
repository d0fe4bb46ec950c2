"""``lightfield-etl runs``: the history on stdout, and what to do next on stderr; no key is needed."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from etl.clock import SystemClock
from etl.ledger.runs import RunRecord
from etl.ledger.store import open_ledger

RUN = "20261123T035313Z-12f4b8"


@pytest.fixture
def worked(desk):
    """The ledger of a run of which one row was refused, in the hands of somebody without a key."""
    desk.config()
    desk.write(f"results/{RUN}/failures.csv", "Id")
    for name in ("LIGHTFIELD_API_KEY", "LIGHTFIELD_BASE_URL"):
        desk.monkeypatch.delenv(name)
    now = SystemClock().now()
    with open_ledger("desk.ledger", clock=SystemClock()) as ledger:
        rows = ledger.open_import(ledger.remember_workspace("https://api.lightfield.app", ["mem_1"], label="acme 任"), "desk")
        rows.start_run(RunRecord(RUN, "run", now))
        rows.finish_run(RUN, "finished_with_failures", 1, {"created": 1, "rejected": 1}, now)


def test_the_history_is_the_product_and_stands_on_stdout(desk, worked):
    ended = desk("runs", "desk.yaml")
    assert (ended.code, ended.stderr) == (0, "")
    assert RUN in ended.stdout
    assert "finished with failures (exit 1)" in ended.stdout
    assert "1 created, 1 rejected" in ended.stdout
    assert "\x1b" not in ended.stdout
    assert all(line == line.rstrip() for line in ended.stdout.splitlines())


def test_one_run_ends_with_what_to_do_next_on_stderr(desk, worked):
    ended = desk("runs", "desk.yaml", RUN)
    assert ended.code == 0
    assert "1  rejected" in ended.stdout
    assert ended.last_line == f"next: mend a copy of results/{RUN}/failures.csv, then: lightfield-etl run desk.yaml COPY"


@pytest.mark.parametrize("words", [("latest",), ("desk.yaml", "latest"), ("--ledger", "desk.ledger", "latest")])
def test_the_newest_run_is_called_latest_and_needs_no_config(desk, worked, words):
    ended = desk("runs", *words, "--json")
    assert ended.code == 0
    assert json.loads(ended.stdout)["run"]["run_id"] == RUN


def test_a_runs_name_alone_needs_no_config_either(desk, worked):
    ended = desk("runs", RUN, "--json")
    assert json.loads(ended.stdout)["name"] == "desk"


def test_all_imports_of_the_only_ledger_here_need_no_argument(desk, worked):
    history = json.loads(desk("runs", "--json").stdout)
    assert [each["name"] for each in history["imports"]] == ["desk"]
    assert history["imports"][0]["runs"][0]["counts"]["created"] == 1


def test_the_path_of_the_rebuilt_failures_is_said(desk, make_row):
    member = {"$assignedTo": {"column": "Owner"}}
    lost = desk.run([make_row(1, owner="mem_00000000-0000-0000-0000-000000000000")], map=member)
    assert lost.counts == {"failed": 1}
    ended = desk("runs", "desk.yaml", "latest", "--failures")
    path = f"results/{lost.summary['run_id']}-failures.csv"
    assert f"what was sent, and why it is not there: {path}" in ended.stderr
    assert ended.last_line == f"next: lightfield-etl retry desk.yaml {lost.summary['run_id']}"
    assert "Task 1" in (desk.folder / path).read_text(encoding="utf-8-sig")


def test_where_nothing_waits_the_rebuilt_failures_say_so(desk, worked):
    ended = desk("runs", "latest", "--failures")
    assert f"the ledger holds no row of {RUN} that failed or is uncertain" in ended.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("runs", "desk.yaml", "nobody-knows"), "the newest runs are: "),
        (("runs", "--failures"), "next: see lightfield-etl runs --help"),
        (("runs", "missing.yaml"), "next: "),
        (("runs", "--ledger", "missing.ledger"), "next: "),
        (("runs", "--limit", "0"), "next: see lightfield-etl runs --help"),
    ],
)
def test_what_cannot_be_shown_ends_with_two_and_what_to_do(desk, worked, words, message):
    ended = desk(*words)
    assert (ended.code, ended.stdout) == (2, "")
    assert message in ended.last_line


def test_who_has_seen_enough_meets_no_traceback(worked):
    piped = subprocess.Popen([sys.executable, "-m", "etl", "runs", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    piped.stdout.close()
    with piped.stderr as said:
        assert said.read() == b""
    assert piped.wait() == 0


@pytest.mark.parametrize("column", ["settings", "counts"])
@pytest.mark.parametrize("command", [("runs", "desk.yaml"), ("undo", "desk.yaml", "--yes")])
def test_a_history_that_holds_no_sense_is_a_damaged_ledger(desk, make_row, command, column):
    desk.run([make_row(1)])
    with closing(sqlite3.connect(desk.folder / "desk.ledger")) as ledger, ledger:
        ledger.execute(f"UPDATE etl_run SET {column} = '{{' || {column}")
    ended = desk(*command)
    assert ended.code == 2
    assert "the ledger is damaged" in ended.stderr
    assert "reconcile" in ended.last_line
    assert [task.trashed for task in desk.sandbox.tasks] == [False]
