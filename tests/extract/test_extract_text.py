"""Delimited text in any dialect and encoding is read as it was written."""

import csv
import hashlib
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.config.model import SourceConfig
from etl.errors import SourceError
from etl.extract.scan import open_source
from etl.frames import EXTRACT_CODE, EXTRACT_MESSAGE, ROW

HEADER = ["Id", "Title", "Größe"]
LATIN = st.sampled_from("\",;\t|\n\r' aä5=") | st.characters(codec="cp1252", exclude_characters="\0")
ANY = st.sampled_from("\",;\t|\n\r' aä5=\0\u2028") | st.characters(exclude_categories=["Cs"], exclude_characters="\ufdd0")


@st.composite
def written_tables(draw):
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    cell = st.text(LATIN if encoding == "cp1252" else ANY, max_size=8)
    record = st.lists(cell, min_size=3, max_size=3) | st.just([])
    line_end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    # Beside CRLF only: Python 3.11 leaves a CR unquoted where lines end with LF, and the two together are a line end.
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])) if line_end == "\r\n" else csv.QUOTE_ALL
    return (
        encoding,
        draw(st.sampled_from(",;\t|")),
        line_end,
        quoting,
        draw(st.lists(record, max_size=6)),
    )


@settings(max_examples=150)
@given(written_tables(), st.integers(1, 4))
def test_any_table_comes_back_with_the_row_numbers_of_a_spreadsheet(table, rows_per_batch):
    encoding, delimiter, line_end, quoting, records = table
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows([HEADER, *records])
    expected = [
        (number, *(cell or None for cell in record)) for number, record in enumerate(records, 2) if any(cell.strip() for cell in record)
    ]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "t.csv").write_bytes(text.getvalue().encode(encoding))
        source = SourceConfig(key="Id", encoding="cp1252" if encoding == "cp1252" else "auto")
        with open_source(source, ["t.csv"], Path(folder), names=frozenset(HEADER), scratch=Path(folder, "s")) as opened:
            batches = list(opened.batches(rows_per_batch=rows_per_batch))
            assert opened.files[0].columns == tuple(HEADER)
            assert opened.files[0].delimiter == delimiter
        assert [row for batch in batches for row in batch.frame.select(ROW, *HEADER).iter_rows()] == expected
        assert all(code is None for batch in batches for code in batch.frame[EXTRACT_CODE])


@pytest.mark.parametrize(
    ("content", "delimiter", "spoken"),
    [("Id,T\n1,a;b\n", ",", 0), ("Id;T\n1;a, b\n", ";", 1), ("Id\tT\n1\ta,b\n", "\t", 1), ("Id|T\n1|a,b\n", "|", 1), ("Id\n1\n", ",", 0)],
)
def test_the_delimiter_is_found_and_said_aloud_unless_it_is_a_comma(shop, content, delimiter, spoken):
    file = shop.open_text(content).files[0]
    assert file.delimiter == delimiter
    assert len([note for note in file.notes if "separated" in note]) == spoken


def test_a_tab_in_a_tsv_needs_no_words(shop, rows):
    opened = shop.open_text("Id\tT\n1\ta\n", "t.tsv")
    assert opened.files[0].notes == ()
    assert rows(opened) == [("1", "a")]


def test_the_config_s_names_outweigh_commas_in_the_text(shop):
    opened = shop.open_text("Id;A title, or so, here\n1;one, two, three\n2;one, two, three\n", names={"Id"})
    assert opened.files[0].delimiter == ";"


def test_a_given_delimiter_is_obeyed_and_a_senseless_one_refused(shop):
    assert shop.open_text("Id;T,x\n", delimiter=";").files[0].columns == ("Id", "T,x")
    assert shop.open_text("Id\tT\n", delimiter="tab").files[0].columns == ("Id", "T")
    with pytest.raises(SourceError, match="not one character"):
        shop.open_text("Id;T\n", delimiter="::")


def test_nothing_is_guessed_about_types(shop, rows):
    opened = shop.open_text("Id,T\n007,1.10\n1234567890123456789,2026-01-02\n1E5,TRUE\n")
    assert rows(opened) == [("007", "1.10"), ("1234567890123456789", "2026-01-02"), ("1E5", "TRUE")]


