"""What does a good config mean?"""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from etl.config.amounts import CountOrShare
from etl.config.fields import ValuesFile, ValuesMapping

LOOKS_LIKE_ANOTHER_TYPE = [
    "Yes",
    "No",
    "on",
    "true",
    "0012",
    "17:00",
    "null",
    "1e3",
    "0x1F",
    "2026-01-02",
    ".inf",
    "1_000",
    "12345678901234567890123",
]


def test_the_smallest_config_has_the_documented_defaults(read, good):
    job = read(good).job
    assert (job.mode, job.stamp, job.retain) == ("create", False, 90 * 86400)
    assert (job.limits.rate, job.limits.share, job.limits.attempts, job.limits.timeout) == ("auto", 1.0, 8, 30.0)
    assert job.map["$title"].column == ("Subject",)


@pytest.mark.parametrize("text", LOOKS_LIKE_ANOTHER_TYPE)
def test_unquoted_words_under_values_stay_the_text_that_was_written(read, good, text):
    """YAML would make a boolean, a number or an hour of them, and the cell would never match."""
    job = read(good.replace("{Open: TODO}", f"{{{text}: TODO}}")).job
    assert job.map["$status"].values == (ValuesMapping(entries={text: "TODO"}),)


@pytest.mark.parametrize("text", LOOKS_LIKE_ANOTHER_TYPE)
def test_name_key_and_null_values_stay_the_text_that_was_written(read, good, text):
    job = read(good.replace("my-tasks", text).replace("key: Id", f"key: {text}\n  null_values: [{text}, ~]")).job
    assert (job.name, job.source.key, job.source.null_values) == (text, ((text,),), (text, "~"))


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("Id", (("Id",),)),
        ("[A, B]", (("A",), ("B",))),
        ("[[A, B]]", (("A", "B"),)),
        ("[[A, a, B], C]", (("A", "a", "B"), ("C",))),
        ("content", (("content",),)),
    ],
)
def test_a_key_has_parts_and_a_part_has_aliases(read, good, key, parts):
    source = read(good.replace("key: Id", f"key: {key}")).job.source
    assert source.key == parts
    assert source.key_is_content == (key == "content")


@pytest.mark.parametrize("option", ["column", "value", "template", "empty"])
def test_text_options_of_a_field_stay_the_text_that_was_written(read, good, option):
    rule = f"{{{option}: 0012}}" if option != "empty" else "{column: X, empty: 0012}"
    field = read(f"{good}  territory: {rule}\n").job.map["territory"]
    assert getattr(field, option) in ("0012", ("0012",))


def test_a_time_is_no_number_of_minutes(read, good):
    assert read(f"time: 17:00\n{good}").job.time == "17:00"


def quoted(text: str) -> str:
    """``text`` in YAML's double quotes: letters of any script as they are, all else escaped."""
    return '"' + "".join(letter if letter.isalnum() or letter == " " else f"\\U{ord(letter):08x}" for letter in text) + '"'


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
# YAML allows a key of 1,024 characters before its colon, and a letter is written with ten.
@given(words=st.dictionaries(st.text(min_size=1, max_size=90), st.sampled_from(["TODO", "COMPLETE"]), min_size=1, max_size=5))
@example(words={"NULL": "TODO", "~": "COMPLETE", "<<": "TODO", "\x85": "TODO", "\ufeff": "TODO", "💥": "TODO"})
def test_any_text_survives_as_a_word_to_translate(read, good, words):
    entries = ", ".join(f"{quoted(word)}: {quoted(status)}" for word, status in words.items())
    (step,) = read(good.replace("{Open: TODO}", f"{{{entries}}}")).job.map["$status"].values
    assert step == ValuesMapping(entries=words)


def test_short_and_long_forms_of_a_field_mean_the_same(read, good):
    long = good.replace("$title: Subject", "$title: {column: [Subject]}")
    assert read(good).job == read(long).job


def test_values_may_be_a_chain_of_files_and_translations(read, good):
    config = f"{good}  $account: {{column: C, values: [lookups.csv, {{file: a.csv, from: Id, to: Name}}, {{x: y}}]}}\n"
    steps = read(config).job.map["$account"].values
    assert steps[0] == ValuesFile(file="lookups.csv")
    assert (steps[1].from_column, steps[1].to_column) == ("Id", "Name")
    assert steps[2] == ValuesMapping(entries={"x": "y"})


def test_a_translation_of_a_word_called_file_is_no_side_file(read, good):
    job = read(good.replace("{Open: TODO}", "{file: TODO, mail: COMPLETE}")).job
    assert job.map["$status"].values == (ValuesMapping(entries={"file": "TODO", "mail": "COMPLETE"}),)


def test_numbers_percentages_and_durations_are_read(read, good):
    job = read(
        good + "limits: {rate: 12.5, share: 80%, timeout: 45s, max_failures: 5%}\nguards: {rows: 8123, max_rejected: 3}\nretain: 90d\n"
    ).job
    assert (job.limits.rate, job.limits.share, job.limits.timeout) == (12.5, 0.8, 45.0)
    assert (job.limits.max_failures, job.guards.max_rejected) == (CountOrShare(share=0.05), CountOrShare(count=3))
    assert (job.guards.rows, job.retain) == (8123, 90 * 86400.0)


def test_a_key_that_says_nothing_is_not_set(read, good):
    """``limits:`` with all its lines commented out is null in YAML."""
    assert read(f"{good}limits:\nledger: ~\n").job == read(good).job


def test_an_anchor_may_be_used_again(read, good):
    config = good.replace("{Open: TODO}", "&words {Open: TODO}") + "  other: {column: X, values: *words}\n"
    assert read(config).job.map["other"].values == (ValuesMapping(entries={"Open": "TODO"}),)


def test_a_byte_order_mark_is_no_part_of_the_first_key(read, good):
    assert read(b"\xef\xbb\xbf" + good.encode()).job.name == "my-tasks"


def test_each_key_has_its_place(read, good, tmp_path):
    config = read(good)
    assert config.where("map", "$status", "values", "Open") == f"{tmp_path}/tasks.yaml:6:38"
    assert config.where("source", "key") == f"{tmp_path}/tasks.yaml:3:3"
    assert config.where("map", "$title", "column") == f"{tmp_path}/tasks.yaml:5:3"


def test_the_digest_is_that_of_the_bytes_of_all_files(read, good, tmp_path):
    assert read(good).sha256 == hashlib.sha256(good.encode()).hexdigest()
    over = "extends: base.yaml\nname: other\n"
    assert read(over, base=good).sha256 == hashlib.sha256((over + good).encode()).hexdigest()
