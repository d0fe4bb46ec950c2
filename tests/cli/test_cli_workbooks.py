"""Workbooks and packed files through the whole job, from the file to failures.csv and back."""

from __future__ import annotations

import csv
import datetime as dt

import pytest
import xlsxwriter
import zstandard

HEADER = ["Id", "Title", "Status", "Due", "Owner"]


def workbook(desk, rows, name="tasks.xlsx", others=()):
    """Rows as a workbook; dates are true ones."""
    path = desk.folder / name
    with xlsxwriter.Workbook(path) as book:
        shown = {dt.datetime: book.add_format({"num_format": 22}), dt.date: book.add_format({"num_format": 14})}
        for title, lines in (("Tasks", rows), *others):
            page = book.add_worksheet(title)
            for row, cells in enumerate(lines):
                for column, cell in enumerate(cells):
                    if isinstance(cell, dt.date):
                        page.write_datetime(row, column, cell, shown[type(cell)])
                    elif cell != "":
                        page.write(row, column, cell) if isinstance(cell, int) else page.write_string(row, column, cell)
    return path


@pytest.fixture
def board(desk):
    """A workbook with a preamble, true dates, and two rows that a person must mend."""
    rows = [
        ["Tasks of March"],
        [],
        HEADER,
        [1, "Call", "Open", dt.date(2026, 3, 2), "sam@acme.example"],
        ["0002", "=1+1", "Opne", dt.datetime(2026, 3, 2, 9, 30), "sam@acme.example"],  # noqa: DTZ001  cells have no zone
        [1205000000000010, "Lost", "Open", "", "sam@acme.example"],
    ]
    return workbook(desk, rows, others=[("Lists", [["Open", "Done"]])])


def test_a_check_and_a_rehearsal_say_the_same_of_a_workbook(desk, board):
    checked, rehearsed = (desk(*words, desk.config(), board) for words in (("check", "--offline"), ("run", "--sandbox")))
    assert (checked.counts, rehearsed.counts) == ({"created": 1, "rejected": 2}, {"created": 1, "rejected": 2})


def test_a_workbook_is_imported_with_true_dates_and_what_it_left_over_is_mended_in_a_spreadsheet_and_saved_as_one(desk, board):
    ended = desk("run", desk.config(time="17:00"), board)
    assert (ended.code, ended.actions()) == (1, ["created", "rejected", "rejected"])
    assert [line["row"] for line in ended.results] == ["4", "5", "6"]
    assert [task.fields["$dueAt"] for task in desk.sandbox.tasks] == ["2026-03-02T16:00:00.000Z"]
    assert [line["_error_code"] for line in ended.failures] == ["unknown_status", "mangled_key"]
    assert ended.failures[1]["Id"] == "1.20500000000001E+15"
    assert "sheet Tasks is read; not read: Lists" in ended.stderr
    with (ended.folder / "failures.csv").open(encoding="utf-8-sig", newline="") as stream:
        header, wrong, _ = csv.reader(stream)
    assert wrong[:4] == ["0002", "'=1+1", "Opne", "2026-03-02 09:30:00"]
    wrong[2] = "Open"
    again = desk("run", desk.config(time="17:00"), workbook(desk, [header, wrong], "mended.xlsx"))
    assert (again.code, again.counts) == (0, {"created": 1})
    assert {task.fields["$title"]: task.fields["$dueAt"] for task in desk.sandbox.tasks}["=1+1"] == "2026-03-02T08:30:00.000Z"


def test_a_zst_file_of_several_frames_is_imported_whole_and_one_that_is_cut_off_not_at_all(desk, make_row):
    lines = [",".join(cells) + "\n" for cells in (HEADER, *(make_row(number) for number in range(1, 31)))]
    packed = b"".join(zstandard.compress("".join(part).encode()) for part in (lines[:15], lines[15:]))
    cut = desk("run", desk.config(), desk.write("tasks.csv.zst", packed[:-1]))
    assert (cut.code, desk.titles) == (2, [])
    assert "tasks.csv.zst: is damaged or cut off: it ends within a frame" in cut.stderr
    whole = desk("run", desk.config(), desk.write("tasks.csv.zst", packed))
    assert (whole.code, whole.counts) == (0, {"created": 30})
