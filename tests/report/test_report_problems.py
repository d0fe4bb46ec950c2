"""Are problems told by kind, with figures that add up and examples that help?"""

from __future__ import annotations

from collections import Counter, defaultdict

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.frames import ROW
from etl.records import Action, Problem
from etl.report.problems import EXAMPLES, LISTED_VALUES, VALUE_CHARACTERS, ProblemExample, ProblemTally


def frame(*problems):
    """``problems``: row, code, field, message, value."""
    schema = {ROW: pl.UInt32, "code": pl.String, "field": pl.String, "message": pl.String, "value": pl.String}
    return pl.DataFrame(problems, schema=schema, orient="row")


PROBLEMS = st.lists(
    st.tuples(
        st.integers(2, 9),
        st.sampled_from(["unknown_value", "missing"]),
        st.sampled_from(["$title", None]),
        st.just("why"),
        st.sampled_from(["a", "b", "", None]),
    ),
    max_size=20,
)


@settings(max_examples=40)
@given(batches=st.lists(PROBLEMS, max_size=4))
def test_figures_are_those_of_counting_row_by_row(batches):
    tally, rows, values = ProblemTally(), defaultdict(set), defaultdict(set)
    for number, batch in enumerate(batches):
        tally.add_problems(frame(*sorted(batch, key=lambda problem: problem[0])), file="a.csv")
        for row, code, field, _, value in batch:
            rows[code, field].add((number, row))
            if value is not None:
                values[code, field, value].add((number, row))
    kinds = tally.kinds()
    assert {(kind.code, kind.field): kind.rows for kind in kinds} == {kind: len(found) for kind, found in rows.items()}
    assert {(kind.code, kind.field, value): count for kind in kinds for value, count in kind.values} == {
        kind: len(found) for kind, found in values.items()
    }
    assert [kind.rows for kind in kinds] == sorted((kind.rows for kind in kinds), reverse=True)
    assert all(len(kind.examples) == min(kind.rows, EXAMPLES) for kind in kinds)


def test_examples_are_the_first_rows_over_all_batches(make):
    tally = ProblemTally()
    for file, rows in (("a.csv", range(2, 5)), ("b.csv", range(2, 9))):
        tally.add_problems(frame(*((row, "bad_date", "$dueAt", "no date", f"v{row}") for row in rows)), file=file)
    (kind,) = tally.kinds()
    assert [(example.file, example.row) for example in kind.examples] == [
        ("a.csv", 2),
        ("a.csv", 3),
        ("a.csv", 4),
        ("b.csv", 2),
        ("b.csv", 3),
    ]
    assert kind.examples[0] == ProblemExample(2, "a.csv", "v2", "no date")


def test_values_are_the_most_frequent_and_not_more_than_can_be_read():
    tally = ProblemTally()
    many = [f"person {number}" for number in range(1500)] + ["sam@old.com"] * 3
    tally.add_problems(frame(*((row, "unknown", "$assignedTo", "who?", value) for row, value in enumerate(many))), file="a.csv")
    (kind,) = tally.kinds()
    assert kind.values[0] == ("sam@old.com", 3)
    assert (len(kind.values), kind.distinct_values) == (LISTED_VALUES, 1501)


def test_memory_does_not_grow_with_values_that_are_all_different():
    """Ten thousand stay; a value that is frequent from the start is never lost."""
    tally = ProblemTally()
    for start in range(0, 60_000, 20_000):
        values = ["often"] * 50 + [f"once {number}" for number in range(start, start + 20_000)]
        tally.add_problems(frame(*((row, "bad", "$dueAt", "m", value) for row, value in enumerate(values))), file="a.csv")
    (kind,) = tally.kinds()
    assert tally._values.height == 10_000
    assert kind.values[0] == ("often", 150)
    assert kind.rows == 60_150


def test_a_value_like_a_book_is_cut():
    tally = ProblemTally()
    tally.add_problems(frame((2, "too_long", "$title", "m", "x" * 100_000)), file="a.csv")
    (kind,) = tally.kinds()
    assert kind.examples[0].value == "x" * VALUE_CHARACTERS


def test_outcomes_with_a_problem_are_counted_and_others_are_not(make):
    tally = ProblemTally()
    tally.add_outcome(make.outcome(2))
    for row in range(3, 10):
        tally.add_outcome(make.outcome(row, Action.FAILED, problem=Problem("invalid", "$status", "no such status")), file="a.csv")
    (kind,) = tally.kinds()
    assert (kind.code, kind.field, kind.rows, kind.values) == ("invalid", "$status", 7, ())
    assert [example.row for example in kind.examples] == [3, 4, 5, 6, 7]


def test_a_batch_is_counted_under_its_files_name(make):
    tally, batch = ProblemTally(), make.batch(make.file(path="x.csv"), [2])
    tally.add(type(batch)(batch.raw, batch.frame, frame((2, "missing", "$title", "no title", None))))
    assert Counter((kind.code, kind.examples[0].file) for kind in tally.kinds()) == {("missing", "x.csv"): 1}
