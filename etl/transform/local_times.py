"""Which instant is a local time of a zone? Zones, times of day, and what becomes of times that a zone skips or has twice.

The rule, for every date in every format: **of a local time that occurs twice (clocks go back) the earlier instant is taken; one that
is skipped (clocks go forward) is read with the offset before the gap**, so that it lies as long after the jump as the clock would have
shown: 02:30 in New York becomes 03:30. Both are counted and shown (``problems.REMARKS``).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import polars as pl

from etl.transform.problems import REPEATED_TIME, SKIPPED_TIME

_CLOCK_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_PROBE = datetime(2001, 2, 3, 16, 5, 6, tzinfo=UTC)

_SHIFTS = (timedelta(hours=3), timedelta(days=1))
"""How far before a skipped time one that exists is looked for: gaps are short, but for the day that Samoa left out."""


def parse_clock_time(text: str) -> int:
    """``HH:MM`` or ``HH:MM:SS`` in milliseconds since midnight.

    Raises:
        ValueError: It is not a time of day.
    """
    found = _CLOCK_TIME.fullmatch(text.strip())
    if not found:
        raise ValueError(f"found {text!r}; write a time of day such as 17:00")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def check_timezone(name: str) -> str:
    """The zone's name, if polars knows it.

    Raises:
        ValueError: It does not.
    """
    try:
        probe = pl.Series([_PROBE.replace(tzinfo=None)]).dt.replace_time_zone(name)
    except pl.exceptions.PolarsError:
        probe = None
    if not name or probe is None:
        raise ValueError(f"found {name!r}, which is no time zone; write an IANA name such as Europe/Berlin or UTC")
    return name


def localize(local: pl.Series, timezone: str) -> pl.DataFrame:
    """UTC of local times, by the rule of this module.

    From 2100 on polars knows no daylight saving time: its tables end there.

    Args:
        local: Naive Datetime("ms"), null where there is none.
        timezone: IANA name.

    Returns:
        ``instant`` (naive Datetime("ms"), UTC) and ``remark`` (String: SKIPPED_TIME, REPEATED_TIME or null).
    """
    instant = _as_utc(local, timezone, "null")
    nothing = pl.lit(None, dtype=pl.String).alias("remark")
    if instant.null_count() == local.null_count():
        return instant.alias("instant").to_frame().with_columns(nothing)
    doubtful = (instant.is_null() & local.is_not_null()).arg_true()
    settled = _settle(local.gather(doubtful), timezone)
    remark = pl.repeat(None, local.len(), dtype=pl.String, eager=True).scatter(doubtful, settled["remark"])
    return pl.DataFrame([instant.scatter(doubtful, settled["instant"]).alias("instant"), remark.alias("remark")])


def _settle(local: pl.Series, timezone: str) -> pl.DataFrame:
    """The few local times that do not stand for exactly one instant."""
    repeated = _as_utc(local, timezone, "earliest")
    skipped = [_as_utc(local - shift, timezone, "earliest") + shift for shift in _SHIFTS]
    frame = pl.DataFrame([series.alias(name) for name, series in zip(("repeated", "near", "far"), (repeated, *skipped), strict=True)])
    return frame.select(
        pl.coalesce("repeated", "near", "far").alias("instant"),
        pl.when(pl.col("repeated").is_null()).then(pl.lit(SKIPPED_TIME)).otherwise(pl.lit(REPEATED_TIME)).alias("remark"),
    )


def _as_utc(local: pl.Series, timezone: str, ambiguous: str) -> pl.Series:
    zoned = local.dt.replace_time_zone(timezone, ambiguous=ambiguous, non_existent="null")  # type: ignore[arg-type]  # a word of its list
    return zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
