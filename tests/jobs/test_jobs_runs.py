"""What the history tells: every run, how it ended, and the rows that still wait; from the ledger alone."""

from __future__ import annotations

import csv
import io
import json
import stat
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from etl.errors import LedgerError, SettingsError
from etl.jobs.request import RunsRequest, Surroundings
from etl.jobs.runs import look_back
from etl.ledger.holder import Holder
from etl.ledger.runs import RunRecord
from etl.ledger.store import open_ledger
from etl.records import Action, Operation, OperationKind, Outcome, Problem
from etl.report.history import history_text
from etl.report.past import OneRun, past_text
from etl.report.voice import Voice, make_console

CONFIG = Path("jobs.yaml")


@pytest.fixture
def look(bench):
    """Looks back, as somebody without a key and without a network would."""

    def look(run=None, config=CONFIG, **options):
        around = Surroundings(
            environment={},
            clock=bench.clock,
            random=Random(1),
            voice=Voice(make_console(io.StringIO(), {}), mode="text", now=bench.clock.now),
            stdin=None,
            working_folder=bench.folder,
        )
        return look_back(RunsRequest(config_path=config, run=run, **options), around)

    return look


@pytest.fixture
def at_work(bench):
    """Another process has the lock, and has noted a run unless it is still preparing one."""

    @contextmanager
    def at_work(*, noted=True):
        somebody = Holder("sam@ops (pid 4)", "another machine", 4, None)
        with open_ledger(str(bench.ledger), clock=bench.clock, holder=somebody) as ledger:
            [rows] = ledger.imports()
            rows.lease.acquire()
            if noted:
                rows.start_run(RunRecord("now", "run", bench.clock.now(), settings={"process": somebody.text}))
            yield rows
            rows.lease.release()

    return at_work


def shown(past):
    return history_text(past, io.StringIO(), {})


def note(bench, run_id="first", *, name="jobs", origin="http://localhost", ledger="jobs.ledger", ended=True, rows=()):
    """A run as a job notes it; ``rows`` of it, by their titles, may be in Lightfield or not."""
    with open_ledger(str(bench.folder / ledger), clock=bench.clock) as opened:
        held = opened.open_import(opened.remember_workspace(origin, [origin], label=origin), name)
        bench.clock.jump(seconds=2)
        held.start_run(RunRecord(run_id, "run", bench.clock.now(), settings={"rows": 3, "process": "kim@ops (pid 9)"}))
        if rows:
            held.lease.acquire()
            begun = held.begin(run_id, [create(title, place) for place, title in enumerate(rows)], bench.clock.now())
            problem = Problem("timeout", None, "no answer in time")
            held.finish(run_id, [Outcome(each, Action.UNCERTAIN, 2, bench.clock.now(), problem=problem) for each in begun])
            held.lease.release()
        if ended:
            counts = {"created": 1, "rejected": 2, "uncertain": len(rows)}
            held.finish_run(run_id, "finished_with_failures", 1, counts, bench.clock.now() + timedelta(seconds=5))


def create(title, place):
    fields = {"$title": title} if place % 2 else {"$title": title, "$description": "two\nlines"}
    payload = {"fields": fields, "relationships": {"$assignedTo": "mem_1", "related": ["a", "b"]}}
    return Operation(OperationKind.CREATE, f"key-{place}", bytes([place] * 16), bytes(16), payload, f"idem-{place}")


