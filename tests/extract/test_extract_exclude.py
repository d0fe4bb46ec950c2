"""Which rows source.exclude keeps out."""

import pytest

from etl.errors import SourceError
from etl.records import EXCLUDED

DATA = "Id,Task Type,N\n1,EMAIL,5\n2,TODO,x\n3,,7\n"


def excluded(shop, rows, sql):
    return [row[0] for row in rows(shop.open_text(DATA, exclude=sql), EXCLUDED)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("`Task Type` = 'EMAIL'", [True, False, False]),
        ("`task type ` <> 'EMAIL'", [False, True, False]),
        ("`Task Type` IS NULL OR starts_with(Id, '1')", [True, False, True]),
        ("\"Task Type\" IN ('EMAIL', 'CALL')", [True, False, False]),
        ("TRY_CAST(N AS INT) > 5", [False, False, True]),
        (None, [False, False, False]),
    ],
)
def test_true_keeps_a_row_out_and_unknown_does_not(shop, rows, sql, expected):
    assert excluded(shop, rows, sql) == expected


def test_a_column_that_the_file_lacks_is_named_with_the_nearest_and_those_found(shop):
    with pytest.raises(SourceError, match=r"tasks\.csv has no column 'Task Typ'") as caught:
        shop.open_text(DATA, exclude="`Task Typ` = 'x'")
    assert "did you mean Task Type?" in caught.value.next_step
    assert "Id, Task Type, N" in caught.value.next_step


@pytest.mark.parametrize(
    "sql",
    [
        "SUM(N) > 1",
        "count(*) > 1 OR Id = '1'",
        "first(N) = Id",
        "row_number() OVER (ORDER BY Id) > 1",
        "Id IN (SELECT 1)",
        "MAX(Id) OVER () = Id",
    ],
)
def test_a_condition_on_more_than_one_row_is_refused(shop, sql):
    with pytest.raises(SourceError, match=r"source\.exclude: "):
        shop.open_text(DATA, exclude=sql)


@pytest.mark.parametrize(("sql", "words"), [("Id = ", "parse"), ("N > 3", "compare"), ("N", "neither true nor false")])
def test_what_is_no_condition_is_refused_before_any_row_is_read(shop, sql, words):
    with pytest.raises(SourceError, match=words):
        shop.open_text(DATA, exclude=sql)


def test_a_cast_that_fails_on_a_cell_is_a_clear_error(shop, rows):
    with pytest.raises(SourceError, match=r"tasks.csv: cannot be read to its end: conversion"):
        excluded(shop, rows, "CAST(N AS INT) > 5")
