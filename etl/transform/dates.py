"""Which instant does a date in the source mean? Formats, epochs and zones to UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from etl.transform.problems import INVALID_DATE, NO_TIMEZONE

ISO = "iso"
EPOCH_MS = "epoch-ms"
EPOCH_S = "epoch-s"

_MS = pl.Datetime("ms")
_DAY_MS = 86_400_000
_FIRST = datetime(1900, 1, 1)  # noqa: DTZ001  local and UTC times are both compared with it
_LAST = datetime(9999, 12, 31, 23, 59, 59, 999_000)  # noqa: DTZ001  likewise

_DIRECTIVE = re.compile(r"%[-_0^#:.0-9]*([A-Za-z+%])")
_TIME_DIRECTIVES = frozenset("HkIlMSTRrXcfpP")
_PROBE = datetime(2001, 2, 3, 16, 5, 6, tzinfo=UTC)

_ISO_SHAPE = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
    r"(?: ?(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?))?)?$"
)
_CLOCK_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


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


def check_format(pattern: str) -> str:
    """The format, if a date can be read by it: a known moment is written and read back.

    Raises:
        ValueError: The format is unknown, lacks a part of the date, or leaves a doubt.
    """
    if pattern in (ISO, EPOCH_MS, EPOCH_S):
        return pattern
    letters = _directives(pattern)
    if "Z" in letters:
        raise ValueError(f"found {pattern!r}; names of zones (%Z) are ambiguous: write %z for offsets, or remove them and set timezone")
    if letters & {"s", "+"}:
        raise ValueError(f"found {pattern!r}; write {EPOCH_S} instead of %s, and {ISO} instead of %+")
    if _read_back(pattern) != _expected(letters):
        raise ValueError(
            f"found {pattern!r}, by which no date can be read; write {ISO}, {EPOCH_MS}, {EPOCH_S} or a pattern such as %Y-%m-%d %H:%M"
        )
    return pattern


def _directives(pattern: str) -> frozenset[str]:
    return frozenset(_DIRECTIVE.findall(pattern)) - {"%"}


def _has_time(pattern: str) -> bool:
    return bool(_directives(pattern) & _TIME_DIRECTIVES)


def _expected(letters: frozenset[str]) -> datetime:
    whole = _PROBE.replace(tzinfo=None)
    if not letters & _TIME_DIRECTIVES:
        return whole.replace(hour=0, minute=0, second=0)
    return whole if letters & set("STrXc") else whole.replace(second=0)


def _read_back(pattern: str) -> datetime | None:
    try:
        read = _read_pattern(pl.Series([_PROBE]).dt.to_string(pattern), pattern, 0)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    found = read.select(pl.coalesce("instant", "local")).item()
    return found if isinstance(found, datetime) else None


def read_dates(words: pl.Series, rule: DateRule) -> pl.DataFrame:
    """The instants that texts mean.

    Of a local time that occurs twice the earlier instant is taken; one that a zone skips is read with the offset before the gap.

    Args:
        words: String, null where there is none.
        rule: How they are read.

    Returns:
        ``found``, the instant as ``YYYY-MM-DDTHH:MM:SSZ`` (with ``.mmm`` where there are milliseconds) or null, and ``code``, the
        problem's or null.
    """
    moments = _first_fits(words, rule)
    if rule.timezone is None:
        zoneless = moments["local"].is_not_null()
        instants = moments["instant"]
    else:
        zoneless = pl.repeat(value=False, n=words.len(), eager=True)
        instants = moments.select(pl.coalesce("instant", _localize(moments["local"], rule.timezone))).to_series()
    frame = pl.DataFrame([words.alias("word"), zoneless.alias("zoneless"), _write(instants).alias("found")])
    lost = pl.when(pl.col("word").is_not_null() & pl.col("found").is_null()).then(pl.lit(INVALID_DATE))
    return frame.select("found", pl.when("zoneless").then(pl.lit(NO_TIMEZONE)).otherwise(lost).alias("code"))


def _first_fits(words: pl.Series, rule: DateRule) -> pl.DataFrame:
    """``instant`` (UTC) or ``local``, both naive Datetime("ms"), by the first format that fits; both null where none does."""
    moments = _read(words, rule.formats[0], rule.time_ms)
    for pattern in rule.formats[1:]:
        open_words = (
            words.to_frame("word").select(pl.when(moments["instant"].is_null() & moments["local"].is_null()).then("word")).to_series()
        )
        if open_words.null_count() == open_words.len():
            break
        found = _read(open_words, pattern, rule.time_ms)
        moments = moments.select(pl.coalesce("instant", found["instant"]), pl.coalesce("local", found["local"]))
    return moments


def _localize(local: pl.Series, timezone: str) -> pl.Series:
    """UTC of local times. A skipped one is as long after an earlier, existing time as the clock would show (no gap exceeds a day).

    From 2100 on polars knows no daylight saving time: its tables end there.
    """
    utc = _shifted(local, timezone, 0)
    for hours in (3, 24):
        if utc.null_count() == local.null_count():
            break
        utc = pl.select(pl.coalesce(utc, _shifted(local, timezone, hours))).to_series()
    return utc


def _shifted(local: pl.Series, timezone: str, hours: int) -> pl.Series:
    shift = timedelta(hours=hours)
    zoned = (local - shift).dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None) + shift


def _in_range(moment: str) -> pl.Expr:
    return pl.when(pl.col(moment).is_between(_FIRST, _LAST)).then(moment)


def _write(instants: pl.Series) -> pl.Series:
    instants = instants.to_frame("instant").select(_in_range("instant")).to_series()
    whole = instants.dt.to_string("%Y-%m-%dT%H:%M:%SZ")
    has_fraction = instants.dt.millisecond() != 0
    if not has_fraction.any():
        return whole
    return pl.select(pl.when(has_fraction).then(instants.dt.to_string("%Y-%m-%dT%H:%M:%S%.3fZ")).otherwise(whole)).to_series()


def _read(words: pl.Series, pattern: str, time_ms: int) -> pl.DataFrame:
    if pattern == ISO:
        read = _read_iso(words, time_ms)
    elif pattern in (EPOCH_MS, EPOCH_S):
        read = _read_epoch(words, 1 if pattern == EPOCH_MS else 1000)
    else:
        read = _read_pattern(words, pattern, time_ms)
    return read.select(_in_range("instant"), _in_range("local"))


def _read_pattern(words: pl.Series, pattern: str, time_ms: int) -> pl.DataFrame:
    parsed = words.str.to_datetime(pattern, strict=False, time_unit="ms")
    if "z" in _directives(pattern):
        return _moments(parsed.dt.convert_time_zone("UTC").dt.replace_time_zone(None), None)
    return _moments(None, parsed if _has_time(pattern) else parsed + timedelta(milliseconds=time_ms))


def _moments(instant: pl.Series | None, local: pl.Series | None) -> pl.DataFrame:
    both = [
        pl.lit(None, dtype=_MS).alias(name) if found is None else found.alias(name)
        for name, found in (("instant", instant), ("local", local))
    ]
    return pl.select(*both)


def _read_epoch(words: pl.Series, unit_ms: int) -> pl.DataFrame:
    numbers = words.str.extract(r"^(-?[0-9]{1,15})(?:\.0+)?$", 1).cast(pl.Int64, strict=False)
    return _moments((numbers * unit_ms).cast(_MS), None)


def _read_iso(words: pl.Series, time_ms: int) -> pl.DataFrame:
    """Fixed positions are cut out of texts of the right shape: faster than capture groups, and no rule of a parser gets in."""
    frame = words.to_frame("word").select(pl.when(pl.col("word").str.contains(_ISO_SHAPE)).then("word"))
    word = pl.col("word")
    frame = frame.with_columns(
        (word.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).cast(pl.Int64) * _DAY_MS).alias("day_ms"),
        word.str.slice(16).alias("tail"),
    )
    frame = frame.with_columns(
        pl.when(word.str.len_bytes() == len("2024-01-31")).then(pl.lit(time_ms, dtype=pl.Int64)).otherwise(_clock_ms()).alias("clock_ms"),
        pl.col("tail").str.extract(r"([Zz]|[+-][0-9]{2}:?(?:[0-9]{2})?)$", 1).alias("offset"),
    )
    local = pl.col("day_ms") + pl.col("clock_ms")
    return frame.select(
        (local - _offset_ms()).cast(_MS).alias("instant"), pl.when(pl.col("offset").is_null()).then(local).cast(_MS).alias("local")
    )


def _clock_ms() -> pl.Expr:
    word, tail = pl.col("word"), pl.col("tail")
    hours, minutes = _number(word.str.slice(11, 2), 23), _number(word.str.slice(14, 2), 59)
    seconds = pl.when(tail.str.starts_with(":")).then(_number(tail.str.slice(1, 2), 59)).otherwise(0)
    fraction = tail.str.extract(r"^:[0-9]{2}[.,]([0-9]+)", 1).fill_null("")
    milliseconds = pl.concat_str(fraction, pl.lit("000")).str.slice(0, 3).cast(pl.Int64, strict=False)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds


def _offset_ms() -> pl.Expr:
    """Null without an offset, and for one of a day or more."""
    offset = pl.col("offset")
    minutes = pl.when(offset.str.len_bytes() > len("+hh")).then(_number(offset.str.slice(-2), 59)).otherwise(0)
    size = (_number(offset.str.slice(1, 2), 23) * 60 + minutes) * 60_000
    return pl.when(offset.str.to_uppercase() == "Z").then(0).when(offset.str.starts_with("-")).then(-size).otherwise(size)


def _number(digits: pl.Expr, highest: int) -> pl.Expr:
    number = digits.cast(pl.Int64, strict=False)
    return pl.when(number <= highest).then(number)
