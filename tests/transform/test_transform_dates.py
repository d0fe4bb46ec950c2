"""Dates in every form and zone become the instant that they mean."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.extract.wording import as_text
from etl.transform.date_formats import check_format
from etl.transform.dates import DateRule, read_dates
from etl.transform.local_times import check_timezone, parse_clock_time

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
    return [found or code for found, code, _ in frame.iter_rows()]


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


def remarks(*words, **rule):
    return read_dates(pl.Series(words, dtype=pl.String), DateRule(**rule))["remark"].to_list()


def test_an_ambiguous_local_time_is_the_earlier_instant():
    assert read("2024-11-03 01:30", timezone="America/New_York") == ["2024-11-03T05:30:00Z"]


def test_times_that_a_zone_skips_or_has_twice_are_remarked():
    words = ["2024-03-10 02:30", "2024-11-03 01:30", "2024-11-03 02:00", "2024-03-10 03:00", "2024-11-03T01:30Z", None, "x"]
    assert remarks(*words, timezone="America/New_York") == ["skipped_time", "repeated_time", None, None, None, None, None]


@given(st.datetimes(datetime(2023, 1, 1), datetime(2025, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001  local times have no zone yet
@settings(max_examples=100)
def test_a_remark_stands_exactly_where_the_two_folds_of_a_local_time_differ(moment, zone):
    """Python's two readings of a local time are one wherever it exists once."""
    moment = moment.replace(second=0, microsecond=0)
    first, second = (moment.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
    expected = None if first == second else "repeated_time" if first > second else "skipped_time"
    assert remarks(moment.isoformat(sep=" "), timezone=zone) == [expected]


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


def test_seconds_are_never_read_as_milliseconds_of_1970():
    texts = ("1772632800", "1772632800.0", "631152000", "4102444800")
    assert read(*texts, formats=("epoch-ms",)) == ["invalid_date"] * 4
    assert read(*texts[:2], "1772632800000", formats=("epoch-ms", "epoch-s")) == ["2026-03-04T14:00:00Z"] * 3


def test_who_gives_seconds_for_milliseconds_is_told_which_format_reads_them(bench):
    columns = {"Due": ["1772632800", "17726328001234567", "1772632800000"]}
    batch = bench.prepare(columns, {"$dueAt": {"column": "Due", "formats": ["iso", "epoch-ms"]}}, timezone="UTC")
    seconds, unread = batch.problems["message"]
    assert "counts seconds, not milliseconds, else it would be a day of 1970: write epoch-s under map.$dueAt.formats" in seconds
    assert "fits none of the formats" in unread


def test_of_many_formats_the_first_are_named_and_where_the_others_stand(bench):
    formats = ["iso", "%d/%m/%Y", "%d.%m.%Y", "%d %b %Y", "%d %B %Y"]
    few, many = (
        bench.prepare({"Due": ["soon"]}, {"$dueAt": {"column": "Due", "formats": each}}, timezone="UTC").problems["message"][0]
        for each in (formats, [*formats, "%Y%m%d", "%d-%m-%Y"])
    )
    assert f"none of the formats {', '.join(formats)}, or is" in few
    assert f"none of the formats {', '.join(formats)} and 2 more (check --show-config lists them), or is" in many


@pytest.mark.parametrize("text", ["46120", "20260304", "0", "-1", "1", "99999999999"])
def test_a_spreadsheets_day_and_a_date_without_dashes_are_no_milliseconds(text):
    assert read(text, formats=("iso", "epoch-ms")) == ["invalid_date"]


def test_epochs_are_read_in_their_unit():
    assert read("1700000000", "1700000000.0", "-1", formats=("epoch-s",)) == ["2023-11-14T22:13:20Z"] * 2 + ["1969-12-31T23:59:59Z"]
    assert read("1700000000123", "99999999999999999", formats=("epoch-ms",)) == ["2023-11-14T22:13:20.123Z", "invalid_date"]


@given(LOCAL_TIMES, st.sampled_from(ZONES), st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p"]))
@settings(max_examples=40)
def test_local_times_agree_with_the_time_zone_database(moment, zone, pattern):
    """``fold=0`` is the earlier instant of two, and the offset before a gap."""
    moment = moment.replace(microsecond=0, fold=0)
    expected = written(moment.replace(tzinfo=ZoneInfo(zone)))
    assert read(moment.strftime(pattern), timezone=zone, formats=(pattern,)) == [expected]
    assert read(moment.isoformat(sep=" "), timezone=zone) == [expected]


OFFSETS = st.one_of(
    st.sampled_from(["Z", "z", "UTC", "+00:00", "-0000", "+00"]),
    st.builds("{}{:02d}{}{:02d}".format, st.sampled_from("+-"), st.integers(0, 14), st.sampled_from(["", ":"]), st.integers(0, 59)),
    st.builds("{}{:02d}".format, st.sampled_from("+-"), st.integers(0, 14)),
)


@given(
    LOCAL_TIMES,
    st.text("0123456789", max_size=9),
    st.sampled_from([".", ","]),
    st.sampled_from(["T", "t", " "]),
    st.sampled_from(["", " "]),
    OFFSETS,
)
@settings(max_examples=80)
def test_every_iso_form_with_an_offset_is_the_instant_that_it_says(moment, fraction, mark, middle, blank, offset):
    """0 to 9 digits of a fraction, and each way to write an offset."""
    word = f"{moment:%Y-%m-%d}{middle}{moment:%H:%M:%S}{mark + fraction if fraction else ''}{blank}{offset}"
    digits = offset.lstrip("+-Zz").replace(":", "").replace("UTC", "").ljust(4, "0")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if offset.startswith("-") else 1)
    milliseconds = int(fraction.ljust(3, "0")[:3])
    assert read(word) == [written(moment.replace(microsecond=milliseconds * 1000, tzinfo=UTC) - shift)]


@given(
    LOCAL_TIMES, st.sampled_from(["%I:%M %p", "%I:%M%p", "%-I:%M %P", "%l:%M%P"]), st.sampled_from(["", " ", "  ", "\u202f"]), st.booleans()
)
@settings(max_examples=40)
def test_am_and_pm_are_read_in_any_case_with_or_without_a_blank(moment, clock, blank, upper):
    half = moment.strftime("%p")
    word = f"{moment:%d/%m/%Y %I:%M}{blank}{half if upper else half.lower()}"
    assert read(word, formats=(f"%d/%m/%Y {clock}",), timezone="UTC") == [written(moment.replace(second=0, microsecond=0, tzinfo=UTC))]


def test_midnight_and_noon_of_the_twelve_hour_clock():
    found = read("1/2/2026 12:05am", "1/2/2026 12:05 PM", formats=("%d/%m/%Y %I:%M %p",), timezone="UTC")
    assert found == ["2026-02-01T00:05:00Z", "2026-02-01T12:05:00Z"]


def test_two_digit_years_are_of_1970_to_2069():
    found = read("1.2.26", "1.2.69", "1.2.70", "1.2.2026", formats=("%d.%m.%y", "%d.%m.%Y"), timezone="UTC")
    assert found == ["2026-02-01T00:00:00Z", "2069-02-01T00:00:00Z", "1970-02-01T00:00:00Z", "2026-02-01T00:00:00Z"]


def test_a_meaningless_midnight_is_written_out_in_the_pattern_so_that_the_default_time_counts():
    """Salesforce's backup writes ``2026-03-04 00:00:00`` where only the day means something."""
    formats = ("%Y-%m-%d 00:00:00", "iso")
    found = read("2026-03-04 00:00:00", "2026-03-04 09:30:00", formats=formats, timezone="UTC", time_ms=parse_clock_time("17:00"))
    assert found == ["2026-03-04T17:00:00Z", "2026-03-04T09:30:00Z"]


@pytest.mark.parametrize("offset", ["+0200", "+02:00", "+02"])
def test_an_offset_in_a_pattern_is_read_in_each_of_its_forms(offset):
    assert read(f"05/03/2024 10:20 {offset}", "05/03/2024 10:20 Z", formats=("%d/%m/%Y %H:%M %z",)) == [
        "2024-03-05T08:20:00Z",
        "2024-03-05T10:20:00Z",
    ]


@given(LOCAL_TIMES, st.sampled_from(["ms", "us", "ns"]), st.sampled_from([None, *ZONES]))
@settings(max_examples=80)
def test_a_typed_date_time_keeps_its_meaning(moment, unit, zone):
    """With a zone it is that instant; without one it is a local time of the configured zone."""
    typed = pl.Series([moment], dtype=pl.Datetime(unit)).dt.replace_time_zone("UTC" if zone else None)
    typed = typed if zone is None else typed.dt.convert_time_zone(zone)
    word = typed.to_frame("c").select(as_text(pl.col("c"), typed.dtype)).item()
    assert read(word, timezone="Asia/Kolkata") == [written(moment.replace(tzinfo=UTC if zone else ZoneInfo("Asia/Kolkata")))]


def test_a_typed_date_takes_the_default_time():
    word = pl.select(as_text(pl.lit(date(2024, 3, 5)), pl.Date())).item()
    assert read(word, timezone="UTC", time_ms=parse_clock_time("17:00")) == ["2024-03-05T17:00:00Z"]


@given(LOCAL_TIMES, st.integers(-14 * 60, 14 * 60))
@settings(max_examples=40)
def test_iso_times_with_an_offset_round_trip(moment, offset_minutes):
    moment = moment.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    assert read(moment.isoformat()) == [written(moment)]


# What is nearer to 1970 is read by epoch-ms no more, on purpose: the test below.
@given(st.integers(-2_000_000_000_000, -100_000_000_000) | st.integers(100_000_000_000, 200_000_000_000_000))
@settings(max_examples=40)
def test_epoch_milliseconds_round_trip(milliseconds):
    assert read(str(milliseconds), formats=("epoch-ms",)) == [
        written(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds))
    ]


@given(st.integers(-2_000_000_000, 200_000_000_000))
@settings(max_examples=40)
def test_epoch_seconds_round_trip(seconds):
    assert (
        read(str(seconds), f"{seconds}.0", formats=("epoch-s",))
        == [written(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))] * 2
    )


@given(st.lists(st.text(max_size=30), min_size=1))
@settings(max_examples=40)
def test_no_text_breaks_the_reader(words):
    formats = ("iso", "epoch-ms", "epoch-s", "%Y-%m-%d %H:%M", "%d/%m/%y", "%Y-%m-%dT%H:%M:%S%z")
    frame = read_dates(pl.Series(words, dtype=pl.String), DateRule(formats, "Europe/Berlin"))
    assert all((found is None) == (code == "invalid_date") for found, code, _ in frame.iter_rows())


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
