"""Rows become tasks or problems, in the documented order of steps."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.frames import CONTENT_HASH, EXCLUDED, FINGERPRINT, HAS_PROBLEM, KEY_DIGEST, KEY_HASH, ROW, SOURCE_KEY, RawBatch
from etl.transform.lookups import build_table
from etl.transform.prepare import prepare
from etl.transform.wanted import WantedNames

TEXTS = st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=8)
MEMBERS = {"member.email": build_table([("sam@x.com", "mem_1", "Sam (mem_1)"), ("Ann@x.com ", "mem_2", "Ann (mem_2)")])}
ACCOUNTS = {
    "account.name": build_table(
        [("Acme", "acc_1", "Acme (acc_1)"), ("ACME ", "acc_2", "ACME (acc_2)"), ("Initech", "acc_3", "Initech (acc_3)")]
    )
}


def trimmed(text):
    return pl.Series([text], dtype=pl.String).str.strip_chars().item() or None


def found(batch):
    return batch.problems.select(ROW, "code", "field").rows()


def test_the_frame_has_our_columns_then_the_targets_in_the_order_of_the_map(bench):
    batch = bench.prepare({"Company": ["Acme"]}, {"$account": "Company"})
    assert batch.frame.columns == [
        ROW,
        EXCLUDED,
        SOURCE_KEY,
        KEY_HASH,
        CONTENT_HASH,
        KEY_DIGEST,
        FINGERPRINT,
        HAS_PROBLEM,
        "$title",
        "$status",
        "$assignedTo",
        "$account",
    ]
    assert batch.frame.schema[KEY_DIGEST] == pl.Binary
    assert batch.frame.schema[ROW] == pl.UInt32
    assert batch.problems.schema == {ROW: pl.UInt32, "code": pl.String, "field": pl.String, "message": pl.String, "value": pl.String}


def test_an_empty_batch_is_prepared_too(bench):
    raw = bench.batch({"A": []})
    recipe = bench.recipe(
        raw, {"$description": "A", "$status": {"column": "A"}, "$account": {"column": "A", "unknown": "note"}}, stamp=True
    )
    assert prepare(recipe, raw).frame.height == 0


@given(TEXTS)
@settings(max_examples=40)
def test_any_text_survives_from_column_to_title(bench, cells):
    assert bench.values("$title", {"Title": cells}) == [trimmed(cell) for cell in cells]


@given(TEXTS, st.text(st.characters(codec="utf-8"), max_size=8))
@settings(max_examples=40)
def test_a_template_joins_any_cells_with_any_text(bench, cells, between):
    template = between.replace("{", "{{").replace("}", "}}") + "{Title}" + "{{{Id}}}"
    expected = [trimmed(f"{between}{trimmed(cell) or ''}{{k{n}}}") for n, cell in enumerate(cells)]
    assert bench.values("$description", {"Title": cells}, {"$description": {"template": template}}) == expected


def test_a_template_whose_columns_are_all_empty_is_empty(bench):
    mapping = {"$description": {"template": "Notes: {A} {B}"}}
    assert bench.values(
        "$description", {"A": ["x", None, " "], "B": [None, "y", "--"]}, mapping, source={"key": "Id", "null_values": ["", "--"]}
    ) == [
        "Notes: x",
        "Notes:  y",
        None,
    ]


def test_null_values_are_empty_before_anything_else(bench):
    null_id = "000000000000000AAA"
    batch = bench.prepare({"W": [f" {null_id} ", "006x"]}, {"$opportunity": "W"}, source={"key": "Id", "null_values": [null_id]})
    assert batch.frame["$opportunity"].to_list() == [None, "006x"]
    assert batch.problems.is_empty()


def test_statuses_are_translated_whatever_their_case_and_separators(bench):
    mapping = {"$status": {"column": "S", "values": {"Not started": "TODO", "Waiting": "in progress"}, "empty": "CANCELLED"}}
    cells = ["NOT_STARTED", " not-started", "waiting", "Complete", "IN-PROGRESS", None]
    assert bench.values("$status", {"S": cells}, mapping) == ["TODO", "TODO", "IN_PROGRESS", "COMPLETE", "IN_PROGRESS", "CANCELLED"]


def test_a_word_as_written_wins_over_its_folded_form(bench):
    """Salesforce's 15-character ids differ in case alone."""
    mapping = {"owner": {"column": "O", "values": [{"005a": "one", "005A": "two"}, {"two": "three"}]}}
    assert bench.values("owner", {"O": ["005a", "005A", "005 a"]}, mapping) == ["one", "three", None]


