"""A row keeps its identity for ever, and equal content has equal fingerprints."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.frames import FINGERPRINT, KEY_DIGEST, SOURCE_KEY
from etl.transform.identity import ContentCensus, ContentCounter, canonical_text, digests, idempotency_key, row_key_digest

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


def codes(batch):
    return batch.problems.select("__etl_row", "code").rows()


def test_the_idempotency_key_never_changes():
    """A literal, for ever: another key would create every task a second time."""
    assert (
        idempotency_key("hubspot-tasks", "create", "00T123", 0) == "lfetl1-916b2858c3175fdac14e84459d7a8d4688926afd6b6e11fe77b7a33f92341249"
    )
    assert (
        idempotency_key("a", "update", "k", 2, revision=3, payload_digest=b"\x01\x02")
        == "lfetl1-6033a3809fccf2cd22a2b6b9b04e61ad785407a99c641ef6f0fd1469902aeb36"
    )


def test_the_digest_of_a_source_key_never_changes():
    """The ledger is looked up by it."""
    assert row_key_digest("00T123").hex() == "a05ebb4327dffeadba784804961b5ade"
    assert digests(pl.Series(["00T123", None])).to_list() == [row_key_digest("00T123"), None]


@given(
    st.lists(
        st.tuples(TEXTS, TEXTS, TEXTS, st.integers(0, 3), st.none() | st.integers(0, 3), st.none() | st.binary(max_size=3)), unique=True
    )
)
@settings(max_examples=40)
def test_different_writes_have_different_idempotency_keys_that_lightfield_takes(writes):
    keys = {idempotency_key(*write[:4], revision=write[4], payload_digest=write[5]) for write in writes}
    assert len(keys) == len(writes)
    assert all(len(key) <= 255 and key.isascii() for key in keys)


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        (" 42 ", "42"),
        ("42.0", "42"),
        ("42.00", "42"),
        ("0042", "0042"),
        ("42.5", "42.5"),
        ("e\u0301", "\u00e9"),
        ("zcrm_1.0", "zcrm_1.0"),
        ("12e45", "12e45"),
    ],
)
def test_a_source_key_is_trimmed_composed_and_without_a_decimal_zero(bench, cell, key):
    batch = bench.prepare({"Id": [cell]})
    assert batch.frame[SOURCE_KEY].to_list() == [key]
    assert batch.frame[KEY_DIGEST].to_list() == [row_key_digest(key)]


def test_several_key_columns_cannot_run_into_each_other(bench):
    keys = bench.values(SOURCE_KEY, {"Id": ["abc", "ab", "a"], "B": ["de", "cde", None]}, source={"key": ["Id", "B"]})
    assert keys == ["3:abc2:de", "2:ab3:cde", None]


def test_an_empty_or_ruined_key_is_a_problem_that_says_what_to_do(bench):
    batch = bench.prepare({"Id": ["1", None, "1.21E+15", "1,2e15", "--"]}, source={"key": "Id", "null_values": ["--"]})
    assert codes(batch) == [(3, "missing_key"), (4, "mangled_key"), (5, "mangled_key"), (6, "missing_key")]
    assert batch.frame[SOURCE_KEY].to_list() == ["1", None, None, None, None]
    assert "column Id" in batch.problems["message"][0]
    assert "'1.21E+15'" in batch.problems["message"][1]
    assert batch.problems["value"].to_list() == [None, "1.21E+15", "1,2e15", None]


def test_a_failures_file_gives_identities_back(bench):
    batch = bench.prepare({"Id": ["1.21E+15", "7"]}, batch={"given": ["old", None]})
    assert batch.frame[SOURCE_KEY].to_list() == ["old", "7"]
    assert batch.problems.is_empty()


def test_content_keys_number_identical_rows_across_batches(bench):
    job = {"source": {"key": "content"}}
    first, second = bench.batch({"Id": ["1", "1", "2"]}), bench.batch({"Id": ["2", "1", "3"]})
    census = ContentCensus()
    census.add(first)
    census.add(second)
    for _ in range(2):
        counter, keys = census.counter(), []
        for raw in (first, second):
            keys += counter.keys(raw)["key"].to_list()
        assert [key.partition("#")[2] for key in keys] == ["0", "1", "0", "1", "2", "0"]
        assert len({key.partition("#")[0] for key in keys}) == 3
        assert len(counter._seen) == 2
    assert bench.values(SOURCE_KEY, {"Id": ["1"]}, content=census.counter(), **job) == [keys[0]]


def test_a_content_key_depends_on_cells_and_not_on_the_map_or_the_column_order(bench):
    counter = ContentCounter(None)
    one = bench.batch({"A": ["x"], "B": [None]})
    other = bench.batch({"B": [None], "A": ["x"]})
    changed = bench.batch({"A": [None], "B": ["x"]})
    keys = [counter.keys(raw)["key"].item() for raw in (one, other, changed)]
    assert keys[0].partition("#")[0] == keys[1].partition("#")[0] != keys[2].partition("#")[0]


def test_a_content_key_without_a_counter_is_refused(bench):
    with pytest.raises(ValueError, match="ContentCensus"):
        bench.prepare({"Id": ["1"]}, source={"key": "content"})


CONTENT = st.fixed_dictionaries(
    {"$a": st.none() | TEXTS, "$b": st.none() | TEXTS, "c": st.none() | st.lists(TEXTS, min_size=1, max_size=3)}
)


@given(CONTENT, CONTENT)
@settings(max_examples=150)
def test_fingerprints_are_equal_exactly_where_content_is(left, right):
    """Null is not the empty text, and a relationship is a set."""
    frame = pl.DataFrame([left, right], schema={"$a": pl.String, "$b": pl.String, "c": pl.List(pl.String)})
    texts = frame.select(canonical_text(frame.schema)).to_series().to_list()
    same = (
        left["$a"] == right["$a"]
        and left["$b"] == right["$b"]
        and sorted(left["c"] or [], key=str.encode) == sorted(right["c"] or [], key=str.encode)
    )
    assert (texts[0] == texts[1]) == same


def test_the_fingerprint_never_changes():
    """The ledger compares it with those of earlier versions."""
    frame = pl.DataFrame({"$title": ["Grüße"], "$account": [["b", "a"]], "$dueAt": pl.Series([None], dtype=pl.String)})
    assert frame.select(canonical_text(frame.schema)).item() == ";8:$account,1:a,1:b;6:$title,7:Grüße"


def test_a_relationship_has_one_fingerprint_as_a_value_and_as_a_list_of_one():
    """What Lightfield says of its cardinality must not make every row look changed."""
    single, several = pl.DataFrame({"x": ["1"]}), pl.DataFrame({"x": [["1"]]})
    assert single.select(canonical_text(single.schema)).item() == several.select(canonical_text(several.schema)).item()


def test_bad_rows_with_different_cells_have_different_fingerprints(bench):
    found = bench.values(FINGERPRINT, {"S": ["odd", "strange", "odd"]}, {"$status": "S"})
    assert found[0] == found[2] != found[1]


@given(st.lists(TEXTS, min_size=1, max_size=6))
@settings(max_examples=40)
def test_keys_of_any_text_are_composed_and_trimmed_once(bench, cells):
    keys = bench.values(SOURCE_KEY, {"Id": cells})
    assert bench.values(SOURCE_KEY, {"Id": keys}) == keys
    assert keys == [None if key is None else unicodedata.normalize("NFC", key) for key in keys]
