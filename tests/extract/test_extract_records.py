"""Records that are too long, too short, blank or badly quoted."""

import pytest

from etl.errors import SourceError
from etl.frames import EXTRACT_CODE, EXTRACT_MESSAGE, ROW


def test_a_record_too_long_is_flagged_with_what_stands_beyond(shop, rows):
    opened = shop.open_text('Id,T\n1,a\n2,b,"x,y",z\n3,c\n')
    assert rows(opened, ROW, "Id", "T", EXTRACT_CODE) == [(2, "1", "a", None), (3, "2", "b,x,y,z", "too_many_fields"), (4, "3", "c", None)]
    message = rows(opened, EXTRACT_MESSAGE)[1][0]
    assert "the header has 2 fields" in message
    assert "x,y,z" in message


def test_text_far_beyond_the_header_is_not_lost(shop, rows):
    opened = shop.open_text("Id,T\n1,a\n" + "2,b\n" * 60 + "3,c" + "," * 40 + "far\n")
    assert rows(opened, ROW, EXTRACT_CODE)[-1] == (63, "too_many_fields")
    assert "far" in rows(opened, EXTRACT_MESSAGE)[-1][0]


def test_delimiters_without_text_at_a_record_s_end_do_no_harm(shop, rows):
    assert rows(shop.open_text("Id,T\n1,a,,,\n2,b, ,\n"), "Id", "T", EXTRACT_CODE) == [("1", "a", None), ("2", "b", None)]


def test_a_record_too_short_has_empty_cells_at_its_end(shop, rows):
    assert rows(shop.open_text('Id,T,N\n1\n2,"",x\n')) == [("1", None, None), ("2", None, "x")]


def test_records_without_text_are_no_rows_but_count(shop, rows):
    opened = shop.open_text('Id,T\n\n1,a\n,\n"",""\n  , \n\r\n2,b\n\n')
    assert rows(opened, ROW, "Id") == [(3, "1"), (8, "2")]


def test_a_record_with_line_breaks_in_a_cell_is_one_row(shop, rows):
    opened = shop.open_text('Id,T\r\n1,"a\r\n\r\nb"\r\n2,"say ""hi"""\r\n')
    assert rows(opened, ROW, "T") == [(2, "a\r\n\r\nb"), (3, 'say "hi"')]


def test_inch_marks_in_an_unquoted_cell_are_text(shop, rows):
    opened = shop.open_text('Id,T,N\n1,5" pipe,x\n2,6",y\n3,"q, r",z\n')
    assert rows(opened, ROW, "Id", "T", "N") == [(2, "1", '5" pipe', "x"), (3, "2", '6"', "y"), (4, "3", "q, r", "z")]


def test_the_last_record_needs_no_line_end(shop, rows):
    assert rows(shop.open_text('Id,T\n1,"a"')) == [("1", "a")]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_understood(shop, rows, line_end):
    opened = shop.open_text(line_end.join(["Id,T", "1,a", "", '2,"b\nc"', ""]))
    assert rows(opened, ROW, "Id", "T") == [(2, "1", "a"), (4, "2", "b\nc")]


def test_a_quote_that_is_never_closed_stops_the_job_where_it_opens(shop):
    with pytest.raises(SourceError, match='row 4, line 6: the quoted cell that opens with "oops is never closed'):
        shop.open_text('Id,T\n1,"a\n\nb"\n2,b\n3,"oops\n4,c\n')


def test_text_behind_a_closing_quote_stops_the_job_where_the_cell_opens(shop):
    """Else rows 2 and 3 would become one row without a word."""
    with pytest.raises(SourceError, match=r"row 2, line 2.*goes on behind its closing quote") as caught:
        shop.open_text('Id,T\n1,"oops\n2,"fine"\n3,c\n')
    assert "twice" in caught.value.next_step


def test_a_quote_left_open_in_a_large_file_does_not_fill_the_memory(shop):
    with pytest.raises(SourceError, match=r"row 3, line 3.*never closed"):
        shop.open_text('Id,T\n1,a\n2,"oops\n' + "3,some more text\n" * 1_200_000)


def test_a_file_without_line_ends_is_no_table(shop):
    with pytest.raises(SourceError, match="not a table"):
        shop.open_text(b"x" * (21 << 20))
