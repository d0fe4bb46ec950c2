"""What is chosen for each row, given what the ledger knows of it."""

from __future__ import annotations

import polars as pl
import pytest

from etl.frames import (
    CONTENT_HASH,
    EXCLUDED,
    EXTRACT_CODE,
    EXTRACT_MESSAGE,
    FINGERPRINT,
    GIVEN_KEY,
    HAS_PROBLEM,
    KEY_DIGEST,
    KEY_HASH,
    ROW,
    SOURCE_KEY,
    PreparedBatch,
    RawBatch,
    SourceFile,
)
from etl.plan.choose import CREATE, choose, needed_operations
from etl.plan.duplicates import DuplicateMarker, KeyCensus, NothingKnown, StreamMarker

FILE = SourceFile(0, "tasks.csv", ("Id",), ",", "utf-8", 2, is_failures_file=False, notes=(), size_bytes=1, sha256="0")
NO_ENTRIES = pl.DataFrame(
    schema={
        "key_digest": pl.Binary,
        "state": pl.String,
        "task_id": pl.String,
        "fingerprint": pl.Binary,
        "generation": pl.Int32,
        "revision": pl.Int32,
        "has_intent": pl.Boolean,
    }
)


def batch(*rows: dict[str, object], first_row: int = 2) -> PreparedBatch:
    """A prepared batch of rows given as ``key``, ``content``, and optionally ``excluded``, ``problems``, ``given``."""
    numbers = range(first_row, first_row + len(rows))
    frame = pl.DataFrame(
        [
            {
                ROW: number,
                EXCLUDED: row.get("excluded", False),
                SOURCE_KEY: row["key"],
                KEY_DIGEST: None if row["key"] is None else str(row["key"]).encode(),
                KEY_HASH: None if row["key"] is None else hash(str(row["key"])) % 2**64,
                CONTENT_HASH: hash(str(row.get("content", "x"))) % 2**64,
                FINGERPRINT: str(row.get("content", "x")).encode(),
                HAS_PROBLEM: bool(row.get("problems")),
                "$title": str(row.get("content", "x")),
                "$assignedTo": "mem_1",
                "$account": None,
            }
            for number, row in zip(numbers, rows, strict=True)
        ],
        schema={
            ROW: pl.UInt32,
            EXCLUDED: pl.Boolean,
            SOURCE_KEY: pl.String,
            KEY_DIGEST: pl.Binary,
            KEY_HASH: pl.UInt64,
            CONTENT_HASH: pl.UInt64,
            FINGERPRINT: pl.Binary,
            HAS_PROBLEM: pl.Boolean,
            "$title": pl.String,
            "$assignedTo": pl.String,
            "$account": pl.String,
        },
    )
    problems = pl.DataFrame(
        [
            {ROW: number, "code": code, "field": "$status", "message": f"{code} it is", "value": "v"}
            for number, row in zip(numbers, rows, strict=True)
            for code in row.get("problems", ())
        ],
        schema={ROW: pl.UInt32, "code": pl.String, "field": pl.String, "message": pl.String, "value": pl.String},
    )
    raw = pl.DataFrame(
        {
            ROW: list(numbers),
            EXCLUDED: [row.get("excluded", False) for row in rows],
            GIVEN_KEY: [row.get("given") for row in rows],
            EXTRACT_CODE: [None] * len(rows),
            EXTRACT_MESSAGE: [None] * len(rows),
            "Id": [row["key"] for row in rows],
        },
        schema_overrides={ROW: pl.UInt32, GIVEN_KEY: pl.String},
    )
    return PreparedBatch(RawBatch(FILE, raw), frame, problems)


def entry(key: str, state: str, *, content: str | None = None, has_intent: bool = False, generation: int = 0) -> pl.DataFrame:
    """What the ledger knows of one key."""
    return pl.DataFrame(
        [
            {
                "key_digest": key.encode(),
                "state": state,
                "task_id": "task_1" if state == "done" else None,
                "fingerprint": content.encode() if content else None,
                "generation": generation,
                "revision": 0,
                "has_intent": has_intent,
            }
        ],
        schema=NO_ENTRIES.schema,
    )


def decide(prepared: PreparedBatch, entries: pl.DataFrame = NO_ENTRIES) -> pl.DataFrame:
    """The decided frame of a batch in which duplicates are known."""
    first = choose(prepared, entries, NothingKnown().mark(prepared))
    census = KeyCensus()
    census.add(prepared, first.frame)
    return choose(prepared, entries, DuplicateMarker(census.close().duplicates).mark(prepared)).frame


def actions(prepared: PreparedBatch, entries: pl.DataFrame = NO_ENTRIES) -> list[str | None]:
    """The actions of a batch's rows; None where a call is needed."""
    return decide(prepared, entries)["action"].to_list()


def test_a_row_that_the_ledger_does_not_know_needs_a_create() -> None:
    assert actions(batch({"key": "1"})) == [None]


@pytest.mark.parametrize(
    ("state", "content", "expected"),
    [("done", "x", "unchanged"), ("done", "other", "changed"), ("failed", None, None), ("rejected", None, None), ("trashed", None, None)],
)
def test_what_the_ledger_knows_decides(state: str, content: str | None, expected: str | None) -> None:
    assert actions(batch({"key": "1"}), entry("1", state, content=content)) == [expected]


@pytest.mark.parametrize(("state", "has_intent"), [("uncertain", False), ("failed", True), ("uncertain", True)])
def test_a_row_in_doubt_is_not_sent_and_says_why(state: str, *, has_intent: bool) -> None:
    decided = decide(batch({"key": "1"}), entry("1", state, has_intent=has_intent))
    assert decided["action"].to_list() == ["uncertain"]
    assert "not sent again" in decided["error_message"][0]


