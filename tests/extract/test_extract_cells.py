"""Cells go through a spreadsheet and come back."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.cells import protect, protect_text, unprotect, unprotect_text

CELLS = st.text(st.sampled_from("'=+-@\t\r\nab 5") | st.characters(exclude_categories=["Cs"]), max_size=6)


@given(st.lists(CELLS, min_size=1))
def test_any_text_comes_back_from_protection_in_frames_as_in_single_texts(texts):
    frame = pl.DataFrame({"cell": texts}, schema={"cell": pl.String})
    outward = frame.select(protect(pl.col("cell")))
    assert outward["cell"].to_list() == list(map(protect_text, texts))
    assert outward.select(unprotect(pl.col("cell")))["cell"].to_list() == texts == [unprotect_text(protect_text(text)) for text in texts]
    assert frame.select(unprotect(pl.col("cell")))["cell"].to_list() == list(map(unprotect_text, texts))


@given(CELLS)
def test_no_protected_cell_begins_as_a_formula_does(text):
    assert not protect_text(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("text", "safe"), [("=1", "'=1"), ("-5", "'-5"), ("+49 170", "'+49 170"), ("''@x", "'''@x"), ("it's", "it's"), ("'a", "'a")]
)
def test_only_cells_that_a_spreadsheet_would_run_get_a_quote(text, safe):
    assert protect_text(text) == safe
