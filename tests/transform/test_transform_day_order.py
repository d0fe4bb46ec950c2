"""The order of day and month is decided by all dates of an input, never by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.frames import ROW
from etl.transform.day_order import DayOrder, DayOrderCensus, doubtful, in_order, in_other_order, order_of
from etl.transform.prepare import prepare

BOTH = ("iso", "%d/%m/%Y", "%m/%d/%Y")
DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))


def census(*words, formats=BOTH):
    found = DayOrderCensus(formats)
    found.add("a.csv", pl.DataFrame({ROW: range(2, 2 + len(words)), "word": pl.Series(words, dtype=pl.String)}))
    return found.day_first.rows, found.month_first.rows, found.either.rows


@pytest.mark.parametrize(
    ("pattern", "order", "other"),
    [
        ("%d/%m/%Y", DayOrder.DAY_FIRST, "%m/%d/%Y"),
        ("%-m/%-d/%y %I:%M %p", DayOrder.MONTH_FIRST, "%d/%m/%y %I:%M %p"),
        ("%e.%m.%Y", DayOrder.DAY_FIRST, "%m.%d.%Y"),
        ("%Y-%m-%d", DayOrder.MONTH_FIRST, "%Y-%d-%m"),
        ("%D", DayOrder.MONTH_FIRST, "%d/%m/%y"),
        ("%d %b %Y", None, None),
        ("%%d%%m iso", None, None),
        ("epoch-ms", None, None),
    ],
)
def test_a_pattern_has_an_order_where_day_and_month_are_digits(pattern, order, other):
    assert order_of(pattern) == order
    assert other is None or in_other_order(pattern) == other


@pytest.mark.parametrize(
    ("formats", "expected"),
    [
        (BOTH, {"%d/%m/%Y", "%m/%d/%Y"}),
        (("%d/%m/%Y", "%-m/%-d/%Y", "%d.%m.%Y"), {"%d/%m/%Y", "%-m/%-d/%Y"}),
        (("%d/%m/%Y %H:%M", "%m/%d/%Y"), set()),
        (("%d/%m/%Y", "%m-%d-%Y", "%Y-%m-%d", "iso"), set()),
        ((), set()),
    ],
)
def test_two_formats_leave_a_doubt_where_nothing_but_the_order_differs(formats, expected):
    assert doubtful(formats) == expected


def test_a_settled_order_leaves_the_other_formats_as_they_are():
    formats = ("iso", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y")
    assert in_order(formats, DayOrder.MONTH_FIRST) == ("iso", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%d.%m.%Y")


def test_what_each_date_speaks_for():
    """A day after the twelfth proves the order; one that is the same in both, or fits an earlier format, says nothing."""
    assert census("25/03/2026", "03/25/2026", "03/04/2026", "05/05/2026", "2026-03-04", "soon", None) == (1, 1, 1)


def test_all_pairs_of_a_field_speak_for_one_order():
    formats = ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y")
    assert census("25/03/2026 10:00", "03/04/2026", "03/04/2026 10:00", formats=formats) == (1, 0, 2)


def test_dates_that_begin_with_a_year_are_judged_where_their_order_is_open():
    assert census("2026-25-03", "2026-03-04", formats=("%Y-%d-%m", "%Y-%m-%d")) == (1, 0, 1)


def test_rows_are_counted_and_the_first_three_are_kept_over_all_batches():
    found = DayOrderCensus(BOTH)
    for batch in range(5):
        found.add("a.csv", pl.DataFrame({ROW: [2 * batch + 2, 2 * batch + 3], "word": ["03/04/2026", "04/05/2026"]}))
    assert found.either.rows == 10
    assert [row for _, row, _ in found.either.examples] == [2, 3, 4]
    assert str(found.either) == "a.csv row 2: '03/04/2026', a.csv row 3: '04/05/2026', a.csv row 4: '03/04/2026' and 7 more"


@given(st.lists(DAYS, min_size=1, max_size=20), st.booleans())
@settings(max_examples=40)
def test_an_input_that_is_written_in_one_order_never_proves_the_other(days, day_first):
    words = [f"{day:%d/%m/%Y}" if day_first else f"{day:%m/%d/%Y}" for day in days]
    proof = sum(day.day > 12 for day in days)
    either = sum(day.day <= 12 and day.day != day.month for day in days)
    assert census(*words) == ((proof, 0, either) if day_first else (0, proof, either))


def test_a_date_that_fits_only_the_other_order_says_so(bench):
    columns = {"Due": ["03/25/2026", "x"]}
    batch = bench.prepare(columns, {"$dueAt": {"column": "Due", "formats": ["%d/%m/%Y"]}}, timezone="UTC")
    exchanged, unread = batch.problems["message"]
    assert "but would fit %m/%d/%Y: all dates of an input have day and month in one order; correct the date" in exchanged
    assert "would fit" not in unread


def test_a_typed_files_dates_are_read_whatever_the_formats_say_of_texts(bench):
    """Extract writes a Parquet file's dates in ISO 8601."""
    of_text = bench.batch({"Due": ["2026-03-04", "03/04/2026"]})
    typed = replace(of_text, file=replace(of_text.file, encoding=None, delimiter=None))
    rule = {"$dueAt": {"column": "Due", "formats": ["%m/%d/%Y"]}}
    found = [prepare(bench.recipe(raw, rule, timezone="UTC"), raw).frame["$dueAt"].to_list() for raw in (typed, of_text)]
    assert found == [["2026-03-04T00:00:00Z"] * 2, [None, "2026-03-04T00:00:00Z"]]
