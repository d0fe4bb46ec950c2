"""What is told of all bytes at once: how many fields records have, and whether a line begins as the header does."""

import pytest

from etl.errors import SourceError
from etl.extract import survey as survey_module
from etl.extract.quoting import grammar
from etl.extract.strays import line_starts
from etl.extract.survey import Question, survey
from etl.frames import EXTRACT_CODE

HEADER = "Id,Title,Notes\n"
BLOCKS = [16, 23, 64, 1 << 20]
"""Bytes read at once: with the small ones, every line is the first of some block."""


def lines(count):
    return [f'{number},task {number},"two\nlines"\n' if number % 3 == 0 else f"{number},task {number},\n" for number in range(count)]


def asked(text, folder):
    path = folder / "text.csv"
    path.write_bytes(text.encode())
    return survey(path, Question(grammar(",", 3), grammar(",", 11), line_starts("Id", ",")), "text.csv")


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("place", range(0, 12, 2))
@pytest.mark.parametrize("start", ["Id,x,y", '"Id",x,y', "Subitems,Id,", '"subitems","Id",'])
def test_a_line_that_begins_as_the_header_does_is_seen_wherever_a_block_ends(tmp_path, monkeypatch, block, place, start):
    monkeypatch.setattr(survey_module, "BLOCK_BYTES", block)
    body = lines(12)
    assert asked(HEADER + "".join(body), tmp_path).lacks_starts
    body.insert(place, start + "\n")
    found = asked(HEADER + "".join(body), tmp_path)
    assert (found.lacks_starts, found.is_usual) == (False, True)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("place", [0, 5, 12])
def test_one_record_with_more_fields_than_usual_is_seen_wherever_it_stands(tmp_path, monkeypatch, block, place):
    monkeypatch.setattr(survey_module, "BLOCK_BYTES", block)
    body = lines(12)
    assert asked(HEADER + "".join(body), tmp_path).is_usual
    body.insert(place, "x,y,z,more\n")
    found = asked(HEADER + "".join(body), tmp_path)
    assert (found.is_usual, found.is_plain) == (False, True)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_record_with_surplus_fields_far_below_is_told_and_keeps_them(shop, rows, monkeypatch, block):
    monkeypatch.setattr(survey_module, "BLOCK_BYTES", block)
    body = [*lines(40), "40,late,note,more,and more\n", "Id,Title,Notes\n", "41,last,\n"]
    opened = shop.open_text(HEADER + "".join(body), names={"Id", "Title"})
    found = rows(opened, "Id", "Notes", EXTRACT_CODE)
    assert found[-2:] == [("40", "note,more,and more", "too_many_fields"), ("41", None, None)]
    assert len(found) == 42


def test_a_header_cell_as_long_as_a_book_is_a_name_like_any_other(shop, rows):
    opened = shop.open_text(f"{'q' * 100_000},Id,Title\n1,1,a\n2,2,b\n", names={"Id", "Title"})
    assert rows(opened, "Id", "Title") == [("1", "a"), ("2", "b")]


def test_a_header_whose_quote_is_not_closed_is_told_as_that(shop):
    text = '"Id,Title,Notes\n' + "".join(f"{number},task,{'x' * 60}\n" for number in range(3_000))
    with pytest.raises(SourceError, match="is never closed"):
        shop.open_text(text, names={"Id", "Title"})
