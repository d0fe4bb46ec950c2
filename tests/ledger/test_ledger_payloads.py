"""Does a JSON object come back from the ledger as it was?"""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.ledger.payloads import pack, unpack

ANY_TEXT = st.text(st.characters(codec=None), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150)
@given(st.dictionaries(ANY_TEXT, VALUES, max_size=5))
def test_every_json_object_comes_back_as_it_was(value):
    assert unpack(pack(value)) == value


def test_half_a_surrogate_pair_comes_back_as_it_was():
    value = {"$title": json.loads('"half \\ud83d"')}
    assert unpack(pack(value)) == value


def test_a_usual_payload_takes_less_than_two_thirds_of_its_json():
    value = {
        "fields": {"$title": "Call back about the renewal", "$status": "TODO", "$dueAt": "2026-05-01T17:00:00Z"},
        "relationships": {"$assignedTo": "mem_01HZX3J5Q8", "$account": ["acc_01HZX3J5Q8"]},
    }
    assert len(pack(value)) < 2 / 3 * len(json.dumps(value))


def test_what_the_first_version_packed_can_be_read_for_ever():
    assert unpack(bytes.fromhex(PACKED_BY_THE_FIRST_VERSION)) == {"fields": {"$title": "Call Ann", "$status": "TODO"}}


def test_a_form_of_a_later_version_is_refused():
    with pytest.raises(ValueError, match="does not know"):
        unpack(b"\x07{}")


PACKED_BY_THE_FIRST_VERSION = "0178bb7beb4e2ec36ab573624e8e82635e1ea6136a6b018c540f93"
