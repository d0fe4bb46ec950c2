"""Can the rows that need a person be mended and run again?"""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.cells import unprotect_text
from etl.failures_format import FAILURE_COLUMNS
from etl.records import Action, Problem
from etl.report.folder import RunFolder
from etl.report.results import RowReport

# NUL ends a text in many a CSV reader; halves of surrogate pairs are no text.
ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
NASTY = st.sampled_from(
    ["=1+1", "'=1", "''@x", "-5", "'", '"', '""', "\ufeffx", "a\r\nb", "\r", "\n", ",;\t|", " lead", "trail ", "\t=1", "000123"]
)
CELLS = st.lists(st.tuples(*[st.one_of(ANY_TEXT, NASTY)] * 2), min_size=1, max_size=6)


def rejected(make, folder, scratch, file, cells, **said):
    rows = list(range(2, 2 + len(next(iter(cells.values())))))
    report = RowReport(folder, files=(file,), scratch=scratch)
    report.add(make.batch(file, rows, cells), make.decided(rows, [Action.REJECTED] * len(rows), code="bad", **said), 0)
    report.close(make.noon)


@settings(max_examples=120)
@given(cells=CELLS, delimiter=st.sampled_from([",", ";", "\t", "|"]))
@example(cells=[("", "")], delimiter=",")
def test_any_cell_comes_back_as_it_was(make, cells, delimiter):
    with tempfile.TemporaryDirectory() as temporary:
        folder = RunFolder.create(Path(temporary) / "out", "r1")
        first, second = (list(column) for column in zip(*cells, strict=True))
        rejected(make, folder, Path(temporary), make.file(("A", "B"), delimiter=delimiter), {"A": first, "B": second})
        written = folder.failures.read_bytes().decode("utf-8-sig")
    records = list(csv.reader(io.StringIO(written, newline=""), delimiter=delimiter, strict=True))
    assert records[0] == ["A", "B", *FAILURE_COLUMNS]
    assert [tuple(unprotect_text(cell) for cell in record[:2]) for record in records[1:]] == cells


@settings(max_examples=40)
@example(names=["*", "^a$"])
@given(names=st.lists(st.one_of(ANY_TEXT, NASTY), min_size=1, max_size=4, unique=True))
def test_any_column_name_comes_back_as_it_was(make, names):
    with tempfile.TemporaryDirectory() as temporary:
        folder = RunFolder.create(Path(temporary) / "out", "r1")
        rejected(make, folder, Path(temporary), make.file(names), {name: ["x"] for name in names})
        header = next(csv.reader(io.StringIO(folder.failures.read_bytes().decode("utf-8-sig"), newline="")))
    assert [unprotect_text(name) for name in header] == [*names, *FAILURE_COLUMNS]


def test_no_cell_begins_like_a_formula(make, folder, scratch, read):
    rejected(make, folder, scratch, make.file(("A",)), {"A": ["=cmd()", "+1", "-1", "@x", "\tx", "\rx"]}, field="=f", message="+m")
    for line in read(folder.failures):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line.values())


def test_a_line_holds_the_sources_columns_then_ours(report, folder, make):
    rows, file = report(make.file()), make.file()
    rows.add(make.batch(file, [2]), make.decided([2], [None]), 1)
    rows.finish(make.outcome(2, Action.FAILED, problem=Problem("invalid", "$status", "no such status"), status=422, attempts=2))
    rows.close(make.noon)
    assert folder.failures.read_bytes().decode() == (
        "\ufeffId,Title,_row,_file,_source_key,_action,_error_code,_error_field,_error_message,_http_status,_attempts\n"
        "Id 2,Title 2,2,tasks.csv,key:k2,failed,invalid,$status,no such status,422,2\n"
    )


def test_only_rows_that_need_a_person_are_in_it(report, folder, read, make):
    rows, actions = report(make.file()), list(Action)
    numbers = list(range(2, 2 + len(actions)))
    rows.add(make.batch(make.file(), numbers), make.decided(numbers, actions), 0)
    rows.close(make.noon)
    assert [line["_action"] for line in read(folder.failures)] == ["rejected", "failed", "uncertain", "conflict"]


def test_there_is_no_file_when_no_row_needs_a_person(report, folder, make):
    rows = report(make.file())
    rows.add(make.batch(make.file(), [2, 3]), make.decided([2, 3], [Action.UNCHANGED, None]), 1)
    rows.close(make.noon)
    assert not folder.failures.exists()


def test_a_rejected_row_keeps_its_identity_only_where_the_ledger_knows_it(report, folder, read, make):
    """An identity that the ledger does not know would be a problem of its own in the next run."""
    rows = report(make.file())
    for row, known in ((2, True), (3, False), (4, None)):
        rows.add(make.batch(make.file(), [row]), make.decided([row], [Action.REJECTED], known=known), 0)
    rows.close(make.noon)
    assert [line["_source_key"] for line in read(folder.failures)] == ["key:k2", "", ""]


def test_several_files_share_one_header_in_order_of_first_appearance(report, folder, read, make):
    first, second = make.file(("Id", "Title")), make.file(("Title", "Owner"), index=1, path="b.csv", delimiter=",")
    rows = report(first, second)
    for file in (first, second):
        rows.add(make.batch(file, [2]), make.decided([2], [Action.REJECTED]), 0)
    rows.close(make.noon)
    assert [(line["Id"], line["Title"], line["Owner"], line["_file"]) for line in read(folder.failures)] == [
        ("Id 2", "Title 2", "", "tasks.csv"),
        ("", "Title 2", "Owner 2", "b.csv"),
    ]


@pytest.mark.parametrize(("delimiter", "used"), [(";", ";"), ("\t", "\t"), (None, ","), ("§", ",")])
def test_the_delimiter_is_the_first_files_where_it_has_one_that_can_be_written(report, folder, make, delimiter, used):
    file = make.file(delimiter=delimiter)
    rows = report(file, make.file(index=1, delimiter="|"))
    rows.add(make.batch(file, [2]), make.decided([2], [Action.REJECTED]), 0)
    rows.close(make.noon)
    assert folder.failures.read_text("utf-8-sig").splitlines()[1].startswith(f"Id 2{used}Title 2{used}2{used}")


def test_empty_cells_stay_empty(make, folder, scratch, read):
    rejected(make, folder, scratch, make.file(), {"Id": [None], "Title": [""]})
    assert [read(folder.failures)[0][name] for name in ("Id", "Title")] == ["", ""]


def test_a_source_column_that_is_called_like_one_of_ours_loses_nothing(make, folder, scratch):
    rejected(make, folder, scratch, make.file(("Id", "_row", "action")), {"Id": ["a"], "_row": ["b"], "action": ["c"]})
    header, line = csv.reader(folder.failures.read_text("utf-8-sig").splitlines())
    assert header[:4] == ["Id", "_row", "action", "_row"]
    assert line[:4] == ["a", "b", "c", "2"]
