"""Where the header stands, and what the columns are called."""

import pytest

from etl.errors import SourceError
from etl.frames import ROW


def test_the_header_is_found_below_a_preamble_and_said_aloud(shop, rows):
    opened = shop.open_text('"Report, of\ntasks"\nmade by me\n\nID ,Task title,x\n1,a,b\n', names={"id", "Task Title"})
    file = opened.files[0]
    assert (file.columns, file.first_row) == (("ID ", "Task title", "x"), 5)
    assert any("row 4 is taken for the header" in note for note in file.notes)
    assert rows(opened, ROW, "Task title") == [(5, "a")]


def test_the_first_of_equally_good_records_is_the_header(shop):
    assert shop.open_text("Id,T\nId,T\n", names={"Id"}).files[0].first_row == 2


def test_without_a_match_the_first_record_that_is_not_blank_is_the_header(shop):
    assert shop.open_text("\n\nA,B\n1,2\n", names={"Id"}).files[0].columns == ("A", "B")


def test_a_header_may_be_named_by_its_row(shop, rows):
    content = "note\n" * 59 + "Id,a,b,c,d,e,f,g,h,i,j,k,l\n1,2,3,4,5,6,7,8,9,10,11,12,13\n"
    opened = shop.open_text(content, header=60)
    assert opened.files[0].notes == ()
    assert rows(opened, ROW, "Id", "l") == [(61, "1", "13")]
    with pytest.raises(SourceError, match="row 99"):
        shop.open_text(content, header=99)


def test_a_name_that_stands_twice_is_refused_with_both_places_where_the_config_mentions_it(shop):
    with pytest.raises(SourceError, match="columns 1 and 3 have the same name, 'Id'"):
        shop.open_text("Id,T,Id\n1,2,3\n", names={"id"})
    with pytest.raises(SourceError, match="columns 2 and 3 have the same name, 'T'"):
        shop.open_text("Id,T,T\n1,2,3\n", names={"Id"}, exclude="T = 'x'")


def test_pitfall_11_duplicate_header_names_are_kept_by_position_and_said(shop, rows):
    opened = shop.open_text("Id,Phone Number,Phone Number_2,Phone Number\n1,a,b,c\n", names={"Id"})
    assert opened.files[0].columns == ("Id", "Phone Number", "Phone Number_2", "Phone Number_3")
    assert rows(opened) == [("1", "a", "b", "c")]
    assert any("stands twice in the header: called Phone Number_3" in note for note in opened.files[0].notes)


def test_columns_without_a_name_get_one_and_it_is_said(shop, rows):
    opened = shop.open_text("Id,,column_2, \n1,2,3,4\n")
    assert opened.files[0].columns == ("Id", "column_2_", "column_2", "column_4")
    assert any("column_2_, column_4" in note for note in opened.files[0].notes)
    assert rows(opened) == [("1", "2", "3", "4")]


def test_names_of_ours_are_refused(shop):
    with pytest.raises(SourceError, match="__etl_row"):
        shop.open_text("Id,__etl_row\n1,2\n")


def test_names_that_polars_takes_for_patterns_are_plain_names(shop, rows):
    opened = shop.open_text("*,^a.*$,ab\n1,2,3\n")
    assert rows(opened, ROW) == [(2,)]
    assert next(opened.batches()).frame.row(0)[-3:] == ("1", "2", "3")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n\r\n", b" , \n", b"\xff\xfe"])
def test_a_file_without_any_text_is_refused(shop, content):
    with pytest.raises(SourceError, match="is empty"):
        shop.open_text(content)


def test_a_header_alone_is_no_fault(shop):
    opened = shop.open_text("Id,T")
    assert opened.files[0].columns == ("Id", "T")
    assert list(opened.batches()) == []


def test_a_name_of_the_config_that_fits_two_columns_but_for_case_is_refused_with_both(shop):
    with pytest.raises(SourceError, match=r"the config's 'status' could be each of 'Status' \(column 2\), 'STATUS' \(column 3\)"):
        shop.open_text("Id,Status,STATUS\n1,a,b\n", names={"Id", "status"})


def test_a_column_that_is_spelled_as_the_config_has_it_is_meant_whatever_others_are_called(shop, rows):
    opened = shop.open_text("Id,Status,STATUS \n1,a,b\n", names={"Id", "Status"})
    assert rows(opened) == [("1", "a", "b")]


def test_columns_that_differ_in_case_alone_do_no_harm_where_the_config_mentions_neither(shop, rows):
    assert rows(shop.open_text("Id,x,X\n1,a,b\n", names={"Id"})) == [("1", "a", "b")]
