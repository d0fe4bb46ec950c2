"""Names are compared in one form, wherever they come from."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.transform.lookups import build_table, normalise, normalise_names, unchecked_tables

TEXTS = st.text(st.characters(codec="utf-8"), max_size=15)


@pytest.mark.parametrize(
    ("name", "key"),
    [("  Sam\t Ray ", "sam ray"), ("JOSE\u0301", "jos\u00e9"), ("Stra\u00dfe", "stra\u00dfe"), ("", ""), ("A\u00a0B", "a b")],
)
def test_a_name_is_trimmed_composed_lower_case_with_single_blanks(name, key):
    assert normalise_names([name]) == [key]


@given(st.lists(TEXTS, max_size=5))
@settings(max_examples=50)
def test_names_in_hand_and_names_in_a_frame_are_normalised_alike(names):
    in_frame = pl.Series("n", names, dtype=pl.String).to_frame().select(normalise(pl.col("n"))).to_series().to_list()
    assert normalise_names(names) == in_frame


def test_a_name_with_two_ids_is_ambiguous_and_the_same_record_twice_is_not():
    table = build_table(
        [("Val", "1", "Val (1)"), ("val ", "2", "val (2)"), ("Ann", "3", "Ann (3)"), ("ANN", "3", "Ann (3)"), (" ", "4", "?")]
    )
    assert table.ids == {"ann": "3"}
    assert table.ambiguous == {"val": ("Val (1)", "val (2)")}
    assert not table.unchecked


def test_unchecked_tables_stand_for_every_look_up_of_the_map(bench):
    job = bench.config({"$assignedTo": {"column": "O", "lookup": "member.name"}}).job
    assert {name: table.unchecked for name, table in unchecked_tables(job).items()} == {"member.name": True}
