"""Guards and options of ``run``: how much, how fast, and when to stop."""

from __future__ import annotations

import re
import signal
import sys
import time

import pytest


@pytest.mark.parametrize(
    ("guards", "said"),
    [
        ({"min_rows": 4}, "min_rows"),
        ({"rows": 4}, "rows"),
        ({"max_rejected": 0}, "max_rejected"),
        ({"max_rejected": "30%"}, "max_rejected"),
    ],
)
def test_a_guard_that_is_not_met_stops_the_run_before_the_first_write(desk, stopped, make_row, guards, said):
    ended = desk.run([make_row(1), make_row(2), make_row(3, title="")], guards=guards)
    assert said in stopped(ended, 2, "guard")
    assert desk.writes == 0


def test_all_guards_that_are_not_met_are_told_a_line_each(desk, stopped, make_row):
    ended = desk.run([make_row(1), make_row(2, title="")], guards={"min_rows": 4, "max_rejected": "30%"})
    stopped(ended, 2, "guard")
    assert "min_rows" in ended.stderr
    assert "max_rejected" in ended.stderr
    assert "⏎" not in ended.stderr


def test_guards_that_are_met_let_the_run_go_on(desk, make_row):
    rows = [make_row(1), make_row(2), make_row(3, title="")]
    assert desk.run(rows, guards={"min_rows": 3, "rows": 3, "max_rejected": "50%"}).code == 1
    assert len(desk.titles) == 2


def test_a_limit_takes_the_first_rows_alone(desk, make_row):
    ended = desk.run([make_row(number) for number in range(5)], "--limit", "2")
    assert (ended.code, desk.titles, len(ended.results)) == (0, ["Task 0", "Task 1"], 2)
    assert desk.run([make_row(number) for number in range(5)]).counts == {"created": 3, "unchanged": 2}


def test_a_limit_spans_files(desk, make_row):
    desk.csv([make_row(1)], "exports/a.csv")
    desk.csv([make_row(2), make_row(3)], "exports/b.csv")
    assert desk("run", desk.config(), "exports/*.csv", "--limit", "2").code == 0
    assert desk.titles == ["Task 1", "Task 2"]


def test_too_many_failures_stop_the_run_and_the_rest_is_not_sent(desk, stopped, make_row):
    rows = [make_row(0), *(make_row(number, owner="former@acme.example") for number in range(1, 40))]
    ended = desk.run(rows, "--max-failures", "5", "--concurrency", "1")
    assert "--max-failures 5" in stopped(ended, 3, "limit_reached")
    assert ended.counts["failed"] < 10
    assert ended.counts["not_sent"] > 25
    assert len(ended.results) == 40
    assert "not_sent" not in {line["_action"] for line in ended.failures}


def test_the_share_of_failures_in_the_config_counts_from_a_hundred_rows_on(desk, make_row):
    rows = [make_row(0), *(make_row(number, owner="former@acme.example") for number in range(1, 40))]
    assert desk.run(rows, limits={"max_failures": "5%"}).code == 1


def test_a_longest_duration_stops_the_run_and_the_same_command_goes_on(desk, stopped, make_row):
    rows = [make_row(number) for number in range(60)]
    first = desk.run(rows, "--max-duration", "1s", "--rate", "10")
    assert "--max-duration" in stopped(first, 3, "limit_reached")
    assert 0 < len(desk.titles) < 60
    assert desk.run(rows).code == 0
    assert len(desk.titles) == 60


def test_a_stream_writes_without_a_look_ahead(desk, make_row):
    rows = [make_row(1), make_row(2, title=""), make_row(3), make_row(1)]
    ended = desk.run(rows, "--stream")
    assert (ended.code, desk.titles) == (1, ["Task 1", "Task 3"])
    assert ended.actions() == ["created", "rejected", "created", "duplicate"]
    assert [(kind["code"], kind["rows"]) for kind in ended.summary["problems"]] == [("missing_required", 1)]


def test_a_stream_refuses_times_without_a_zone_as_problems_or_at_once(desk, make_row):
    ended = desk.run([make_row(1, due="2026-03-04 14:00")], "--stream", timezone=None)
    assert ended.code in (1, 2)
    assert desk.titles == []