def lines(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def troubled(bench):
    """One row is a task, one was refused before sending, one never got there, and of one nobody knows."""
    bench.rows(["good", {"Title": "odd", "Owner": "nobody@acme.example"}, "=lost, but made"])
    bench.transport.lost = {"=lost, but made": True}
    return bench.job()


def test_every_run_has_its_line_with_what_became_of_its_rows_and_its_options(bench, look):
    bench.rows(["a", "b"])
    first, second = bench.job(), bench.job(limit=1, sync=True, complete=True)
    [past] = look().imports
    assert (past.name, past.workspace.origin, past.held_by, past.older_runs) == ("jobs", "http://localhost", None, 0)
    assert [run.run_id for run in past.runs] == [second.run_id, first.run_id]
    assert past.runs[1].counts == {action.value: rows for action, rows in first.counts.items()}
    assert (past.runs[0].state, past.runs[0].exit_code) == ("finished", 0)
    assert past.runs[0].duration_seconds == pytest.approx(second.duration_seconds, abs=0.5)
    text = shown(look())
    assert text.index(second.run_id) < text.index(first.run_id)
    assert "1 unchanged" in text
    assert "2 created" in text
    assert look("latest").settings["options"] == {"limit": 1, "sync": True, "complete": True}
    assert "options   limit 1, complete, sync" in shown(look("latest"))


def test_more_runs_than_were_asked_for_are_counted(bench, look):
    for run_id in ("one", "two", "three"):
        note(bench, run_id)
    [past] = look(limit=1).imports
    assert ([run.run_id for run in past.runs], past.older_runs) == (["three"], 2)
    assert "2 older: --limit 3" in shown(look(limit=1))


def test_looking_back_makes_no_folder_and_changes_nothing(bench, look):
    note(bench, rows=["a"])
    before = sorted(bench.folder.rglob("*"))
    look()
    look("latest")
    assert sorted(bench.folder.rglob("*")) == before
    assert not (bench.folder / "results").exists()


def test_one_run_is_told_with_its_settings_and_the_rows_that_wait(look, troubled):
    past = look("latest")
    assert isinstance(past, OneRun)
    assert past.run.run_id == troubled.run_id
    assert past.run.waiting == {"uncertain": 1}
    [row] = past.rows
    assert (row.source_key, row.state, row.operation, row.attempts) == ("3", "uncertain", "create", 1)
    assert row.error_message
    assert row.values["$title"] == "=lost, but made"
    assert past.failures_csv == f"results/{troubled.run_id}/failures.csv"
    assert past.next_command == f"lightfield-etl retry jobs.yaml {troubled.run_id}"
    settings = past.settings
    assert settings["data"][0]["path"] == "rows.csv"
    assert len(settings["data"][0]["sha256"]) == len(settings["config_sha256"]) == 64
    assert {"config", "user", "host", "versions", "process", "reports"} <= settings.keys()
    text = shown(past)
    assert "1  rejected" in text
    assert "1 row of it still waits: 1 uncertain:" in text
    assert f"they stand in results/{troubled.run_id}/failures.csv" in text


def test_a_failures_csv_that_is_gone_is_not_named(bench, look):
    note(bench)
    past = look("latest")
    assert past.failures_csv is None
    assert "failures.csv of that run is not there any more" in shown(past)


def test_what_the_ledger_holds_of_failures_becomes_a_private_file_that_no_spreadsheet_runs(bench, look):
    note(bench, rows=["=cmd()"])
    past = look("latest", failures=True, out=Path("kept"))
    path = bench.folder / past.rebuilt
    assert path == bench.folder / "kept" / "first-failures.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    [line] = lines(path)
    assert (line["$title"], line["$assignedTo"]) == ("'=cmd()", "mem_1")
    assert (line["_source_key"], line["_action"], line["_attempts"], line["_operation"]) == ("key:key-0", "uncertain", "2", "create")
    assert (line["_error_code"], line["_error_message"]) == ("timeout", "no answer in time")
    assert look("latest", failures=True, out=Path("kept")).rebuilt == past.rebuilt  # again: it is replaced
    assert not list((bench.folder / "kept").glob(".*"))


def test_a_rebuilt_file_is_not_taken_for_a_failures_file(bench, look):
    note(bench, rows=["a"])
    summary = bench.job(data=(look("latest", failures=True).rebuilt,))
    assert (summary.exit_code, summary.reason) == (2, "config")
    assert len(bench.sandbox.tasks) == 0


def test_rows_of_different_fields_stand_in_their_columns(bench, look):
    note(bench, rows=["a", "b"])
    first, second = lines(bench.folder / look("latest", failures=True).rebuilt)
    assert (first["$title"], first["$description"], first["related"]) == ("a", "two\nlines", "a; b")
    assert (second["$title"], second["$description"], second["related"]) == ("b", "", "a; b")


def test_no_file_is_made_where_nothing_waits(bench, look):
    note(bench)
    past = look("latest", failures=True)
    assert past.rebuilt is None
    assert not list(bench.folder.rglob("*-failures.csv"))


def test_a_run_that_never_ended_says_so_and_that_its_counts_are_unknown(bench, look):
    note(bench)
    note(bench, "crashed", ended=False)
    [newest, _] = look().imports[0].runs
    assert (newest.state, newest.counts, newest.exit_code, newest.written) == ("never_ended", None, None, {})
    past = look("crashed")
    assert "its process died" in shown(past)
    assert "the rest is unknown" in shown(past)
    assert past.next_command.startswith("run the same command again (run of jobs.yaml")
    note(bench, "mended")
    assert look("crashed").next_command is None


def test_a_run_that_is_under_way_says_by_whom_and_no_older_one_does(bench, look, at_work):
    note(bench)
    note(bench, "crashed", ended=False)
    with at_work():
        [past] = look().imports
        assert [run.state for run in past.runs] == ["under_way", "never_ended", "finished_with_failures"]
        assert past.held_by.holder == "sam@ops (pid 4)"
        assert "under way by sam@ops (pid 4)" in shown(look())
        assert look("now").next_command is None
        assert look("crashed").run.state == "never_ended"
    assert look("now").run.state == "never_ended"


def test_who_is_still_preparing_makes_no_crashed_run_look_alive(bench, look, at_work):
    note(bench)
    note(bench, "crashed", ended=False)
    with at_work(noted=False):
        assert look().imports[0].runs[0].state == "never_ended"
        assert "sam@ops (pid 4), since" in shown(look())
        assert "is preparing a run" in shown(look())


def test_a_lock_that_ran_out_is_nobodys(bench, look, at_work):
    note(bench)
    with at_work() as rows:
        bench.clock.jump(minutes=2)
        assert look().imports[0].held_by is None
        assert look().imports[0].runs[0].state == "never_ended"
        rows.lease.acquire()


def test_the_same_import_in_two_workspaces_is_shown_apart(bench, look):
    note(bench, "here")
    note(bench, "there", origin="http://127.0.0.1")
    history = look()
    assert [(each.name, each.workspace.origin) for each in history.imports] == [
        ("jobs", "http://127.0.0.1"),
        ("jobs", "http://localhost"),
    ]
    assert [each.runs[0].run_id for each in history.imports] == ["there", "here"]
    assert look("latest").run.run_id == "there"
    assert look("here").workspace.origin == "http://localhost"


def test_without_a_config_all_imports_of_the_only_ledger_here_are_shown(bench, look):
    note(bench, ledger="shared.ledger")
    note(bench, ledger="shared.ledger", name="other")
    bench.config(name="other", ledger="shared.ledger")
    assert [each.name for each in look(config=None).imports] == ["other", "jobs"]
    assert look(config=None, ledger="shared.ledger") == look(config=None)
    assert [each.name for each in look().imports] == ["other"]


def test_without_a_config_more_ledgers_than_one_are_named(bench, look):
    with pytest.raises(SettingsError, match="there is no ledger in"):
        look(config=None)
    for name in ("a.ledger", "b.ledger"):
        open_ledger(str(bench.folder / name), clock=bench.clock).close()
    with pytest.raises(SettingsError, match=r"there are 2 ledgers here: a\.ledger, b\.ledger"):
        look(config=None)


def test_a_run_that_nobody_knows_is_met_with_the_nearest_and_the_newest(bench, look):
    note(bench, "20261123T035313Z-12f4b8")
    note(bench, "20261124T040000Z-93ac01")
    with pytest.raises(SettingsError, match="did you mean 20261123T035313Z-12f4b8") as refused:
        look("20261123T035313Z-12f4b9")
    assert refused.value.next_step == "the newest runs are: 20261124T040000Z-93ac01, 20261123T035313Z-12f4b8"
    with pytest.raises(SettingsError, match=r"no run 'zzz'$"):
        look("zzz")


def test_an_import_that_the_ledger_does_not_know_is_met_with_those_it_knows(bench, look):
    note(bench)
    bench.config(name="other", ledger="jobs.ledger")
    with pytest.raises(SettingsError, match="knows no import 'other'; it knows: jobs"):
        look()


def test_a_ledger_that_is_not_there_is_not_made(bench, look):
    with pytest.raises(LedgerError, match="there is no ledger") as caught:
        look()
    assert "lightfield-etl reconcile jobs.yaml" in caught.value.next_step
    assert not bench.ledger.exists()


def test_an_empty_ledger_has_no_history(bench, look):
    open_ledger(str(bench.ledger), clock=bench.clock).close()
    assert look().imports == ()
    assert "knows no import yet" in shown(look())
    with pytest.raises(SettingsError, match="knows no run yet"):
        look("latest")


def test_the_history_of_an_older_version_is_told_as_far_as_it_goes(bench, look):
    """Such runs noted neither who held the lock nor their folder."""
    with open_ledger(str(bench.ledger), clock=bench.clock) as ledger:
        rows = ledger.open_import(ledger.remember_workspace("http://localhost", ["mem_1"], label="acme"), "jobs")
        rows.start_run(RunRecord("old", "run", bench.clock.now(), settings={"config": "jobs.yaml", "rows": None}))
        rows.finish_run("old", "finished", 0, {"created": 2}, bench.clock.now() + timedelta(seconds=5))
        rows.start_run(RunRecord("older-still-open", "run", bench.clock.now()))
        rows.lease.acquire()
        assert look().imports[0].runs[0].state == "under_way"
        rows.lease.release()
    assert "2  created" in shown(look("old"))


def test_what_came_from_cells_acts_on_no_terminal(bench, look):
    note(bench, "a\x1b[31m")
    for text in (shown(look("latest")), shown(look())):
        assert "\x1b" not in text
        assert "a␛[31m" in text


@pytest.mark.parametrize("run", [None, "latest"])
def test_the_json_says_all_of_it_in_ascii(bench, look, run):
    note(bench, rows=["Müller"])
    past = look(run)
    text = past_text(past)
    assert text.isascii()
    assert json.loads(text) == past.model_dump(mode="json")


def test_every_job_leaves_its_mark_and_rows_that_went_on_no_longer_wait(bench, look, troubled):
    bench.job("reconcile")
    bench.transport.lost = {}
    bench.job("retry", data=(), run=troubled.run_id)
    [past] = look().imports
    assert [run.command for run in past.runs] == ["retry", "reconcile", "run"]
    settings = [look(run.run_id).settings for run in past.runs]
    assert settings[0]["options"] == {"run": troubled.run_id}
    for noted in settings:
        assert {"config", "config_sha256", "data", "user", "host", "versions", "process", "reports", "options"} <= noted.keys()
    old = look(troubled.run_id)
    assert (old.run.waiting, old.rows) == ({}, ())
    assert "1 row that failed or was uncertain went on since, in a later run" in shown(old)