def test_a_byte_order_mark_is_no_part_of_the_first_name(shop):
    assert shop.open_text(b'\xef\xbb\xbf"Id",T\n1,a\n').files[0].columns == ("Id", "T")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_excel_s_unicode_text_is_understood_and_said(shop, rows, encoding):
    opened = shop.open_text(("\ufeffId\tT\r\n1\tübergabe\r\n").encode(encoding), "t.txt")
    assert rows(opened) == [("1", "übergabe")]
    assert any(encoding in note for note in opened.files[0].notes)


def test_cp1252_is_assumed_aloud_where_no_record_holds_multi_byte_utf8(shop, rows):
    content = "Id,T\n1,Müller € café\n".encode("cp1252")
    opened = shop.open_text(content)
    assert rows(opened) == [("1", "Müller € café")]
    assert opened.files[0].encoding == "cp1252"
    assert any("cp1252" in note for note in opened.files[0].notes)
    assert opened.files[0].sha256 == hashlib.sha256(content).hexdigest()


def test_in_a_file_with_utf8_only_the_records_that_are_not_are_rejected(shop, rows):
    opened = shop.open_text("Id,T\n1,über\n".encode() + b"2,caf\xe9\n3,plain\n")
    assert rows(opened, ROW, "T", EXTRACT_CODE) == [(2, "über", None), (3, "caf\\xE9", "not_utf8"), (4, "plain", None)]
    assert "T holds bytes" in rows(opened, EXTRACT_MESSAGE)[1][0]
    assert "caf\\xE9" in rows(opened, EXTRACT_MESSAGE)[1][0]


def test_a_header_that_is_not_utf8_stops_the_job(shop):
    with pytest.raises(SourceError, match=r"name of column 2 is not UTF-8: Gr\\xF6"):
        shop.open_text(b"Id,Gr\xf6\xdfe\n1,\xc3\xbc\n")


def test_a_named_encoding_that_does_not_fit_is_refused_with_offset_and_line(shop):
    with pytest.raises(SourceError, match="line 3, byte offset 13: E9 is not utf-8"):
        shop.open_text(b"Id,T\n1,a\n2,xx\xe9\n", encoding="utf-8")
    with pytest.raises(SourceError, match="line 2, byte offset 7: 81 is not cp1252"):
        shop.open_text(b"Id,T\n1,\x81\n", encoding="windows-1252")


@pytest.mark.parametrize("name", ["utf-9", "rot13", "base64", "a\0b", ""])
def test_an_encoding_that_does_not_exist_is_refused(shop, name):
    with pytest.raises(SourceError, match="no text encoding"):
        shop.open_text("Id\n1\n", encoding=name)


def test_utf_16_without_a_mark_is_refused_with_advice(shop):
    with pytest.raises(SourceError) as caught:
        shop.open_text("Id,T\n1,a\n".encode("utf-16-le"))
    assert "utf-16-le" in caught.value.next_step


def test_characters_cut_by_a_block_s_end_are_whole(shop, rows):
    """2,600,000 bytes of three-byte characters: every block of 1 or 4 MiB ends within one."""
    long = "東" * 1_700_000
    assert rows(shop.open_text(f'Id,T\n1,"{long}"\n2,b\n')) == [("1", long), ("2", "b")]
    assert rows(shop.open_text(f"Id,T\n1,{long}\n".encode("utf-16"))) == [("1", long)]


def test_a_nul_byte_is_kept(shop, rows):
    assert rows(shop.open_text(b"Id,T\n1,a\0b\n")) == [("1", "a\0b")]


@pytest.mark.parametrize(
    ("encoding", "content"), [("utf-16", "Id,T\n1,ä\n".encode("utf-16")), ("utf-16-le", "Id,T\n1,ä\n".encode("utf-16-le"))]
)
def test_a_named_utf_16_is_read_with_and_without_a_mark(shop, rows, encoding, content):
    assert rows(shop.open_text(content, encoding=encoding)) == [("1", "ä")]


def test_a_named_utf_16_that_is_something_else_is_refused(shop):
    with pytest.raises(SourceError, match="is not utf-16"):
        shop.open_text("Id,T\n1,a\n", encoding="utf-16")