def test_an_excluded_row_is_excluded_whatever_else_is_wrong_with_it() -> None:
    assert actions(batch({"key": None, "excluded": True})) == ["excluded"]


def test_all_problems_of_a_row_are_told_and_the_first_gives_the_code() -> None:
    decided = decide(batch({"key": "1", "problems": ["unknown_status", "invalid_date"]}))
    assert decided.select("action", "error_code", "error_field", "error_message").row(0) == (
        "rejected",
        "unknown_status",
        "$status",
        "unknown_status it is | invalid_date it is",
    )


def test_the_same_key_with_the_same_content_is_written_once() -> None:
    assert actions(batch({"key": "1"}, {"key": "2"}, {"key": "1"}, {"key": "1"})) == [None, None, "duplicate", "duplicate"]


def test_the_same_key_with_different_content_is_a_problem_of_all_its_rows() -> None:
    decided = decide(batch({"key": "1", "content": "a"}, {"key": "1", "content": "b"}, {"key": "1", "content": "a"}))
    assert decided["action"].to_list() == ["rejected"] * 3
    assert set(decided["error_code"]) == {"duplicate_key"}


def test_rows_that_share_a_key_by_mistake_do_not_keep_it_whatever_else_is_wrong_with_them() -> None:
    prepared = batch(
        {"key": "1", "content": "a"}, {"key": "1", "content": "b", "problems": ["unknown_status"]}, {"key": "2", "problems": ["p"]}
    )
    census = KeyCensus()
    census.add(prepared, choose(prepared, NO_ENTRIES, NothingKnown().mark(prepared)).frame)
    choice = choose(prepared, NO_ENTRIES, DuplicateMarker(census.close().duplicates).mark(prepared))
    assert choice.frame["error_code"].to_list() == ["duplicate_key", "unknown_status", "p"]
    assert choice.identified_rejects()[SOURCE_KEY].to_list() == ["2"]
    assert choice.with_rejects_known().frame["known_to_ledger"].to_list() == [False, False, True]


def test_excluded_rows_and_rows_without_a_key_are_nobodys_duplicates() -> None:
    prepared = batch({"key": "1", "excluded": True}, {"key": "1"}, {"key": None, "problems": ["missing_key"]})
    assert actions(prepared) == ["excluded", None, "rejected"]


def test_duplicates_are_seen_across_batches() -> None:
    first, second = batch({"key": "1"}), batch({"key": "1"}, first_row=3)
    census = KeyCensus()
    for prepared in (first, second):
        census.add(prepared, choose(prepared, NO_ENTRIES, NothingKnown().mark(prepared)).frame)
    closed = census.close()
    marker = DuplicateMarker(closed.duplicates)
    assert [choose(each, NO_ENTRIES, marker.mark(each)).frame["action"].to_list() for each in (first, second)] == [[None], ["duplicate"]]
    assert closed.counts == {CREATE: 1, "duplicate": 1}


@pytest.mark.parametrize("worth_dividing", [0, 1_000])
def test_however_the_census_divides_its_rows_the_same_ones_are_repeats(worth_dividing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.plan.duplicates._WORTH_DIVIDING", worth_dividing)
    once, twice = [{"key": f"once {number}"} for number in range(40)], [{"key": f"twice {number}"} for number in range(40)]
    census, prepared = KeyCensus(), batch(*once, *twice, *twice)
    census.add(prepared, choose(prepared, NO_ENTRIES, NothingKnown().mark(prepared)).frame)
    closed = census.close()
    assert closed.counts == {CREATE: 80, "duplicate": 40}
    assert closed.duplicates.keys.height == 40


def test_the_census_counts_what_the_second_pass_will_find() -> None:
    prepared = batch(
        {"key": "1", "content": "a"},
        {"key": "1", "content": "b"},
        {"key": "2"},
        {"key": "2"},
        {"key": "3", "problems": ["p"]},
        {"key": "4", "excluded": True},
    )
    census = KeyCensus()
    census.add(prepared, choose(prepared, NO_ENTRIES, NothingKnown().mark(prepared)).frame)
    decided = decide(prepared)["action"].fill_null(CREATE)
    assert census.close().counts == dict(decided.value_counts().iter_rows())


def test_without_a_look_ahead_a_repeat_is_seen_and_a_conflict_falls_on_the_later_row() -> None:
    marker = StreamMarker()
    first = batch({"key": "1", "content": "a"}, {"key": "1", "content": "a"}, {"key": "2"})
    second = batch({"key": "1", "content": "b"}, {"key": "2"}, {"key": "3"}, first_row=5)
    assert [choose(each, NO_ENTRIES, marker.mark(each)).frame["action"].to_list() for each in (first, second)] == [
        [None, "duplicate", None],
        ["rejected", "duplicate", None],
    ]


def test_a_given_key_that_the_ledger_does_not_know_is_a_problem() -> None:
    decided = decide(batch({"key": "9", "given": "9"}))
    assert decided["error_code"].to_list() == ["unknown_source_key"]


def test_a_given_key_that_the_ledger_knows_keeps_the_rows_identity() -> None:
    assert actions(batch({"key": "9", "given": "9"}), entry("9", "rejected")) == [None]


def test_an_operation_carries_only_what_the_row_has_and_the_entrys_generation() -> None:
    prepared = batch({"key": "1"}, {"key": "2", "problems": ["p"]})
    chosen = choose(prepared, entry("1", "trashed", generation=3), NothingKnown().mark(prepared))
    [operation] = needed_operations(chosen, lambda key, generation: f"{key}/{generation}")
    assert operation.payload == {"fields": {"$title": "x"}, "relationships": {"$assignedTo": "mem_1"}}
    assert (operation.idempotency_key, operation.generation, operation.row, operation.file) == ("1/3", 3, 2, 0)
