"""A guard that is not met stops a run before its first write; each says what was found."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta

import pytest


@pytest.fixture
def guarded(bench):
    """Guards for the bench; then rows, a command, and what it said."""

    def look(rows, *, guards, data=("rows.csv",), config=None, **options):
        """By an offline check, which is the quickest, unless options are given."""
        bench.config(guards=guards, **(config or {}))
        bench.rows(rows)
        summary = bench.job(data=data, **(options or OFFLINE))
        assert (summary.exit_code == 2) == (summary.reason == "guard") or summary.reason == "config", summary.message
        if summary.exit_code == 2:
            assert bench.titles() == []
            assert any(word in summary.next_command for word in ("the config", "jobs.yaml", "guards"))
        return summary

    return look


def ago(bench, **parts):
    return f"{bench.clock.now() - timedelta(**parts):%Y-%m-%dT%H:%M:%SZ}"


FRESH = {"max_age": {"column": "Notes", "is": "26h"}}
OFFLINE = {"command": "check", "offline": True}
OPTIONS = [{"command": "run"}, {"stream": True}, {"command": "check"}, OFFLINE]


@pytest.mark.parametrize("options", OPTIONS)
def test_data_whose_newest_value_is_too_old_stops_it(guarded, bench, options):
    rows = [{"Title": "A", "Notes": ago(bench, days=9)}, {"Title": "B", "Notes": ago(bench, hours=31)}]
    summary = guarded(rows, guards=FRESH, **options)
    assert "guards.max_age: the newest 'Notes' is 31 h old (rows.csv row 3: '" in summary.message
    assert "at most 26 h are allowed" in summary.message


@pytest.mark.parametrize("options", OPTIONS[1:2] + OPTIONS[3:])
def test_one_value_that_is_new_enough_is_enough(guarded, bench, options):
    rows = [{"Title": "A", "Notes": ago(bench, hours=25)}, {"Title": "B", "Notes": "never"}, {"Title": "C", "Notes": ago(bench, days=80)}]
    assert guarded(rows, guards=FRESH, **options).exit_code == 0


def test_a_column_that_is_empty_cannot_tell_the_age(guarded):
    assert "'Notes' is empty in all 2 rows" in guarded(["A", "B"], guards=FRESH).message


def test_values_that_are_no_date_are_shown(guarded, bench):
    rows = [{"Title": "A", "Notes": "yesterday"}, {"Title": "B", "Notes": "8.12.26"}]
    message = guarded(rows, guards=FRESH).message
    assert "values that are no date (rows.csv row 2: 'yesterday', rows.csv row 3: '8.12.26')" in message
    message = guarded([*rows, {"Title": "C", "Notes": ago(bench, days=3)}], guards=FRESH).message
    assert "is 72 h old" in message
    assert "row 2: 'yesterday'" in message


def test_a_time_without_a_zone_needs_the_zone_of_the_config(guarded, bench):
    rows = [{"Title": "A", "Notes": ago(bench, hours=1).removesuffix("Z")}]
    assert "times without a zone, and none is configured" in guarded(rows, guards=FRESH).message
    assert guarded(rows, guards=FRESH, config={"timezone": "UTC"}).exit_code == 0


def test_dates_are_read_by_the_formats_of_the_due_date(guarded, bench):
    fresh = f"{bench.clock.now() - timedelta(hours=1):%d.%m.%Y %H:%M}"
    told = {
        "$title": "Title",
        "$status": {"value": "TODO"},
        "$dueAt": {"column": "Due", "formats": ["%d.%m.%Y %H:%M"], "timezone": "UTC"},
        "$assignedTo": {"column": "Owner", "lookup": "member.email"},
    }
    assert guarded([{"Title": "A", "Notes": fresh}], guards=FRESH, config={"map": told}).exit_code == 0


def test_a_value_in_the_future_says_nothing_of_the_age(guarded, bench):
    stale = {"Title": "A", "Notes": ago(bench, days=3)}
    ahead = {"Title": "B", "Notes": "2099-01-01T00:00:00Z"}
    assert guarded([stale, ahead], guards=FRESH).exit_code == 2
    assert guarded([ahead], guards=FRESH).exit_code == 0
    assert "are in the future (rows.csv row 2: '2099" in bench.said.getvalue()


def test_a_column_that_the_file_lacks_is_told_with_its_place(guarded, bench):
    summary = guarded(["A"], guards={"max_age": {"column": "Note", "is": "1h"}})
    assert summary.reason == "config"
    assert "jobs.yaml:1:" in summary.message
    assert "has no column 'Note'; nearest: 'Notes'" in summary.message
    assert not bench.ledger.exists()


def test_a_nested_column_may_tell_the_age(guarded, bench):
    records = [{"Id": 1, "Title": "A", "Owner": "sam@acme.example", "meta": {"at": ago(bench, days=2)}}]
    (bench.folder / "rows.ndjson.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, records)).encode()))
    nested = {"$title": "Title", "$status": {"value": "TODO"}, "$assignedTo": {"column": "Owner", "lookup": "member.email"}}
    guards = {"max_age": {"column": "meta.at", "is": "26h"}}
    summary = guarded([], guards=guards, data=("rows.ndjson.gz",), config={"map": nested})
    assert "the newest 'meta.at' is 48 h old" in summary.message


@pytest.mark.parametrize(
    ("options", "guards", "told"),
    [
        ({"command": "run"}, {"min_rows": 3}, "at least 3"),
        ({"stream": True}, {"rows": 3}, "exactly 3"),
        (OFFLINE, {"rows": 3}, "exactly 3"),
    ],
)
def test_too_few_rows_stop_it(guarded, options, guards, told):
    assert told in guarded(["A", "B"], guards=guards, **options).message
    assert guarded(["A", "B", "C"], guards=guards, **options).exit_code == 0


def test_an_export_of_a_header_alone_is_stopped_by_a_guard(guarded):
    message = guarded([], guards={"min_rows": 1, **FRESH}).message
    assert "the input has 0 rows, at least 1" in message
    assert "'Notes' has no rows" in message


def test_too_many_rejected_rows_stop_it_but_not_without_a_look_ahead_which_is_said(guarded, bench):
    rows = ["A", "", ""]
    assert "2 of 3 rows would be rejected, at most 50% are allowed" in guarded(rows, guards={"max_rejected": "50%"}).message
    streamed = guarded(rows, guards={"max_rejected": "50%"}, stream=True)
    assert (streamed.exit_code, bench.titles()) == (1, ["A"])
    assert "guards.max_rejected is not held with --stream" in bench.said.getvalue()


def test_all_guards_that_are_not_met_are_told_at_once(guarded, bench):
    rows = [{"Title": "", "Notes": ago(bench, days=3)}]
    message = guarded(rows, guards={"min_rows": 2, "rows": 5, "max_rejected": 0, **FRESH}).message
    assert [line.partition(":")[0] for line in message.splitlines()] == [
        "guards.min_rows",
        "guards.rows",
        "guards.max_age",
        "guards.max_rejected",
    ]


def test_a_part_of_the_input_is_no_measure_of_the_whole(guarded, bench):
    guards = {"min_rows": 3, **FRESH}
    assert guarded(["A", "B"], guards=guards, limit=1).exit_code == 0
    assert "guards.min_rows, guards.max_age not held: they are about the whole input, and --limit" in bench.said.getvalue()


def test_a_failures_file_is_not_held_to_the_size_of_the_whole(bench):
    bench.config(guards={"min_rows": 3})
    bench.rows(["A", "B", ""])
    summary = bench.job()
    assert summary.exit_code == 1
    mended = (bench.folder / "results" / summary.run_id / "failures.csv").read_text().replace("3,,", "3,C,")
    (bench.folder / "mended.csv").write_text(mended)
    assert bench.job(data=("mended.csv",)).exit_code == 0
    assert bench.titles() == ["A", "B", "C"]
