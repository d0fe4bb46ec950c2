"""Rows that may be in Lightfield without an intent, and rows that turned out not to be there."""

from __future__ import annotations

import polars as pl

from etl.frames import KEY_DIGEST, SOURCE_KEY
from etl.records import Action


def keyed(make, *keys):
    return pl.DataFrame(
        {KEY_DIGEST: [make.digest_of(key) for key in keys], SOURCE_KEY: list(keys)}, schema={KEY_DIGEST: pl.Binary, SOURCE_KEY: pl.String}
    )


def states(rows, make, *keys):
    found = rows.entries(pl.Series([make.digest_of(key) for key in keys], dtype=pl.Binary))
    by_digest = {digest: (state, has_intent) for digest, state, has_intent in found.select("key_digest", "state", "has_intent").iter_rows()}
    return [by_digest.get(make.digest_of(key)) for key in keys]


def test_a_row_can_be_uncertain_without_an_intent_and_be_found_absent_later(rows, make):
    rows.mark_uncertain("run-1", keyed(make, "a", "b"))
    assert states(rows, make, "a", "b") == [("uncertain", False), ("uncertain", False)]
    assert rows.open_intents() == []
    rows.mark_absent("run-1", [make.digest_of("a")])
    assert states(rows, make, "a", "b") == [("failed", False), ("uncertain", False)]
    assert rows.failed_intents() == []


def test_a_row_that_has_a_task_is_never_made_uncertain_or_absent(rows, make):
    rows.finish("run-1", [make.outcome(make.create("a"), Action.ADOPTED)])
    rows.mark_uncertain("run-1", keyed(make, "a"))
    rows.mark_absent("run-1", [make.digest_of("a")])
    assert states(rows, make, "a") == [("done", False)]


def test_an_uncertain_row_that_is_found_is_done(rows, make):
    rows.mark_uncertain("run-1", keyed(make, "a"))
    rows.finish("run-1", [make.outcome(make.create("a"), Action.ADOPTED)])
    assert states(rows, make, "a") == [("done", False)]


def test_an_intent_of_which_nothing_was_executed_leaves_its_row_free_to_be_sent(rows, make):
    operation = make.create("a")
    [begun] = rows.begin("run-1", [operation], make.noon)
    rows.finish("run-1", [make.outcome(begun, Action.UNCERTAIN)])
    assert states(rows, make, "a") == [("uncertain", True)]
    rows.settle_absent([begun])
    assert states(rows, make, "a") == [("failed", False)]
    [again] = rows.begin("run-1", [operation], make.noon)
    assert not again.seen_before


def test_absence_of_one_row_says_nothing_of_an_open_intent(rows, make):
    rows.begin("run-1", [make.create("a")], make.noon)
    rows.mark_absent("run-1", [make.digest_of("a")])
    assert states(rows, make, "a") == [("uncertain", True)]
