"""Which rows vanished, and may so many?"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.config.model import SyncConfig
from etl.frames import KEY_HASH, SOURCE_KEY
from etl.plan.missing import InputView, PresentKeys, too_many, why_not_known

HASHES = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), max_size=30)
WHOLE = InputView(given_by_hand=False, limited=False, failures_file=False, files=2, files_before=2, unreadable=0)


def batch(hashes):
    frame = pl.DataFrame(
        {SOURCE_KEY: [str(each) for each in hashes], KEY_HASH: hashes}, schema={SOURCE_KEY: pl.String, KEY_HASH: pl.UInt64}
    )
    return SimpleNamespace(frame=frame)


@given(HASHES, HASHES, HASHES)
def test_what_vanished_is_what_no_batch_held(first, second, known):
    present = PresentKeys()
    present.add(batch(first))
    present.add(batch(second))
    present.close()
    assert present.lacks(pl.Series(known, dtype=pl.UInt64)).to_list() == [each not in {*first, *second} for each in known]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"given_by_hand": True}, "--complete"),
        ({"limited": True}, "--limit"),
        ({"failures_file": True}, "failures file"),
        ({"files": 1}, "fewer files (1) than last time (2)"),
        ({"unreadable": 2}, "the key of 2 rows cannot be read"),
    ],
)
def test_an_input_that_is_not_known_to_be_whole_says_nothing(change, why):
    assert why in why_not_known(replace(WHOLE, **change))


def test_a_whole_input_tells_what_vanished():
    assert why_not_known(WHOLE) is None
    assert why_not_known(replace(WHOLE, files_before=None)) is None


@pytest.mark.parametrize(("gone", "allowed"), [(0, True), (10, True), (11, False), (100, False)])
def test_at_most_the_share_that_the_config_allows_may_vanish(gone, allowed):
    assert (too_many(gone, 100, SyncConfig(max_missing=0.1)) is None) is allowed
