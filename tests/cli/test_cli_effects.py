"""Each setting that is easily read and then forgotten is seen to do something."""

from __future__ import annotations

import json
import re
import time

import httpx
import pytest

from etl.sandbox.faults import Faults

TWO_MODES = [
    ({}, (), "changed"),
    ({}, ("--sync",), "updated"),
    ({"mode": "sync"}, (), "updated"),
    ({"mode": "sync"}, ("--no-sync",), "changed"),
]


class Counting:
    """In front of a sandbox: how many creates were under way at once."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.under_way = self.most = 0

    async def __call__(self, scope, receive, send):
        writes = scope.get("method") == "POST"
        self.under_way += writes
        self.most = max(self.most, self.under_way)
        try:
            await self.sandbox(scope, receive, send)
        finally:
            self.under_way -= writes

    @property
    def crashes(self):
        return self.sandbox.crashes


@pytest.mark.parametrize(("changes", "options", "action"), TWO_MODES)
def test_the_option_goes_over_the_mode_of_the_config(desk, make_row, changes, options, action):
    assert desk.run([make_row(1)], **changes).code == 0
    ended = desk.run([make_row(1, title="Another title")], *options, **changes)
    assert ended.actions() == [action]
    assert desk.titles == (["Another title"] if action == "updated" else ["Task 1"])


@pytest.mark.parametrize(("options", "trashed"), [((), 0), (("--complete",), 1)])
def test_data_given_by_hand_says_what_vanished_only_where_it_is_said_to_be_complete(desk, make_row, options, trashed):
    sync = {"mode": "sync", "sync": {"on_missing": "trash", "max_missing": "50%"}}
    rows = [make_row(number) for number in range(1, 5)]
    assert desk.run(rows, **sync).code == 0
    ended = desk.run(rows[:3], *options, **sync)
    assert ended.counts.get("trashed", 0) == trashed
    assert desk.task("Task 4").trashed == bool(trashed)


@pytest.mark.parametrize(("limits", "at_once"), [({"concurrency": 1}, 1), ({"concurrency": 3}, 3)])
def test_no_more_creates_are_under_way_than_the_config_allows(desk, make_row, stage, limits, at_once):
    playing, _ = stage
    playing.sandbox = counting = Counting(desk.sandbox)
    # Longer than three creates are apart (40 ms each), or their number would hang on the machine.
    desk.sandbox.set_latency(0.1)
    assert desk.run([make_row(number) for number in range(6)], limits=limits).code == 0
    assert counting.most == at_once


@pytest.mark.parametrize(("limits", "pace"), [({"rate": 5}, "4.99"), ({"share": "50%"}, "12.475"), ({}, "24.95")])
def test_a_check_reckons_with_the_pace_that_the_config_allows(desk, make_row, limits, pace):
    ended = desk("check", desk.config(limits=limits), desk.csv([make_row(1)]))
    assert re.findall(r"at (\S+) writes a second", ended.stderr) == [pace]


def test_an_answer_that_takes_longer_than_the_config_allows_is_not_waited_for(desk, make_row):
    desk.sandbox.set_faults(Faults.parse("slow=1,slow_seconds=3,only_writes=1"))
    ended = desk.run([make_row(1)], limits={"timeout": 0.3, "attempts": 1})
    assert ended.actions() == ["uncertain"]
    assert ended.failures[0]["_error_code"] == "read_timeout"


@pytest.mark.parametrize("where", ["config", "environment", "option"])
def test_the_ledger_lies_where_it_is_said_to_and_the_nearer_word_counts(desk, make_row, where):
    places = ["config", "environment", "option"][: ["config", "environment", "option"].index(where) + 1]
    if "environment" in places:
        desk.monkeypatch.setenv("LIGHTFIELD_ETL_LEDGER", "environment.db")
    options = ["--ledger", "option.db"] if "option" in places else []
    assert desk.run([make_row(1)], *options, ledger="config.db").code == 0
    assert [path.name for path in desk.folder.glob("*.db")] == [f"{where}.db"]


def sandboxed(desk, *options):
    """A sandbox in a process of its own; it is asked for a task, and for the list after that."""
    process = desk.start("sandbox", "--port", "0", *options)
    try:
        said = process.stdout.readline()
        url, key = (word.partition("=")[2] for word in said.split()[1:])
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}", "Lightfield-Version": "2026-03-01"}) as client:
            member = client.get("/v1/members").json()["data"][0]["id"]
            body = {"fields": {"$title": "x", "$status": "TODO"}, "relationships": {"$assignedTo": member}}
            began = time.monotonic()
            made = client.post("/v1/tasks", json=body)
            took = time.monotonic() - began
            return made, took, client.get("/v1/tasks").json()["data"]
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_the_sandbox_has_the_limit_the_latency_the_lag_and_the_dice_that_were_asked_for(desk):
    options = ("--rate", "7", "--latency", "150", "--list-lag", "60", "--seed", "5")
    made, took, listed = sandboxed(desk, *options)
    assert made.status_code == 200, made.text
    assert made.headers["X-RateLimit-Limit"] == "7"
    assert took >= 0.15
    assert listed == []
    again, _, listed = sandboxed(desk, "--latency", "0", "--seed", "5")
    assert again.json()["id"] == made.json()["id"]
    assert [task["id"] for task in listed] == [made.json()["id"]]


@pytest.fixture
def imported(desk, make_row):
    """Twelve rows are tasks."""
    assert desk.run([make_row(number) for number in range(12)]).code == 0
    return desk


def test_the_history_is_as_long_as_was_asked_for(imported, make_row):
    imported.run([make_row(1)])
    lengths = [len(json.loads(imported("runs", "--json", "--limit", limit).stdout)["imports"][0]["runs"]) for limit in ("1", "20")]
    assert lengths == [1, 2]


def test_rebuilt_failures_go_to_the_folder_that_was_asked_for(desk, make_row):
    desk.sandbox.set_faults(Faults.parse("error_before=1,only_writes=1"))
    desk.run([make_row(1)], limits={"attempts": 1})
    assert desk("runs", "latest", "--failures", "--out", "elsewhere").code == 0
    assert [path.name[-13:] for path in (desk.folder / "elsewhere").iterdir()] == ["-failures.csv"]


def test_an_undo_keeps_to_the_pace_and_the_time_that_it_is_given(imported, stopped):
    began = time.monotonic()
    ended = imported("undo", "desk.yaml", "--yes", "--rate", "4", "--max-duration", "1s")
    stopped(ended, 3, "limit_reached")
    assert time.monotonic() - began < 10
    assert 0 < ended.counts["trashed"] < 12
    assert imported("undo", "desk.yaml", "--yes").code == 0
    assert all(task.trashed for task in imported.sandbox.tasks)
