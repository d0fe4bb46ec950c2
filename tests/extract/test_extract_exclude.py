"""Which rows source.exclude keeps out."""

import pytest

from etl.config.model import SourceConfig
from etl.errors import SourceError
from etl.extract.scan import open_source
from etl.frames import EXCLUDED

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
        ("LEFT(`Task Type`, 2) = 'EM'", [True, False, False]),
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


def test_a_column_that_a_preset_names_and_the_file_lacks_is_empty_and_named(shop, rows):
    shop.write(DATA)
    sql = "COALESCE(Absent, `Task Type`) = 'EMAIL' OR Gone <> ''"
    source = SourceConfig(key=(("Id",),), exclude=sql)
    with open_source(source, ["tasks.csv"], shop.folder, names=frozenset(), scratch=shop.scratch, spare=True) as opened:
        assert [row[0] for row in rows(opened, EXCLUDED)] == [True, False, False]
        assert any("Absent, Gone" in note for note in opened.files[0].notes)


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


def test_a_condition_that_is_another_tomorrow_is_refused(shop, rows):
    with pytest.raises(SourceError, match="asks for CURRENT_DATE: the same rows would not be the same tasks tomorrow") as caught:
        shop.open_text(DATA, exclude="N < CURRENT_DATE")
    assert "fixed date" in caught.value.next_step
    assert excluded(shop, rows, "`Task Type` = 'now() CURRENT_DATE'") == [False, False, False]


@pytest.mark.parametrize(("sql", "words"), [("Id = ", "parse"), ("N > 3", "compare"), ("N", "neither true nor false")])
def test_what_is_no_condition_is_refused_before_any_row_is_read(shop, sql, words):
    with pytest.raises(SourceError, match=words):
        shop.open_text(DATA, exclude=sql)


def test_a_cast_that_fails_on_a_cell_is_a_clear_error(shop, rows):
    with pytest.raises(SourceError, match=r"tasks.csv: cannot be read to its end: conversion"):
        excluded(shop, rows, "CAST(N AS INT) > 5")