def test_an_unknown_status_names_value_column_and_remedy(bench):
    batch = bench.prepare({"Task Status": ["Waiting", "TODO"]}, {"$status": "task status"})
    assert found(batch) == [(2, "unknown_status", "$status")]
    message = batch.problems["message"].item()
    assert message == (
        "$status: 'Waiting' (column Task Status) is not among values; allowed are TODO, IN_PROGRESS, COMPLETE, CANCELLED; "
        "add it under map.$status.values or set map.$status.unknown"
    )
    assert batch.problems["value"].item() == "Waiting"
    assert batch.frame[HAS_PROBLEM].to_list() == [True, False]


def test_a_long_value_is_cut_in_the_message_and_whole_beside_it(bench):
    batch = bench.prepare({"S": ["x\n" * 100]}, {"$status": "S"})
    assert len(batch.problems["message"].item()) < 300
    assert "\n" not in batch.problems["message"].item()
    assert batch.problems["value"].item() == ("x\n" * 100).strip()


def test_a_required_field_without_text_is_missing(bench):
    batch = bench.prepare({"Title": [" ", "x"], "S": ["odd", "TODO"]}, {"$status": "S"})
    assert found(batch) == [(2, "missing_required", "$title"), (2, "unknown_status", "$status")]


def test_empty_rejects_an_optional_field_where_asked(bench):
    batch = bench.prepare({"N": [None, "x"]}, {"$description": {"column": "N", "empty": "reject"}})
    assert found(batch) == [(2, "missing_required", "$description")]


@pytest.mark.parametrize(("unknown", "ids", "codes"), [("reject", ["mem_2", None], ["not_found"]), ("sam@x.com", ["mem_2", "mem_1"], [])])
def test_people_who_left_are_a_problem_or_somebody_elses(bench, unknown, ids, codes):
    mapping = {"$assignedTo": {"column": "O", "lookup": "member.email", "unknown": unknown}}
    batch = bench.prepare({"O": ["ANN@X.COM", "gone@x.com"]}, mapping, tables=MEMBERS)
    assert batch.frame["$assignedTo"].to_list() == ids
    assert batch.problems["code"].to_list() == codes


def test_an_ambiguous_name_is_a_problem_that_names_the_candidates_whatever_unknown_says(bench):
    for unknown in ("reject", "skip", "note", "Initech"):
        batch = bench.prepare(
            {"C": ["acme", None]}, {"$account": {"column": "C", "lookup": "account.name", "unknown": unknown}}, tables=ACCOUNTS
        )
        assert found(batch) == [(2, "ambiguous", "$account")]
        assert "Acme (acc_1), ACME (acc_2)" in batch.problems["message"].item()


def test_note_leaves_the_link_out_and_says_it_in_the_description(bench):
    mapping = {"$account": {"column": "Company", "lookup": "account.name", "unknown": "note"}}
    columns = {"Company": ["Acme Ltd", "initech", None], "Notes": ["hello", "hello", None]}
    batch = bench.prepare(columns, {**mapping, "$description": "Notes"}, tables=ACCOUNTS)
    assert batch.frame["$account"].to_list() == [None, "acc_3", None]
    assert batch.frame["$description"].to_list() == ["hello\n\nCompany: Acme Ltd (not found in Lightfield)", "hello", None]
    assert batch.problems.is_empty()
    assert bench.values("$description", columns, mapping, tables=ACCOUNTS) == ["Company: Acme Ltd (not found in Lightfield)", None, None]


