"""A failures file gives identities back, and only it does."""

import pytest

from etl.frames import EXTRACT_CODE, GIVEN_KEY

OURS = "_row,_file,_source_key,_action,_error_code,_error_field,_error_message,_http_status,_attempts"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_its_own_columns_are_taken_out_and_the_key_is_given_back(shop, rows, delimiter):
    content = f"\ufeffId,T,{OURS}\n7,'=1,2,t.csv,key:7,rejected,,,,,\n8,'x,3,t.csv,,rejected,,,,,\n9,''-1,4,t.csv,0009,rejected,,,,,\n"
    opened = shop.open_text(content.replace(",", delimiter))
    file = opened.files[0]
    assert (file.is_failures_file, file.columns, file.delimiter) == (True, ("Id", "T"), delimiter)
    assert rows(opened, "Id", "T", GIVEN_KEY) == [("7", "=1", "7"), ("8", "'x", None), ("9", "'-1", "0009")]


@pytest.mark.parametrize("header", [f"Id,{OURS},more", f"Id,{OURS.replace('_row,', '')}", f"Id,{OURS.upper()}"])
def test_elsewhere_the_same_names_are_ordinary_columns(shop, rows, header):
    opened = shop.open_text(f"{header}\n'=1\n")
    assert not opened.files[0].is_failures_file
    assert opened.files[0].columns == tuple(header.split(","))
    assert rows(opened, "Id", GIVEN_KEY) == [("'=1", None)]


@pytest.mark.parametrize("told", [{"encoding": "cp1252"}, {"encoding": "utf-16"}, {"format": "ndjson"}, {"header": 3}, {"delimiter": ","}])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_how_the_source_is_read_says_nothing_of_how_its_failures_file_is(shop, rows, told, delimiter):
    content = f"\ufeffId,T,{OURS}\n7,Größe,2,t.csv,key:7,rejected,,,,,\n".replace(",", delimiter)
    opened = shop.open_text(content, **told)
    assert (opened.files[0].is_failures_file, rows(opened, "T", GIVEN_KEY)) == (True, [("Größe", "7")])
    by_a_spreadsheet = shop.open(shop.write(content.encode("utf-16")), **told)
    assert rows(by_a_spreadsheet, "T", GIVEN_KEY) == [("Größe", "7")]


def test_a_row_whose_letters_were_lost_stays_refused_until_somebody_has_mended_it(shop, rows):
    opened = shop.open_text(f"Id,T,{OURS}\n7,caf\\xE9,2,t.csv,key:7,rejected,not_utf8,,,,0\n8,café,3,t.csv,key:8,rejected,,,,,0\n")
    assert rows(opened, "T", EXTRACT_CODE) == [("caf\\xE9", "not_utf8"), ("café", None)]


def test_a_row_with_too_many_fields_stays_refused_until_somebody_has_mended_it(shop, rows):
    marked = "too_many_fields,,beyond them stands: x,,0"
    opened = shop.open_text(
        f'Id,T,{OURS}\n7,"a,x",2,t.csv,key:7,rejected,{marked}\n8,a,3,t.csv,key:8,rejected,{marked.replace("too_many_fields", "")}\n'
    )
    assert rows(opened, "T", EXTRACT_CODE) == [("a,x", "too_many_fields"), ("a", None)]
