"""A corrected failures.csv is input for the same config: rows keep their identity, and nothing is written twice."""

from __future__ import annotations

import csv
import io

import pytest

COLUMNS = ["_row", "_file", "_source_key", "_action", "_error_code", "_error_field", "_error_message", "_http_status", "_attempts"]


@pytest.fixture
def broken(desk, make_row):
    """A run that left two rows for a person."""
    ended = desk.run([make_row("001"), make_row("002", status="Opne"), make_row("003", title="=1+1", owner="nobody@acme.example")])
    assert ended.code == 1
    return ended


def table_of(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = csv.reader(stream)
    return header, rows


def saved(desk, header, rows, name="mended.csv", encoding="utf-8", **dialect):
    """The file as a spreadsheet writes it."""
    stream = io.StringIO()
    csv.writer(stream, **dialect).writerows([header, *rows])
    return desk.write(name, stream.getvalue().encode(encoding))


def mended(path):
    header, rows = table_of(path)
    for row in rows:
        row[header.index("Status")] = "Open"
        row[header.index("Owner")] = "sam@acme.example"
    return header, rows


def test_rows_of_files_that_call_a_column_differently_are_read_as_in_their_own_file(desk):
    """The failures file of both has the columns of both; a row's cells stand in those of its own file."""
    columns = {"$title": {"column": ["Title", "Subject"]}, "$description": {"column": ["Notes", "Body"]}}
    config = desk.config(source={"key": "Id"}, map={**columns, "$dueAt": None, "$status": "Status", "$assignedTo": {"value": "mem_000001"}})
    first = desk.write("first.csv", b"Id,Title,Status,Notes\n1,One,odd,note 1\n")
    second = desk.write("second.csv", b"ID,SUBJECT,Status ,Body\n2,Two,odd,body 2\n")
    broken = desk("run", config, first, second)
    assert broken.counts == {"rejected": 2}, broken.stderr
    text = (broken.folder / "failures.csv").read_text(encoding="utf-8-sig").replace("odd", "TODO")
    assert desk("run", config, desk.write("mended.csv", text.encode())).counts == {"created": 2}
    found = sorted((task.fields["$title"], task.fields["$description"]) for task in desk.sandbox.tasks)
    assert found == [("One", "note 1"), ("Two", "body 2")]
    assert desk("run", config, desk.write("first.csv", b"Id,Title,Status,Notes\n1,One,TODO,note 1\n")).counts == {"unchanged": 1}


def test_a_source_may_have_columns_of_our_names(desk):
    config = desk.config(source={"key": "_row"}, map={"$dueAt": None, "$description": "_file"})
    desk.write("tasks.csv", b"_row,Title,Status,Owner,_file\n7,=1,odd,sam@acme.example,a\n")
    broken = desk("run", config, desk.folder / "tasks.csv")
    text = (broken.folder / "failures.csv").read_text(encoding="utf-8-sig").replace("odd", "Open")
    assert desk("run", config, desk.write("mended.csv", text.encode())).counts == {"created": 1}
    assert [(task.fields["$title"], task.fields["$description"]) for task in desk.sandbox.tasks] == [("=1", "a")]
    desk.write("tasks.csv", b"_row,Title,Status,Owner,_file\n7,=1,Open,sam@acme.example,a\n")
    assert desk("run", config, desk.folder / "tasks.csv").counts == {"unchanged": 1}


def test_it_holds_the_sources_own_columns_as_they_were_and_then_ours(broken):
    header, rows = table_of(broken.folder / "failures.csv")
    assert header == ["Id", "Title", "Status", "Due", "Owner", *COLUMNS]
    assert rows[0][:5] == ["002", "Task 002", "Opne", "", "sam@acme.example"]
    assert rows[0][7:10] == ["key:002", "rejected", "unknown_status"]
    assert (broken.folder / "failures.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_cell_that_a_spreadsheet_would_run_is_protected_and_restored_on_the_way_in(desk, broken):
    header, rows = mended(broken.folder / "failures.csv")
    assert rows[1][1] == "'=1+1"
    assert desk("run", desk.config(), saved(desk, header, rows)).code == 0
    assert "=1+1" in desk.titles


@pytest.mark.parametrize(
    "dialect",
    [
        {},
        {"encoding": "utf-8-sig"},
        {"quoting": csv.QUOTE_ALL, "lineterminator": "\n"},
        {"delimiter": ";"},
        {"delimiter": "\t"},
        {"encoding": "utf-16", "delimiter": "\t"},
    ],
    ids=str,
)
def test_corrected_and_saved_by_any_program_its_rows_become_tasks_once(desk, broken, make_row, dialect):
    data = saved(desk, *mended(broken.folder / "failures.csv"), **dialect)
    ended = desk("run", desk.config(), data)
    assert (ended.code, ended.counts) == (0, {"created": 2}), ended.stderr
    assert [line["source_key"] for line in ended.results] == ["002", "003"]
    assert desk("run", desk.config(), data).counts == {"unchanged": 2}
    again = desk.run([make_row("001"), make_row("002"), make_row("003", title="=1+1")])
    assert again.counts == {"unchanged": 3}
    assert desk.titles == ["=1+1", "Task 001", "Task 002"]


def test_a_key_that_a_spreadsheet_ruined_in_its_column_does_not_matter(desk, broken):
    header, rows = mended(broken.folder / "failures.csv")
    for row in rows:
        row[0] = row[0].lstrip("0")
    ended = desk("run", desk.config(), saved(desk, header, rows))
    assert [line["source_key"] for line in ended.results] == ["002", "003"]


def test_a_row_that_is_still_wrong_is_in_the_next_failures_file(desk, broken):
    header, rows = table_of(broken.folder / "failures.csv")
    rows[0][2] = "Open"
    ended = desk("run", desk.config(), saved(desk, header, rows))
    assert (ended.code, ended.counts) == (1, {"created": 1, "rejected": 1})
    header, rows = table_of(ended.folder / "failures.csv")
    assert header == ["Id", "Title", "Status", "Due", "Owner", *COLUMNS]
    assert rows[0][7] == "key:003"


def test_an_identity_that_the_ledger_does_not_know_is_a_problem(desk, broken):
    header, rows = mended(broken.folder / "failures.csv")
    rows[0][7] = "key:999"
    ended = desk("run", desk.config(), saved(desk, header, rows))
    assert (ended.code, [line["_error_code"] for line in ended.failures]) == (1, ["unknown_source_key"])
    assert "Task 002" not in desk.titles


def test_the_rows_of_content_keys_keep_their_identity_too(desk, make_row):
    rows = [make_row(1, status="Opne"), make_row(1, status="Opne"), make_row(2)]
    first = desk.run(rows, source={"key": "content"})
    data = saved(desk, *mended(first.folder / "failures.csv"))
    assert desk("run", desk.config(source={"key": "content"}), data).counts == {"created": 2}
    assert desk("run", desk.config(source={"key": "content"}), data).counts == {"unchanged": 2}
    # The source itself still holds the old cells: its rows are known, and differ.
    source = desk.run(rows, source={"key": "content"})
    assert "created" not in source.counts
    assert desk.titles == ["Task 1", "Task 1", "Task 2"]


def test_it_keeps_the_delimiter_of_its_source(desk, make_row, make_table, read_records):
    rows = [["Id", "Title", "Status", "Due", "Owner"], make_row(1, title="")]
    ended = desk("run", desk.config(), desk.write("tasks.csv", make_table(rows, delimiter=";")))
    (line,) = read_records(ended.folder / "failures.csv", ";")
    assert line["_source_key"] == "key:1"


def test_without_trouble_there_is_no_failures_file(desk, make_row):
    assert not (desk.run([make_row(1)]).folder / "failures.csv").exists()


def test_check_offline_takes_its_keys_as_they_are_and_online_an_unknown_one_is_told_as_a_problem(desk, broken):
    header, rows = mended(broken.folder / "failures.csv")
    offline = desk("check", desk.config(), saved(desk, header, rows), "--offline")
    assert (offline.code, offline.counts) == (0, {"created": 2})
    rows[0][header.index("_source_key")] = "key:nobody's"
    online = desk("check", desk.config(), saved(desk, header, rows))
    assert (online.code, online.counts) == (1, {"created": 1, "rejected": 1})
    assert "1 row · unknown_source_key" in online.stderr
    assert "no problems found" not in online.stderr