def test_the_stamp_is_the_last_paragraph(bench):
    assert bench.values("$description", {"N": ["a", None]}, {"$description": {"column": "N", "max_length": 1}}, stamp=True) == [
        "a\n\nSource: import k0",
        "Source: import k1",
    ]


def test_a_plain_id_has_no_blanks_and_no_control_characters(bench):
    batch = bench.prepare({"T": ["ter_1", "New York", "a\x00b", "x" * 256]}, {"territory": "T"})
    assert batch.frame["territory"].to_list() == ["ter_1", None, None, None]
    assert batch.problems["code"].to_list() == ["invalid_id"] * 3


def test_split_takes_the_first_part_or_all(bench):
    columns = {"C": [" Initech ; Acme;;", ";", None, "Initech;initech;gone"]}
    mapping = {"$account": {"column": "C", "split": ";", "lookup": "account.name"}}
    assert bench.values("$account", columns, mapping, tables=ACCOUNTS) == ["acc_3", None, None, "acc_3"]
    mapping["$account"]["take"] = "all"
    batch = bench.prepare(columns, mapping, tables=ACCOUNTS, many=frozenset({"$account"}))
    assert batch.frame["$account"].to_list() == [["acc_3"], None, None, ["acc_3"]]
    assert found(batch) == [(2, "ambiguous", "$account"), (5, "not_found", "$account")]
    assert batch.problems["value"].to_list() == ["Acme", "gone"]


def test_sql_works_on_one_row_and_one_bad_row_spoils_no_other(bench):
    mapping = {"$opportunity": {"sql": "CASE WHEN starts_with(WhatId, '006') THEN WhatId END"}, "n": {"sql": "CAST(N AS INT) + 1"}}
    batch = bench.prepare({"WhatId": ["006a", "001b", None], "N": ["1", "x", None]}, mapping)
    assert batch.frame["$opportunity"].to_list() == ["006a", None, None]
    assert batch.frame["n"].to_list() == ["2", None, None]
    assert found(batch) == [(3, "sql_failed", "n")]


@pytest.mark.parametrize(
    "sql",
    [
        "A IN ('a', 'b')",
        "COALESCE(a, 'x')",
        "A LIKE 'a%' AND \"B\" IS NULL",
        "GREATEST(A, B)",
        "A || '-' || B",
        "REGEXP_LIKE(A, 'Len')",
        "'Len'",
    ],
)
def test_sql_of_one_row_is_accepted(bench, sql):
    """Columns are found whatever their case, as everywhere in the map."""
    assert len(bench.values("x", {"A": ["a", None, "c"], "B": ["d", None, None]}, {"x": {"sql": sql}})) == 3


def test_first_line_and_max_length_come_last(bench):
    mapping = {"$title": {"column": "N", "first_line": True, "max_length": 5}, "$description": "N"}
    assert bench.values("$title", {"N": ["\n\nfirst line\r\nsecond", "ab"]}, mapping) == ["first", "ab"]


def test_due_dates_take_zone_and_time_from_the_field_before_the_config(bench):
    columns = {"D": ["2024-07-01", "2024-07-01 08:00"]}
    assert bench.values("$dueAt", columns, {"$dueAt": "D"}, timezone="Europe/Berlin", time="17:00") == [
        "2024-07-01T15:00:00Z",
        "2024-07-01T06:00:00Z",
    ]
    rule = {"column": "D", "timezone": "UTC", "time": "09:30"}
    assert bench.values("$dueAt", columns, {"$dueAt": rule}, timezone="Europe/Berlin", time="17:00") == [
        "2024-07-01T09:30:00Z",
        "2024-07-01T08:00:00Z",
    ]


def test_a_missing_zone_stays_a_problem_whatever_unknown_says(bench):
    batch = bench.prepare({"D": ["2024-07-01", "soon"]}, {"$dueAt": {"column": "D", "unknown": "skip"}})
    assert found(batch) == [(2, "no_timezone", "$dueAt")]


