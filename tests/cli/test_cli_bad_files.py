"""A file that cannot be used is refused in a sentence, with exit 2, before anything is written."""

from __future__ import annotations

import polars as pl
import pytest

from etl.extract.scan import OpenSource

GOOD = "Id,Title,Status,Due,Owner\n1,Call,Open,,sam@acme.example\n"


def refused(desk, stopped, data, **changes):
    ended = desk("run", desk.config(**changes), data)
    message = stopped(ended, 2, "source")
    assert desk.titles == []
    return message


def test_a_missing_file_is_named(desk, stopped):
    assert "nowhere.csv" in refused(desk, stopped, "nowhere.csv")


def test_a_glob_that_fits_nothing_is_named(desk, stopped):
    assert "exports/*.csv" in refused(desk, stopped, "exports/*.csv")


def test_an_empty_file_is_said_to_be_empty(desk, stopped):
    assert "tasks.csv is empty" in refused(desk, stopped, desk.write("tasks.csv", ""))


def test_a_header_alone_is_no_rows_and_no_error(desk):
    ended = desk.run([])
    assert (ended.code, ended.results, ended.summary["rows"]) == (0, [], 0)


def test_a_header_alone_is_refused_where_a_guard_wants_rows(desk, stopped):
    ended = desk.run([], guards={"min_rows": 1})
    assert "min_rows" in stopped(ended, 2, "guard")


def test_a_directory_is_said_to_be_one(desk, stopped):
    (desk.folder / "exports").mkdir()
    message = refused(desk, stopped, "exports")
    assert "exports" in message
    assert "folder" in message


def test_a_quote_that_is_not_closed_is_told_with_its_line(desk, stopped):
    text = GOOD + '2,"Call Bob,Open,,sam@acme.example\n3,Call,Open,,sam@acme.example\n'
    message = refused(desk, stopped, desk.write("tasks.csv", text))
    assert "quote" in message
    assert "3" in message


def test_bytes_that_are_not_the_named_encoding_are_told_with_their_place(desk, stopped):
    data = desk.write("tasks.csv", GOOD.replace("Call", "Café").encode("cp1252"))
    message = refused(desk, stopped, data, source={"encoding": "utf-8"})
    assert "line 2" in message
    assert "E9" in message


def test_rows_that_are_not_utf_8_among_rows_that_are_go_to_the_failures(desk):
    text = GOOD.replace("Call", "Zoë").encode() + b"2,Caf\xe9,Open,,sam@acme.example\n"
    ended = desk("run", desk.config(), desk.write("tasks.csv", text))
    assert (ended.code, desk.titles) == (1, ["Zoë"])
    assert [(line["_row"], line["_error_code"]) for line in ended.failures] == [("3", "not_utf8")]


def test_a_parquet_file_that_is_cut_off_is_named(desk, stopped):
    path = desk.folder / "tasks.parquet"
    pl.DataFrame({"Id": ["1"], "Title": ["Call"], "Status": ["Open"], "Due": [None], "Owner": ["sam@acme.example"]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    message = refused(desk, stopped, path)
    assert "tasks.parquet" in message
    assert "Parquet" in message


@pytest.mark.parametrize("head", [b"PK\x03\x04 workbook", b"\xd0\xcf\x11\xe0 workbook"])
def test_a_workbook_that_calls_itself_csv_is_recognised(desk, stopped, head):
    assert "Excel" in refused(desk, stopped, desk.write("tasks.csv", head))


def test_a_column_that_the_file_lacks_is_told_with_the_place_in_the_config_and_the_nearest(desk):
    ended = desk("run", desk.config(map={"$title": "Titel"}), desk.write("tasks.csv", GOOD))
    assert (ended.code, ended.summary["reason"]) == (2, "config")
    assert "desk.yaml:" in ended.stderr
    assert "nearest: 'Title'" in ended.stderr
    assert desk.titles == []


def test_a_column_name_that_stands_twice_is_refused_where_the_map_reads_it(desk):
    data = desk.write("tasks.csv", "Id,Title,Title,Status,Due,Owner\n1,Call,Bob,Open,,sam@acme.example\n")
    ended = desk("run", desk.config(), data)
    assert (ended.code, ended.summary["status"], desk.titles) == (2, "nothing_written", [])
    assert "Title" in ended.summary["message"]


def test_a_row_that_is_too_long_goes_to_the_failures_and_a_short_one_has_empty_cells(desk):
    text = (
        "Id,Title,Status,Owner,Due\n1,Long,Open,sam@acme.example,,surplus\n2,Short,Open,sam@acme.example\n\n4,Fits,Open,sam@acme.example,\n"
    )
    ended = desk("run", desk.config(), desk.write("tasks.csv", text))
    assert (ended.code, desk.titles) == (1, ["Fits", "Short"])
    assert [(line["row"], line["action"], line["error_code"]) for line in ended.results] == [
        ("2", "rejected", "too_many_fields"),
        ("3", "created", ""),
        ("5", "created", ""),
    ]


def changing(desk, change):
    """Lets ``change`` happen once the first pass is over."""
    passes = []
    original = OpenSource.batches

    def batches(source, **more):
        passes.append(source)
        if len(passes) == 2:
            change()
        return original(source, **more)

    desk.monkeypatch.setattr(OpenSource, "batches", batches)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_that_changes_between_the_passes_stops_the_run(desk, stopped, make_row, suffix):
    path = desk.csv([make_row(number) for number in range(1, 4)])
    if suffix == "parquet":
        pl.read_csv(path, infer_schema=False).write_parquet(path.with_suffix(".parquet"))
        path = path.with_suffix(".parquet")
    changing(desk, lambda: path.write_bytes(path.read_bytes() + b"4,Late,Open,,sam@acme.example\n"))
    ended = desk("run", desk.config(), path)
    assert "changed" in stopped(ended, 3, "source_changed")
    assert "Late" not in desk.titles


def test_a_file_that_vanishes_between_the_passes_stops_the_run(desk, stopped, make_row):
    path = desk.csv([make_row(1)])
    changing(desk, path.unlink)
    stopped(desk("run", desk.config(), path), 3, "source_changed")


def test_a_run_after_a_change_finishes_the_changed_file(desk, make_row):
    path = desk.csv([make_row(1), make_row(2)])
    changing(desk, lambda: desk.csv([make_row(1), make_row(2), make_row(3)]))
    first = desk("run", desk.config(), path)
    assert first.code == 3
    assert desk("run", desk.config(), path).code == 0
    assert desk.titles == ["Task 1", "Task 2", "Task 3"]
