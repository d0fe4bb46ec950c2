"""The words that stand for something, counted as batches go by."""

from __future__ import annotations

import polars as pl
import pytest

from etl.transform import words
from etl.transform.lookups import LookupTable, build_table
from etl.transform.wanted import WantedNames
from etl.transform.words import WORD_SCHEMA, WordCount, judged, lookups_step, no_words, word_key

OWNER = {"column": "O", "lookup": "member.email"}


def counted(bench, columns, mapping, known=(), keep=None, tables=None, **recipe):
    raw = bench.batch(columns)
    asked = {rule["lookup"]: bench.unchecked() for rule in mapping.values() if isinstance(rule, dict) and "lookup" in rule}
    recipe = bench.recipe(raw, mapping, tables=tables or asked, **recipe)
    count = WordCount(
        {field.target: field.chain.resolution for field in recipe.fields if field.target in known}, no_words() if keep is None else keep
    )
    wanted = WantedNames(recipe)
    for _ in range(2):
        wanted.add(raw)
        count.add(wanted.take_words())
    return count, recipe


def told(count):
    return sorted(count.total().filter(pl.col("field") != "$assignedTo").select("field", "word", "name", "rows").rows())


def test_of_statuses_only_those_without_a_meaning_are_kept_with_their_rows(bench):
    mapping = {"$status": {"column": "S", "values": {"open": "TODO"}}}
    count, _ = counted(bench, {"S": ["open", "Opne", "TODO", "Opne"]}, mapping, known={"$status"})
    assert told(count) == [("$status", "Opne", "Opne", 4)]


def test_a_word_is_told_as_it_reaches_the_lookups_file(bench):
    values = [{"1": "one"}, "lookups.csv", {"one": "TODO", "two": "COMPLETE"}]
    count, recipe = counted(bench, {"S": ["1", "two"]}, {"$status": {"column": "S", "values": values}})
    assert told(count) == [("$status", "one", "TODO", 2), ("$status", "two", "COMPLETE", 2)]
    [rule] = [field.rule for field in recipe.fields if field.target == "$status"]
    assert lookups_step(rule) == 1


def test_a_word_that_a_person_has_settled_is_kept_whatever_it_means(bench):
    keep = pl.DataFrame({"field": ["$status"], "key": ["open"]})
    mapping = {"$status": {"column": "S", "values": ["lookups.csv", {"open": "TODO"}]}}
    count, _ = counted(bench, {"S": ["OPEN", "TODO"]}, mapping, known={"$status"}, keep=keep)
    assert told(count) == [("$status", "OPEN", "TODO", 2)]


def test_more_words_than_can_be_kept_are_counted_and_the_most_frequent_stay(bench, monkeypatch):
    monkeypatch.setattr(words, "MOST_WORDS", 2)
    count, _ = counted(bench, {"S": ["a", "b", "b", "c", "c", "d"]}, {"$status": "S"}, known={"$status"})
    assert [line[1] for line in told(count)] == ["b", "c"]
    assert count.beyond == 2


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Acme  Corp", " ACME corp", True),
        ("not_started", "Not-Started", True),
        ("0051x00000AbCdE", "0051x00000aBcDe", False),
        ("Acme 2", " Acme 2 ", True),
    ],
)
def test_spellings_share_a_line_unless_they_may_be_ids(first, second, same):
    keys = pl.DataFrame({"word": [first, second]}).select(word_key(pl.col("word"))).to_series()
    assert (keys[0] == keys[1]) is same


def test_words_are_judged_by_what_lightfield_has_and_by_what_unknown_settles(bench):
    mapping = {
        "$assignedTo": {**OWNER, "unknown": "sam@x.com"},
        "$account": {"column": "C", "lookup": "account.name"},
        "territory": "T",
    }
    tables = {
        "member.email": build_table([("sam@x.com", "mem_1", "Sam (mem_1)")]),
        "account.name": build_table([("Acme", "acc_1", "Acme (acc_1)"), ("acme", "acc_2", "ACME (acc_2)")]),
    }
    columns = {"O": ["gone@x.com", "SAM@x.com"], "C": ["ACME", "Initech"], "T": ["New York", "ter_1"]}
    count, recipe = counted(bench, columns, mapping, tables=tables)
    found = judged(recipe.fields, count.total()).filter(pl.col("code").is_not_null())
    assert sorted(found.select("word", "code", "candidates", "settled").rows()) == [
        ("ACME", "ambiguous", "Acme (acc_1), ACME (acc_2)", False),
        ("Initech", "not_found", None, False),
        ("New York", "invalid_id", None, False),
        ("gone@x.com", "not_found", None, True),
    ]
    assert set(WORD_SCHEMA) < set(found.columns)


def test_an_ambiguous_name_keeps_the_ids_of_all_it_fits():
    table = build_table([("Acme", "acc_1", "Acme (acc_1)"), ("acme", "acc_2", "ACME (acc_2)"), ("Acme (acc_1)", "acc_1", "Acme (acc_1)")])
    assert isinstance(table, LookupTable)
    assert table.candidates == {"acme": ("acc_1", "acc_2")}
    assert table.ids == {"acme (acc_1)": "acc_1"}


def test_a_constant_of_a_batch_without_readable_rows_is_no_word(bench):
    raw = bench.batch({"A": ["x", "y"]}, excluded=[True, True])
    recipe = bench.recipe(raw, {"$account": {"template": "Acme", "lookup": "account.name"}}, tables={"account.name": bench.unchecked()})
    wanted = WantedNames(recipe)
    wanted.add(raw)
    assert wanted.take_words().is_empty()


def test_words_are_to_be_taken_once_the_cells_that_are_held_are_large(bench, monkeypatch):
    monkeypatch.setattr("etl.transform.wanted._MOST_HELD_BYTES", 1_000)
    raw = bench.batch({"A": [f"{number} is a long text of its own" for number in range(100)]})
    recipe = bench.recipe(raw, {"$account": {"column": "A", "lookup": "account.name"}}, tables={"account.name": bench.unchecked()})
    wanted = WantedNames(recipe)
    assert not wanted.is_full
    wanted.add(raw)
    assert wanted.is_full
    assert wanted.take_words().height == 102
    assert not wanted.is_full