def test_rows_that_could_not_be_read_are_not_judged_and_excluded_rows_have_no_problems(bench):
    columns = {"Id": [None, None, "k"], "Title": [None, None, None]}
    batch = bench.prepare(columns, batch={"excluded": [False, True, False], "unread": ["too_many_fields", None, None]})
    assert found(batch) == [(2, "too_many_fields", None), (4, "missing_required", "$title")]
    assert batch.frame[HAS_PROBLEM].to_list() == [True, False, True]


def test_wanted_names_counts_the_names_that_look_ups_will_be_asked_for(bench):
    columns = {"O": ["1", "sam@x.com", "1", "2"], "C": ["a;b", "a", None, "c"]}
    mapping = {
        "$assignedTo": {"column": "O", "lookup": "member.email", "values": {"1": "sam@x.com"}},
        "$account": {"column": "C", "split": ";", "take": "all", "lookup": "account.name", "empty": "none"},
    }
    tables = {"member.email": bench.unchecked(), "account.name": bench.unchecked()}
    raw = bench.batch(columns, excluded=[False, False, False, True])
    recipe = bench.recipe(raw, mapping, tables=tables, many=frozenset({"$account"}))
    assert recipe.lookup_columns == ("O", "C")
    assert recipe.columns == ("Id", "Title", "O", "C")
    wanted = WantedNames(recipe)
    wanted.add(RawBatch(raw.file, raw.frame.head(1)))
    wanted.add(RawBatch(raw.file, raw.frame.slice(1)))
    names = wanted.take_words().group_by("lookup", "name").agg(pl.col("rows").sum()).drop_nulls().sort("lookup", "name").rows()
    assert names == [("account.name", "a", 2), ("account.name", "b", 1), ("account.name", "none", 1), ("member.email", "sam@x.com", 3)]


def test_unchecked_look_ups_accept_every_name(bench):
    mapping = {"$assignedTo": {"column": "O", "lookup": "member.email"}}
    assert bench.values("$assignedTo", {"O": ["who@x.com"]}, mapping, tables={"member.email": bench.unchecked()}) == ["who@x.com"]


@given(TEXTS)
@settings(max_examples=40)
def test_no_text_breaks_any_field(bench, cells):
    mapping = {
        "$status": {"column": "A", "values": {"x": "TODO"}},
        "$dueAt": {"column": "A", "formats": ["iso", "epoch-s", "%d/%m/%Y"]},
        "$description": {"template": "{A}", "html": True},
        "$account": {"column": "A", "split": ";", "take": "all", "lookup": "account.name", "unknown": "note"},
        "$opportunity": {"sql": "UPPER(A)"},
    }
    batch = bench.prepare({"A": cells}, mapping, tables=ACCOUNTS, many=frozenset({"$account"}), timezone="UTC", stamp=True)
    assert batch.frame.height == len(cells)
    bad = set(batch.problems[ROW].to_list())
    assert batch.frame.filter(HAS_PROBLEM)[ROW].to_list() == sorted(bad)


def test_a_rows_content_counts_alike_whatever_else_is_wrong_in_its_batch(bench):
    fields = {"$title": "T", "$dueAt": "D"}

    def contents(titles, dues):
        return bench.prepare({"T": titles, "D": dues}, fields).frame[CONTENT_HASH].to_list()

    good, bad_due = contents(["a", "b"], ["2026-11-02", "soon"])
    assert contents(["a"], ["2026-11-02"]) == [good]
    assert contents(["a", None, "b"], ["2026-11-02", "2026-11-02", "soon"])[::2] == [good, bad_due]
    # What is wrong tells rows apart.
    assert contents(["b", "b"], ["later", None])[0] not in {bad_due, contents(["b"], [None])[0]}


def test_what_was_not_found_is_noted_as_it_was_looked_up(bench):
    fields = {"$account": {"column": "C", "lookup": "account.name", "unknown": "note", "values": {"001A": "Zürich GmbH"}}}
    batch = bench.prepare({"C": ["001A", "Other"]}, fields, tables=ACCOUNTS)
    assert batch.frame["$description"].to_list() == [
        "C: Zürich GmbH (not found in Lightfield)",
        "C: Other (not found in Lightfield)",
    ]
