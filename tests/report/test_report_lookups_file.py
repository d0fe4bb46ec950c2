"""The file that people fill in: written for a spreadsheet, and read back as one saved it."""

from __future__ import annotations

import csv
import stat

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.report.lookups_file import LOOKUPS_COLUMNS, LOOKUPS_SCHEMA, UnreadableLookupsError, read_lookups, write_lookups

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1, max_size=12).map(str.strip).filter(bool)
LINE = ("$status", "Opne", 412, "unknown_status: no status", "TODO", None, "TODO")


def lines(*rows):
    return pl.DataFrame(rows, schema=LOOKUPS_SCHEMA, orient="row")


def test_what_is_written_is_read_back_and_nobody_else_may_read_it(tmp_path):
    path = tmp_path / "lookups.csv"
    write_lookups(path, lines(LINE))
    assert read_lookups(path).rows() == [LINE]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"\xef\xbb\xbffield,value,rows,problem,suggestion_1,suggestion_2,use\n")
    assert list(tmp_path.iterdir()) == [path]


def test_cells_that_a_spreadsheet_would_run_are_protected_and_come_back(tmp_path):
    path = tmp_path / "lookups.csv"
    write_lookups(path, lines(("$account", "=1+1", 1, None, "+49", "'-x", "@a")))
    with path.open(encoding="utf-8-sig", newline="") as stream:
        [_, cells] = csv.reader(stream)
    assert [cells[1], *cells[4:]] == ["'=1+1", "'+49", "''-x", "'@a"]
    assert read_lookups(path).row(0) == ("$account", "=1+1", 1, None, "+49", "'-x", "@a")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_what_a_spreadsheet_saved_is_read(tmp_path, delimiter, encoding):
    """Another delimiter and encoding, the columns in another order, one more of the person's own, and blank lines."""
    header = ["USE", " value ", "rows", "field", "comment"]
    cells = [["Müller AG", "Muller", "1204", "$account", "asked Ana"], ["", "", "", "", ""], ["", "Odd", "n/a", "$account", ""]]
    (tmp_path / "lookups.csv").write_bytes("\r\n".join(delimiter.join(row) for row in [header, *cells]).encode(encoding))
    read = read_lookups(tmp_path / "lookups.csv")
    assert read.columns == [*LOOKUPS_COLUMNS, "comment"]
    assert read.rows() == [
        ("$account", "Muller", 1204, None, None, None, "Müller AG", "asked Ana"),
        ("$account", "Odd", None, None, None, None, None, None),
    ]


def test_a_delimiter_that_a_spreadsheet_notes_in_its_own_line_is_no_header(tmp_path):
    (tmp_path / "lookups.csv").write_text("sep=;\nfield;value;use\n$status;Opne;TODO\n")
    assert read_lookups(tmp_path / "lookups.csv").select("field", "value", "use").rows() == [("$status", "Opne", "TODO")]


@pytest.mark.parametrize("content", [None, b"", b"\n"])
def test_no_file_and_an_empty_one_have_no_lines(tmp_path, content):
    if content is not None:
        (tmp_path / "lookups.csv").write_bytes(content)
    assert read_lookups(tmp_path / "lookups.csv").is_empty()


@pytest.mark.parametrize("content", [b"name,mail\nSam,s@x\n", b"\x00\x01\x02", b"field,value\na,b\n"])
def test_somebody_elses_file_is_refused_by_name_of_what_it_lacks(tmp_path, content):
    (tmp_path / "lookups.csv").write_bytes(content)
    with pytest.raises(UnreadableLookupsError, match="no column"):
        read_lookups(tmp_path / "lookups.csv")


@given(st.lists(st.tuples(TEXTS, TEXTS, st.none() | TEXTS), min_size=1, max_size=4))
@settings(max_examples=50)
def test_any_text_comes_back_as_it_was(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("lookups") / "lookups.csv"
    written = lines(*((field, value, 1, None, None, None, use) for field, value, use in cells))
    write_lookups(path, written)
    assert read_lookups(path).rows() == written.rows()