def test_another_results_folder_takes_the_reports(desk, make_row):
    ended = desk.run([make_row(1)], "--out", "reports/july")
    assert ended.folder.parent == desk.folder / "reports" / "july"


def test_another_ledger_is_used_and_its_path_is_relative_to_the_working_folder(desk, make_row):
    assert desk.run([make_row(1)], "--ledger", "other.ledger").code == 0
    assert (desk.folder / "other.ledger").is_file()
    assert not (desk.folder / "desk.ledger").exists()


def test_a_rehearsal_leaves_no_ledger_and_does_not_count_for_the_real_run(desk, make_row):
    desk.monkeypatch.delenv("LIGHTFIELD_API_KEY")
    ended = desk.run([make_row(1, owner="somebody@else.example")], "--sandbox")
    assert ended.code == 0, ended.stderr
    assert "1 owners accepted unseen" in ended.stderr
    assert not list(desk.folder.glob("*.ledger*"))
    assert not desk.sandbox.requests


def test_a_rehearsal_is_held_to_no_workspace(desk, make_row):
    assert desk.run([make_row(1)], "--sandbox", workspace={"member": "ops@elsewhere.example"}).code == 0
    assert desk.run([make_row(1)], workspace={"member": "ops@elsewhere.example"}).code == 2


def test_faults_without_the_sandbox_are_refused(desk, make_row):
    ended = desk.run([make_row(1)], "--faults")
    assert (ended.code, desk.writes) == (2, 0)
    assert "--sandbox" in ended.stderr


_HEARD = pytest.mark.skipif(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, reason="under nohup a run goes on, as it should")


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow), pytest.param(signal.SIGHUP, 129, marks=_HEARD)],
)
def test_a_signal_lets_what_is_in_flight_finish_and_the_same_command_goes_on(desk, make_row, number, code):
    rows = [make_row(number) for number in range(40)]
    desk.sandbox.set_latency(0.1)
    process = desk.start("run", desk.config(), desk.csv(rows), "--concurrency", "2")
    desk.wait_for_writes(4)
    process.send_signal(number)
    first = desk.finish(process)
    assert first.code == code
    assert (first.summary["status"], first.summary["exit_code"]) == ("interrupted", code)
    assert len(first.results) == 40
    assert first.counts["created"] == len(desk.titles)
    assert first.counts["created"] + first.counts["not_sent"] == 40
    assert "run the same command again" in first.last_line
    desk.sandbox.set_latency(0)
    assert desk.run(rows).counts == {"created": first.counts["not_sent"], "unchanged": first.counts["created"]}
    assert desk.titles == sorted(row[1] for row in rows)


@pytest.mark.slow
def test_a_second_signal_leaves_at_once_and_loses_nothing(desk, make_row):
    rows = [make_row(number) for number in range(40)]
    desk.sandbox.set_latency(0.1)
    process = desk.start("run", desk.config(), desk.csv(rows), "--concurrency", "2")
    desk.wait_for_writes(4)
    desk.sandbox.set_latency(3)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    first = desk.finish(process)
    assert (first.code, len(first.results)) == (130, 40)
    # Two requests are half-way through their three seconds.
    assert time.monotonic() - began < 2
    desk.sandbox.set_latency(0)
    assert desk.run(rows).code == 0
    assert desk.titles == sorted(row[1] for row in rows)


def test_a_kill_in_the_middle_leaves_no_duplicate_behind(desk, make_row):
    rows = [make_row(number) for number in range(60)]
    desk.sandbox.set_latency(0.1)
    process = desk.start("run", desk.config(), desk.csv(rows), "--concurrency", "8")
    desk.wait_for_writes(20)
    process.kill()
    process.communicate()
    desk.sandbox.set_latency(0)
    ended = desk.run(rows, "--wait", "2m")
    assert ended.code == 0, ended.stderr
    assert desk.titles == sorted(row[1] for row in rows)


def test_the_version_tells_what_it_stands_on(desk):
    ended = desk("--version")
    assert ended.code == 0
    assert re.search(r"lightfield-etl \d+\.\d+", ended.stdout)
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in ended.stdout
