"""A judge finds what ``prepare`` finds; that it does so for every batch of the other tests of this room is held by ``Bench.prepare``."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.frames import CONTENT_HASH, SOURCE_KEY, RawBatch
from etl.transform.identity import ContentCensus
from etl.transform.judge import _MOST_REMEMBERED, Judge
from etl.transform.lookups import LookupTable
from etl.transform.prepare import prepare

WORDS = (
    "open",
    "DONE ",
    "--",
    " ",
    "",
    "Globex",
    "Acme; Globex;x",
    "a;a",
    "<p>Acme</p>",
    "<p> </p>",
    "&nbsp;",
    "2026-03-08",
    "31.12.2026",
    "7",
)
CELLS = st.lists(st.one_of(st.none(), st.sampled_from(WORDS), st.text(max_size=5)), min_size=4, max_size=12)
TABLES = {"account.name": LookupTable({"acme": "acc_1"}, {"globex": ("Globex (acc_2)", "Globex (acc_3)")})}


def _either(*rules):
    return st.sampled_from(rules)


STATUS = _either(
    {"column": "A", "values": {"open": "TODO", "done": "COMPLETE"}},
    {"column": "A", "values": {"open": "TODO"}, "empty": "TODO", "unknown": "TODO"},
    {"value": "TODO"},
    {"template": "{A}{B}", "unknown": "TODO"},
)
TITLE = _either(
    "A",
    {"column": "A", "html": True},
    {"column": "A", "empty": "untitled"},
    {"column": "A", "split": ";"},
    {"column": "A", "values": {"open": "Opened"}},
    {"template": "{A} {B}", "html": True},
    {"sql": "NULLIF(A, '7')"},
)
DESCRIPTION = _either(
    "B", {"column": "B", "html": True}, {"column": "B", "html": True, "empty": "reject"}, {"sql": "CAST(B AS INT)", "html": True}
)
DUE = _either({"column": "B", "formats": ["iso", "%d.%m.%Y"], "empty": "reject"}, {"column": "B", "formats": ["iso"], "unknown": "skip"})
ACCOUNT = _either(
    {"column": "B", "lookup": "account.name", "split": ";", "take": "all"},
    {"column": "B", "lookup": "account.name", "split": ";", "unknown": "note"},
    {"column": "B", "lookup": "account.name", "html": True},
    {"value": "Acme", "lookup": "account.name"},
    {"template": "{A}", "lookup": "account.name", "unknown": "skip"},
)
MAPS = st.fixed_dictionaries(
    {"$status": STATUS, "$title": TITLE}, optional={"$description": DESCRIPTION, "$dueAt": DUE, "$account": ACCOUNT}
)


@given(MAPS, CELLS, CELLS, st.data())
@settings(max_examples=60)
def test_whatever_the_map_and_the_cells_are_the_same_is_told_of_each_row(bench, mapping, first, second, data):
    height = min(len(first), len(second))
    flags = st.lists(st.booleans(), min_size=height, max_size=height)
    unread = [None if good else "not_utf8" for good in data.draw(flags)]
    columns = {"A": first[:height], "B": second[:height]}
    batch = {"excluded": data.draw(flags), "unread": unread}
    source = {"key": "A", "null_values": ["--"]}
    bench.prepare(columns, mapping, batch=batch, tables=TABLES, many=frozenset({"$account"}), timezone="Europe/Berlin", source=source)


def test_more_different_cells_than_are_remembered_are_judged_all_the_same(bench):
    height = _MOST_REMEMBERED + 10
    bench.prepare({"A": [f"word {number // 2}" for number in range(2 * height)]}, {"$status": {"column": "A"}})


def test_rows_of_equal_cells_have_equal_hashes_and_others_do_not(bench):
    raw = bench.batch({"Id": ["1", "1", "1", "1"], "B": ["<p>x</p>", "<p>x</p>", "<p>x</p> ", None]})
    recipe = bench.recipe(raw, {"$description": {"column": "B", "html": True}})
    hashes = Judge(recipe).judge(raw).frame[CONTENT_HASH].to_list()
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
    assert prepare(recipe, raw).frame[CONTENT_HASH].n_unique() == 2


def test_a_judge_gives_the_keys_that_prepare_gives(bench):
    raw = bench.batch({"Id": ["7.0", " 7 ", None, "1,5E+10"]})
    recipe = bench.recipe(raw)
    assert (
        Judge(recipe).judge(raw).frame[SOURCE_KEY].to_list() == prepare(recipe, raw).frame[SOURCE_KEY].to_list() == ["7", "7", None, None]
    )


def test_rows_known_by_their_content_are_numbered_as_prepare_numbers_them(bench):
    raw = bench.batch({"Id": ["1", "1", "2"], "Title": ["a", "a", None]})
    recipe = bench.recipe(raw, source={"key": "content"})
    census = ContentCensus()
    census.add(raw)
    judged, prepared = Judge(recipe).judge(raw, census.counter()), prepare(recipe, raw, census.counter())
    assert judged.frame[SOURCE_KEY].to_list() == prepared.frame[SOURCE_KEY].to_list()
    assert judged.problems.rows() == prepared.problems.rows() != []


def test_equal_cells_in_two_files_have_different_hashes_and_in_two_batches_of_one_file_the_same(bench):
    raw = bench.batch({"Id": ["1"], "Title": ["a"]})
    other = RawBatch(replace(raw.file, index=1), raw.frame)
    first, again, elsewhere = (Judge(bench.recipe(each)).judge(each).frame[CONTENT_HASH][0] for each in (raw, raw, other))
    assert first == again != elsewhere
