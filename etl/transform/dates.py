"""Which instant does a date in the source mean? Formats in order, then the zone, to UTC."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from etl.transform.date_formats import ISO, in_range, read_format
from etl.transform.local_times import localize
from etl.transform.problems import INVALID_DATE, NO_TIMEZONE


@dataclass(frozen=True, slots=True)
class DateRule:
    """How a date field is read.

    Attributes:
        formats: Tried in order; the first that fits decides.
        timezone: IANA name of times that carry no zone, or None.
        time_ms: Local time of dates without one, in milliseconds since midnight.
    """

    formats: tuple[str, ...] = (ISO,)
    timezone: str | None = None
    time_ms: int = 0


def read_dates(words: pl.Series, rule: DateRule) -> pl.DataFrame:
    """The instants that texts mean.

    Args:
        words: String, null where there is none.
        rule: How they are read.

    Returns:
        ``found``, the instant as ``YYYY-MM-DDTHH:MM:SSZ`` (with ``.mmm`` where there are milliseconds) or null; ``code``, the
        problem's or null; ``remark``, what ``local_times`` had to decide, or null.
    """
    moments = first_fits(words, rule.formats, rule.time_ms)
    if rule.timezone is None:
        return _judged(words, moments["instant"], moments["local"].is_not_null(), None)
    local = localize(moments["local"], rule.timezone)
    nowhere = pl.repeat(value=False, n=words.len(), eager=True)
    return _judged(words, moments.select(pl.coalesce("instant", local["instant"])).to_series(), nowhere, local["remark"])


def first_fits(words: pl.Series, formats: tuple[str, ...], time_ms: int) -> pl.DataFrame:
    """``instant`` (UTC) or ``local``, both naive Datetime("ms"), by the first format that fits; both null where none does."""
    moments = read_format(words, formats[0], time_ms)
    for pattern in formats[1:]:
        unread = (moments["instant"].is_null() & moments["local"].is_null() & words.is_not_null()).arg_true()
        if unread.is_empty():
            break
        found = read_format(words.gather(unread), pattern, time_ms)
        moments = moments.select(moments[name].scatter(unread, found[name]) for name in ("instant", "local"))
    return moments


def _judged(words: pl.Series, instants: pl.Series, zoneless: pl.Series, remark: pl.Series | None) -> pl.DataFrame:
    remarks = pl.lit(None, dtype=pl.String) if remark is None else remark
    frame = pl.DataFrame([words.alias("word"), zoneless.alias("zoneless"), _write(instants).alias("found")])
    lost = pl.when(pl.col("word").is_not_null() & pl.col("found").is_null()).then(pl.lit(INVALID_DATE))
    code = pl.when("zoneless").then(pl.lit(NO_TIMEZONE)).otherwise(lost)
    return frame.select("found", code.alias("code"), remarks.alias("remark"))


def _write(instants: pl.Series) -> pl.Series:
    instants = instants.to_frame("instant").select(in_range("instant")).to_series()
    whole = instants.dt.to_string("%Y-%m-%dT%H:%M:%SZ")
    has_fraction = instants.dt.millisecond() != 0
    if not has_fraction.any():
        return whole
    return pl.select(pl.when(has_fraction).then(instants.dt.to_string("%Y-%m-%dT%H:%M:%S%.3fZ")).otherwise(whole)).to_series()
