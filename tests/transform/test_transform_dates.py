"""Dates in every form and zone become the instant that they mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.transform.dates import DateRule, check_format, check_timezone, parse_clock_time, read_dates

ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"]
LOCAL_TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2099, 12, 31))  # noqa: DTZ001  local times have no zone yet

USABLE = [
    "iso",
    "epoch-ms",
    "%Y-%m-%d",
    "%d-%b-%y",
    "%B %d, %Y",
    "%e %b %Y",
    "%-m/%-d/%Y %I:%M %p",
    "%c",
    "%Y-%m-%dT%H:%M:%S%.f%z",
    "%F %T",
    "%Y%m%d",
]
DOUBTFUL = ["", "%Q", "%H:%M", "%Y", "%Y-%m", "%d/%m", "YYYY-MM-DD", "%Y-%m-%d %H", "%Y-%m-%d %I:%M", "%s", "%+", "%Y-%m-%d %H:%M %Z", "%"]


def read(*words, **rule):
    frame = read_dates(pl.Series(words, dtype=pl.String), DateRule(**rule))
    return [found or code for found, code in frame.iter_rows()]


def written(moment: datetime) -> str:
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    milliseconds = moment.microsecond // 1000
    return f"{text}.{milliseconds:03d}Z" if milliseconds else f"{text}Z"


@pytest.mark.parametrize(
    ("word", "instant"),
    [
        ("2024-03-05T10:20:30Z", "2024-03-05T10:20:30Z"),
        ("2024-03-05 10:20Z", "2024-03-05T10:20:00Z"),
        ("2021-02-22T17:25:11.000+0000", "2021-02-22T17:25:11Z"),
        ("2024-03-05T10:20:30.5+02", "2024-03-05T08:20:30.500Z"),
        ("2024-03-05T10:20:30,25-03:30", "2024-03-05T13:50:30.250Z"),
        ("2022-11-21T13:22:49.061281000Z", "2022-11-21T13:22:49.061Z"),
        ("2022-11-21T13:22:49.000000001Z", "2022-11-21T13:22:49Z"),
        ("2024-03-05 10:20", "2024-03-05T09:20:00Z"),
        ("2024-03-05", "2024-03-05T16:00:00Z"),
        ("2024-02-29", "2024-02-29T16:00:00Z"),
    ],
)
def test_iso_is_read_in_each_of_its_forms(word, instant):
    assert read(word, timezone="Europe/Berlin", time_ms=parse_clock_time("17:00")) == [instant]


@pytest.mark.parametrize(
    "word",
    [
        "2023-02-29", "2024-13-01", "2024-1-5", "2024-03-05T24:00Z", "2024-03-05T10:60Z", "2024-03-05T10:20:61Z", "2024-03-05T10:20+24:00",
        "2024-03-05Z", "2024-03-05T10", "1899-12-31T00:00Z", "0001-01-01", "10000-01-01", "soon", "2024-03-05T10:20:30.Z",
        "\u0662\u0660\u0662\u0664-\u0660\u0663-\u0660\u0665",
        "2024-03-05T10:20:30.0123456789Z", "9999-12-31T23:59:59-01:00",
    ],
)  # fmt: skip
def test_what_is_no_date_from_1900_to_9999_is_an_invalid_date(word):
    assert read(word, timezone="UTC") == ["invalid_date"]


def test_a_time_without_zone_is_a_problem_where_no_zone_is_configured():
    """Guessing one would shift every task by hours."""
    assert read("2024-03-05 10:20", "2024-03-05", "2024-03-05T10:20Z", None) == ["no_timezone", "no_timezone", "2024-03-05T10:20:00Z", None]


def test_an_ambiguous_local_time_is_the_earlier_instant():
    assert read("2024-11-03 01:30", timezone="America/New_York") == ["2024-11-03T05:30:00Z"]


@pytest.mark.parametrize(
    ("word", "zone", "instant"),
    [
        ("2024-03-10 02:30", "America/New_York", "2024-03-10T07:30:00Z"),
        ("2024-10-06 02:15", "Australia/Lord_Howe", "2024-10-05T15:45:00Z"),
        ("2011-12-30 12:00", "Pacific/Apia", "2011-12-30T22:00:00Z"),
    ],
)
def test_a_skipped_local_time_is_read_with_the_offset_before_the_gap(word, zone, instant):
    """An hour in New York, half an hour on Lord Howe, a whole day on Samoa."""
    assert read(word, timezone=zone) == [instant]


def test_the_first_format_that_fits_decides():
    formats = ("%d/%m/%Y", "%m/%d/%Y", "epoch-ms", "iso")
    found = read("05/03/2024", "03/25/2024", "1700000000000", "2024-03-05", "x", formats=formats, timezone="UTC")
    assert found == ["2024-03-05T00:00:00Z", "2024-03-25T00:00:00Z", "2023-11-14T22:13:20Z", "2024-03-05T00:00:00Z", "invalid_date"]


def test_a_pattern_with_time_ignores_the_default_time_and_one_without_takes_it():
    found = read("5.3.2024 8.15", "5.3.2024", formats=("%d.%m.%Y %H.%M", "%d.%m.%Y"), timezone="UTC", time_ms=parse_clock_time("17:00"))
    assert found == ["2024-03-05T08:15:00Z", "2024-03-05T17:00:00Z"]


def test_a_pattern_with_an_offset_needs_no_zone():
    assert read("05/03/2024 10:20 +0200", formats=("%d/%m/%Y %H:%M %z",)) == ["2024-03-05T08:20:00Z"]


def test_epochs_are_read_in_their_unit():
    assert read("1700000000", "1700000000.0", "-1", formats=("epoch-s",)) == ["2023-11-14T22:13:20Z"] * 2 + ["1969-12-31T23:59:59Z"]
    assert read("1700000000123", "99999999999999999", formats=("epoch-ms",)) == ["2023-11-14T22:13:20.123Z", "invalid_date"]


@given(LOCAL_TIMES, st.sampled_from(ZONES), st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p"]))
@settings(max_examples=60, deadline=None)
def test_local_times_agree_with_the_time_zone_database(moment, zone, pattern):
    """``fold=0`` is the earlier instant of two, and the offset before a gap."""
    moment = moment.replace(microsecond=0, fold=0)
    expected = written(moment.replace(tzinfo=ZoneInfo(zone)))
    assert read(moment.strftime(pattern), timezone=zone, formats=(pattern,)) == [expected]
    assert read(moment.isoformat(sep=" "), timezone=zone) == [expected]


@given(LOCAL_TIMES, st.integers(-14 * 60, 14 * 60))
@settings(max_examples=60, deadline=None)
def test_iso_times_with_an_offset_round_trip(moment, offset_minutes):
    moment = moment.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    assert read(moment.isoformat()) == [written(moment)]


@given(st.integers(-2_000_000_000_000, 200_000_000_000_000))
@settings(max_examples=60, deadline=None)
def test_epoch_milliseconds_round_trip(milliseconds):
    assert read(str(milliseconds), formats=("epoch-ms",)) == [
        written(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds))
    ]


@given(st.lists(st.text(max_size=30), min_size=1))
@settings(max_examples=60, deadline=None)
def test_no_text_breaks_the_reader(words):
    formats = ("iso", "epoch-ms", "epoch-s", "%Y-%m-%d %H:%M", "%d/%m/%y", "%Y-%m-%dT%H:%M:%S%z")
    frame = read_dates(pl.Series(words, dtype=pl.String), DateRule(formats, "Europe/Berlin"))
    assert all((found is None) == (code == "invalid_date") for found, code in frame.iter_rows())


@pytest.mark.parametrize("pattern", USABLE)
def test_a_usable_format_is_accepted(pattern):
    assert check_format(pattern) == pattern


@pytest.mark.parametrize("pattern", DOUBTFUL)
def test_a_format_that_leaves_a_doubt_is_refused_with_what_to_write(pattern):
    with pytest.raises(ValueError, match="write"):
        check_format(pattern)


@pytest.mark.parametrize("zone", ["", "Nowhere/Town", "america/new_york"])
def test_a_bad_zone_is_refused(zone):
    with pytest.raises(ValueError, match="no time zone"):
        check_timezone(zone)


@pytest.mark.parametrize("text", ["25:00", "17", "17:60", "noon", ""])
def test_a_bad_time_of_day_is_refused(text):
    with pytest.raises(ValueError, match="time of day"):
        parse_clock_time(text)
