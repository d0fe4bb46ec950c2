"""The same row in two files is one task."""

from __future__ import annotations

import csv

import pytest


@pytest.mark.parametrize("stream", [False, True])
def test_a_bad_row_in_one_file_does_not_make_its_neighbours_differ_from_themselves(bench, stream):
    bench.rows([{"Id": "1", "Title": "a"}, {"Id": "2", "Title": "b", "Owner": "nobody@x.example"}])
    (bench.folder / "first.csv").write_bytes((bench.folder / "rows.csv").read_bytes())
    bench.rows([{"Id": "1", "Title": "a"}])
    summary = bench.job(data=("first.csv", "rows.csv"), stream=stream)
    assert bench.counts(summary) == {"created": 1, "rejected": 1, "duplicate": 1}


def test_check_compares_rows_that_share_a_key_by_what_would_be_sent(bench):
    bench.config(
        map={
            "$title": "Title",
            "$status": {"value": "TODO"},
            "$description": {"column": "Notes", "html": True},
            "$assignedTo": {"column": "Owner", "lookup": "member.email"},
        }
    )
    rows = [
        {"Id": "1", "Title": "a", "Notes": "<p>call <b>Ann</b></p>"},
        {"Id": "1", "Title": "a ", "Notes": "<div>call <strong>Ann</strong></div>"},
        {"Id": "2", "Title": "b", "Notes": "<p>call Ann</p>"},
        {"Id": "2", "Title": "b", "Notes": "<p>call Bob</p>"},
        {"Id": "3", "Title": "c"},
    ]
    bench.rows(rows)
    checked = bench.job("check")
    assert bench.counts(checked) == {"created": 2, "duplicate": 1, "rejected": 2}
    with (bench.folder / "results" / checked.run_id / "failures.csv").open(newline="") as stream:
        assert [line["_error_code"] for line in csv.DictReader(stream)] == ["duplicate_key", "duplicate_key"]
    assert bench.counts(bench.job()) == bench.counts(checked)


def test_check_finds_the_same_row_in_two_files_to_be_one_task(bench):
    bench.rows([{"Id": "1", "Title": "a"}, {"Id": "2", "Title": "b"}])
    (bench.folder / "first.csv").write_bytes((bench.folder / "rows.csv").read_bytes())
    bench.rows([{"Id": "2", "Title": "b"}, {"Id": "1", "Title": "other"}])
    checked = bench.job("check", data=("first.csv", "rows.csv"))
    assert bench.counts(checked) == {"created": 1, "duplicate": 1, "rejected": 2}
    assert bench.counts(bench.job(data=("first.csv", "rows.csv"))) == bench.counts(checked)
